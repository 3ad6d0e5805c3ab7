"""Layouts with a folder data/: series are named by their path below it."""

import collections
import dataclasses
import os

from preprocessing.readers.layouts.folders import listed_below
from preprocessing.readers.text.compression import without_suffix
from preprocessing.readers.text.pieces import (
    first_lines,
    series_name,
    split_paths,
)

__all__ = ["columns_of", "data_files"]

_FOLDER = "data"


@dataclasses.dataclass(frozen=True)
class DataFile:
    """A file below data/, or one that is named itself.

    Attributes:
        path: where it lies.
        name: its path below data/, with the suffix but unpacked.
        root: the folder that holds data/; "" = the working folder.
    """

    path: str
    name: str
    root: str

    @property
    def series_id(self) -> str:
        """Its name without the suffix."""
        return "/".join([*self.name.split("/")[:-1], series_name(self.path)])


def data_files(pattern: str, suffix: str) -> list[DataFile]:
    """Finds files below data/ of each folder named, or below that folder.

    A folder named may be data/ itself, the one above, or one below. Files
    may also be named alone or by a glob.

    Args:
        pattern: folders, files or globs, separated by commas.
        suffix: that the names of the files have, unpacked.

    Raises:
        ValueError: two files would have the same series id.
    """
    found: dict[str, DataFile] = {}
    for part in split_paths(pattern):
        listed = dict(listed_below(os.path.join(part, _FOLDER)))
        if not listed:
            listed = dict(listed_below(part))
        for path, below in listed.items():
            if without_suffix(path).endswith(suffix):
                found[path] = _data_file(path, below)
    _check_ids(list(found.values()))
    return [found[path] for path in sorted(found)]


def columns_of(path: str, delimiter: str, needed: str) -> list[str]:
    """Names of the columns in the first line of a table.

    Args:
        path: the file.
        delimiter: between fields.
        needed: a column that the format has.

    Raises:
        ValueError: an empty file, or no such column.
    """
    header = first_lines(path, 1)[0]
    columns = [name.strip().strip('"') for name in header.split(delimiter)]
    if needed not in columns:
        raise ValueError(
            f"The first line must name the columns with {delimiter} between "
            f"them, among them {needed}. Received: {header[:80]!r} in "
            f"`{path}`. For other tables say --format=csv."
        )
    return columns


def _data_file(path: str, below: tuple[str, ...]) -> DataFile:
    names = path.split("/")
    folders = names[:-1]
    if _FOLDER in folders:
        place = len(folders) - folders[::-1].index(_FOLDER)
        root = "/".join(names[: place - 1])
        if path.startswith("/") and not root:
            root = "/"
        return DataFile(path, without_suffix("/".join(names[place:])), root)
    name = "/".join(below) or names[-1]
    root = os.path.dirname(path[: -len(name)])
    return DataFile(path, without_suffix(name), root)


def _check_ids(files: list[DataFile]) -> None:
    ids = collections.Counter(file.series_id for file in files)
    name, times = ids.most_common(1)[0] if ids else ("", 0)
    if times > 1:
        raise ValueError(
            "Files must differ in their path below data/, which is the "
            f"series id. Received: {times} files for {name}. Name the folder "
            "that holds them all, or one of them."
        )
