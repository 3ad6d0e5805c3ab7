"""Which files of the input are tables, and what the others are."""

import dataclasses
import glob
import os
import re
from collections.abc import Sequence
from typing import NoReturn

from preprocessing.readers.layouts.array_file import (
    REFUSED_SUFFIXES,
    refuse_file,
)
from preprocessing.readers.layouts.folders import listed_below
from preprocessing.readers.text.compression import without_suffix
from preprocessing.readers.text.names import first_names
from preprocessing.readers.text.pieces import series_name, split_paths
from trainer import storage

__all__ = [
    "TableFiles",
    "find_tables",
    "refuse_other_content",
    "refuse_other_kinds",
]

_EXPORT = "Export it as CSV or parquet, one row a time step."
_UNPACK = "Unpack it and name the folder."
# Suffix to what the file is and what to do.
_OTHER_KINDS = {
    **dict.fromkeys((".json", ".jsonl", ".ndjson"), ("JSON", _EXPORT)),
    **dict.fromkeys((".xlsx", ".xls", ".ods"), ("a spreadsheet", _EXPORT)),
    **dict.fromkeys((".zip", ".7z", ".tar", ".tgz"), ("an archive", _UNPACK)),
    **dict.fromkeys((".h5", ".hdf5", ".hdf"), ("an HDF5 file", _EXPORT)),
    ".mat": ("a Matlab file", _EXPORT),
}
_HEAD_BYTES = 512
# How such a file begins, whatever its name.
_BEGINNINGS = (
    (re.compile(rb"\s*(\{\s*[\"}]|\[\s*[\[{\"])"), ("JSON", _EXPORT)),
    (
        re.compile(rb"(?i)\s*<(!doctype|!--|\?xml|html)"),
        ("a web page or XML", _EXPORT),
    ),
    (
        re.compile(rb"PK\x03\x04"),
        ("an archive or a spreadsheet", f"{_UNPACK} {_EXPORT}"),
    ),
)


@dataclasses.dataclass(frozen=True)
class TableFiles:
    """The files of one kind among those of the input.

    Attributes:
        paths: to look at.
        input: a pattern for the files to read.
        remarks: what was left out, where anything was.
    """

    paths: list[str]
    input: str
    remarks: tuple[str, ...] = ()


def find_tables(
    pattern: str, paths: Sequence[str], suffixes: tuple[str, ...]
) -> TableFiles | None:
    """Takes the files of one kind out of folders; None = there are none.

    Files and globs are the user's own choice: they are read as they are.

    Args:
        pattern: as for `--input`.
        paths: the files that it names.
        suffixes: of the kind, in lower case, unpacked.
    """
    taken = [
        path
        for path in paths
        if without_suffix(path).lower().endswith(suffixes)
    ]
    if not taken:
        return None
    if len(taken) == len(paths):
        return TableFiles(taken, pattern)
    endings = {
        os.path.basename(path)[len(series_name(path)) :] for path in taken
    }
    narrow = ",".join(
        _narrowed(part, sorted(endings)) for part in split_paths(pattern)
    )
    left_out = sorted(set(paths) - set(storage.glob_files(narrow)))
    if not left_out:
        return TableFiles(taken, pattern)
    names = [os.path.basename(path) for path in left_out]
    return TableFiles(taken, narrow, (f"left out: {first_names(names)}",))


def refuse_other_kinds(paths: Sequence[str]) -> None:
    """Says what to do with files that are no tables.

    Args:
        paths: among which no table is known by its name.

    Raises:
        ValueError: one is of a kind that is not read.
    """
    for path in paths:
        if path.endswith(REFUSED_SUFFIXES):
            refuse_file(path, path.endswith(".npz"))
        ending = os.path.splitext(without_suffix(path))[1].lower()
        if ending in _OTHER_KINDS:
            _refuse(path, *_OTHER_KINDS[ending])


def refuse_other_content(path: str) -> None:
    """Looks at the first bytes of a file.

    Raises:
        ValueError: it is no table, whatever its name says.
    """
    with storage.open_binary(path) as file:
        head = file.read(_HEAD_BYTES)
    for beginning, kind in _BEGINNINGS:
        if beginning.match(head.removeprefix(b"\xef\xbb\xbf")):
            _refuse(path, *kind)


def _narrowed(part: str, endings: Sequence[str]) -> str:
    """Globs for a folder; a file or a glob is left as it is."""
    if not any(below for _, below in listed_below(part)):
        return part
    folder = glob.escape(part.rstrip("/"))
    return ",".join(f"{folder}/**/*{glob.escape(ending)}" for ending in endings)


def _refuse(path: str, what: str, cure: str) -> NoReturn:
    raise ValueError(
        f"A table must be CSV or parquet. Received: `{path}`, which is {what}. "
        f"{cure}"
    )
