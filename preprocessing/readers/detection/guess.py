"""What `--format=auto` stands for: a format and its flags, by a look."""

import dataclasses
import os
from collections.abc import Callable, Sequence
from typing import Any

from preprocessing.readers.detection.table_guess import guess_table
from preprocessing.readers.detection.table_look import (
    LOOK_ROWS,
    kind_of,
    look_at_parquet,
)
from preprocessing.readers.detection.table_roles import guess_roles
from preprocessing.readers.labels.anomaly_list import find_anomaly_list
from preprocessing.readers.layouts.array_file import (
    REFUSED_SUFFIXES,
    refuse_file,
)
from preprocessing.readers.layouts.data_folder import data_files
from preprocessing.readers.layouts.folders import find_sources, folder_of
from preprocessing.readers.nab import LABEL_FILES
from preprocessing.readers.sequences import SequencesReader, SequencesSettings
from preprocessing.readers.text.compression import without_suffix
from preprocessing.readers.text.pieces import first_lines
from preprocessing.readers.ucr import is_ucr_name
from trainer import storage

__all__ = ["Guess", "guess"]

_TABLE_SUFFIXES = (".csv", ".tsv", ".txt", ".dat")
_PARQUET_SUFFIXES = (".parquet", ".pq")
_SKAB_COLUMNS = {"datetime", "anomaly", "changepoint"}
# A set may begin with a file that has no labels.
_FILES_LOOKED_AT = 3


@dataclasses.dataclass(frozen=True)
class Guess:
    """What the input seems to be.

    Attributes:
        format: name in `READERS`.
        options: of the format's settings, where they are not the defaults.
        reason: for the user, one sentence.
    """

    format: str
    options: dict[str, Any]
    reason: str


def guess(pattern: str) -> Guess:
    """Guesses the format of the input by names, then by first lines.

    Args:
        pattern: as for `--input`.

    Raises:
        ValueError: nothing matches, or no format fits.
    """
    paths = storage.matching_files(pattern)
    for rule in _BY_NAMES:
        found = rule(pattern, paths)
        if found is not None:
            return found
    for path in paths:
        if path.endswith(REFUSED_SUFFIXES):
            refuse_file(path, path.endswith(".npz"))
    return _by_first_lines(paths)


def _smd(pattern: str, paths: Sequence[str]) -> Guess | None:
    found = find_sources(pattern, "machine-*.txt")
    if not any(source.split for source in found):
        return None
    return Guess("smd", {}, "smd: train/ and test/ hold machine-*.txt.")


def _arrays(pattern: str, paths: Sequence[str]) -> Guess | None:
    arrays = [path for path in paths if path.endswith(".npy")]
    if not arrays:
        return None
    for source in find_sources(pattern, "*.npy"):
        table = find_anomaly_list(folder_of(source.path))
        if source.split and table:
            return Guess("nasa", {}, f"nasa: .npy files, labels in {table}.")
    return Guess("npy", {}, f"npy: arrays such as {arrays[0]}.")


def _ucr(pattern: str, paths: Sequence[str]) -> Guess | None:
    if not all(map(is_ucr_name, paths)):
        return None
    return Guess(
        "ucr", {}, "ucr: file names say what is train and what anomalous."
    )


def _nab(pattern: str, paths: Sequence[str]) -> Guess | None:
    try:
        roots = {file.root for file in data_files(pattern, ".csv")}
    except ValueError:
        return None
    for labels, name in LABEL_FILES.items():
        for path in (os.path.join(root, name) for root in sorted(roots)):
            if storage.is_file(path):
                options = {} if labels == "windows" else {"labels": labels}
                return Guess("nab", options, f"nab: labels in {path}.")
    return None


def _parquet(pattern: str, paths: Sequence[str]) -> Guess | None:
    tables = [path for path in paths if path.endswith(_PARQUET_SUFFIXES)]
    if not tables:
        return None
    roles = guess_roles(look_at_parquet(tables[0]))
    reason = ", ".join([f"parquet: {tables[0]}", *roles.remarks])
    return Guess("parquet", roles.columns, f"{reason}.")


def _talk(pattern: str, paths: Sequence[str]) -> Guess | None:
    sources = SequencesReader(SequencesSettings()).sources(pattern)
    for source in sources:
        if source.split:
            reason = f"sequences: {source.path} is named like one of them."
            return Guess("sequences", {}, reason)
    return None


_BY_NAMES: tuple[Callable[[str, Sequence[str]], Guess | None], ...] = (
    _smd,
    _arrays,
    _ucr,
    _nab,
    _parquet,
    _talk,
)


def _by_first_lines(paths: Sequence[str]) -> Guess:
    tables = [
        path
        for path in paths
        if without_suffix(path).lower().endswith(_TABLE_SUFFIXES)
    ] or list(paths)
    for path in tables[:_FILES_LOOKED_AT]:
        if _is_skab(path):
            reason = f"skab: {path} has ; between fields and its columns."
            return Guess("skab", {}, reason)
    lines = first_lines(tables[0], LOOK_ROWS)
    if _are_sequences(lines):
        reason = f"sequences: ; within the fields between , of {tables[0]}."
        return Guess("sequences", {}, reason)
    options, reason = guess_table(tables[0], lines)
    return Guess("csv", options, reason)


def _is_skab(path: str) -> bool:
    header = first_lines(path, 1)[0].split(";")
    columns = {name.strip('" ') for name in header}
    is_labelled = columns >= _SKAB_COLUMNS
    return is_labelled or ("anomaly-free" in path and "datetime" in columns)


def _are_sequences(lines: Sequence[str]) -> bool:
    """True where fields hold as many ; each, the last one maybe a label."""
    num_inner = {
        field.count(";") for line in lines for field in line.split(",")[:-1]
    }
    if len(num_inner) != 1 or num_inner == {0}:
        return False
    cells = lines[0].split(",")[0].split(";")
    return all(kind_of(cell) in ("number", "missing") for cell in cells)
