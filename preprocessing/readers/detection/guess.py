"""What `--format=auto` stands for: a format and its flags, by a look."""

import dataclasses
import os
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from preprocessing.readers.csv import CsvSettings
from preprocessing.readers.detection.input_files import (
    TableFiles,
    find_tables,
    refuse_other_content,
    refuse_other_kinds,
)
from preprocessing.readers.detection.table_guess import guess_table
from preprocessing.readers.detection.table_look import (
    LOOK_ROWS,
    kind_of,
    look_at_parquet,
)
from preprocessing.readers.detection.table_roles import guess_roles
from preprocessing.readers.labels.anomaly_list import find_anomaly_list
from preprocessing.readers.layouts.data_folder import data_files
from preprocessing.readers.layouts.folders import find_sources, folder_of
from preprocessing.readers.nab import LABEL_FILES
from preprocessing.readers.sequences import SequencesReader, SequencesSettings
from preprocessing.readers.text.compression import without_suffix
from preprocessing.readers.text.pieces import first_lines
from preprocessing.readers.ucr import is_ucr_name
from trainer import storage

__all__ = ["Guess", "guess"]

_TEXT_SUFFIXES = (".txt", ".dat")
_PARQUET_SUFFIXES = (".parquet", ".pq")
_SKAB_COLUMNS = {"datetime", "anomaly", "changepoint"}
_DECIMAL_COMMA = re.compile(r"(?<=\d),(?=\d)")
# A set may begin with a file that has no labels.
_FILES_LOOKED_AT = 3


@dataclasses.dataclass(frozen=True)
class Guess:
    """What the input seems to be.

    Attributes:
        format: name in `READERS`.
        options: of the format's settings, where they are not the defaults.
        reason: for the user, one sentence.
        input: the pattern of the files to read, where it is not the user's.
    """

    format: str
    options: dict[str, Any]
    reason: str
    input: str = ""


def guess(pattern: str, given: Mapping[str, Any] | None = None) -> Guess:
    """Guesses the format of the input by names, then by first lines.

    Args:
        pattern: as for `--input`.
        given: flag to its value, of those that the user said.

    Raises:
        ValueError: nothing matches, or no format fits.
    """
    paths = storage.matching_files(pattern)
    for rule in _BY_NAMES:
        found = rule(pattern, paths)
        if found is not None:
            return found
    tables = find_tables(pattern, paths, _PARQUET_SUFFIXES)
    if tables:
        return _parquet(tables, given or {})
    talk = _talk(pattern)
    if talk:
        return talk
    for suffixes in ((".csv",), (".tsv",)):
        tables = tables or find_tables(pattern, paths, suffixes)
    return _by_first_lines(tables or _texts(pattern, paths), given or {})


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


def _talk(pattern: str) -> Guess | None:
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
)


def _parquet(tables: TableFiles, given: Mapping[str, Any]) -> Guess:
    path = tables.paths[0]
    roles = guess_roles(look_at_parquet(path), given)
    return _table("parquet", tables, roles.columns, roles.remarks)


def _texts(pattern: str, paths: Sequence[str]) -> TableFiles:
    """Files without a name that says what they are, notes last."""
    texts = [
        path
        for path in paths
        if without_suffix(path).lower().endswith(_TEXT_SUFFIXES)
        and not os.path.basename(path).lower().startswith("readme")
    ]
    if not texts:
        refuse_other_kinds(paths)
    return TableFiles(texts or list(paths), pattern)


def _by_first_lines(tables: TableFiles, given: Mapping[str, Any]) -> Guess:
    text_flags = {"encoding", "delimiter"} & set(given)
    # Checks them before anything is read so.
    encoding = CsvSettings(
        **{flag: given[flag] for flag in text_flags}
    ).encoding
    path = tables.paths[0]
    refuse_other_content(path)
    for other in tables.paths[:_FILES_LOOKED_AT]:
        if _is_skab(first_lines(other, 1, encoding)[0], other):
            reason = f"skab: {other} has ; between fields and its columns."
            return Guess("skab", {}, reason)
    lines = first_lines(path, LOOK_ROWS, encoding)
    if given.get("decimal") == ",":
        lines = [_DECIMAL_COMMA.sub(".", line) for line in lines]
    if _are_sequences(lines):
        reason = f"sequences: ; within the fields between , of {path}."
        return Guess("sequences", {}, reason)
    options, remarks = guess_table(path, lines, given)
    return _table("csv", tables, options, remarks)


def _table(
    name: str,
    tables: TableFiles,
    options: dict[str, Any],
    remarks: Sequence[str],
) -> Guess:
    reason = ", ".join([tables.paths[0], *remarks, *tables.remarks])
    return Guess(name, options, f"{name}: {reason}.", tables.input)


def _is_skab(header: str, path: str) -> bool:
    columns = {name.strip('" ') for name in header.split(";")}
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
