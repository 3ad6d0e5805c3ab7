"""Layouts of train/, test/, train_label/ and test_label/ in one folder."""

import collections
import dataclasses
import fnmatch
import os
from collections.abc import Collection, Iterator

from preprocessing.readers.base import Source
from preprocessing.readers.layouts.source_ids import source_ids
from preprocessing.readers.text.pieces import split_paths
from trainer import storage

__all__ = ["find_sources", "folder_of", "listed_below"]

_SPLITS = ("train", "test")


def find_sources(pattern: str, name_pattern: str) -> list[Source]:
    """Finds the files of train/ and test/, with their files of labels.

    A folder named may hold train/ and test/ itself, or one below it does.
    Files may also be named alone or by a glob: then they belong to the split
    their folder says, and labels may be absent. Where two files of a split
    are named alike, folders tell the series apart.

    Args:
        pattern: folders, files or globs, separated by commas.
        name_pattern: glob that the names of the files match.

    Returns:
        One source a file; none where nothing fits.

    Raises:
        ValueError: labels of a split are there, but not those of one file.
    """
    label_files: dict[tuple[str, str], Collection[str]] = {}
    found: dict[str, Source] = {}
    for part in split_paths(pattern):
        for path, below in listed_below(part):
            if not fnmatch.fnmatch(os.path.basename(path), name_pattern):
                continue
            split = os.path.basename(os.path.dirname(path))
            # A glob may take labels along.
            if split.endswith("_label"):
                continue
            if split not in _SPLITS:
                split = ""
            if below and (not split or len(below) not in (2, 3)):
                continue
            key = folder_of(path), split
            if split and key not in label_files:
                label_files[key] = _label_files(*key)
            label_path = _label_path(
                path, split, label_files.get(key, ()), is_needed=bool(below)
            )
            found[path] = Source(path, split, label_path)
    return _told_apart(sorted(found.values(), key=_order))


def folder_of(path: str) -> str:
    """The folder that holds train/ and test/ with this file."""
    return os.path.dirname(os.path.dirname(path))


def listed_below(part: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yields the files that one part of a pattern names.

    Args:
        part: a folder, a file or a glob.

    Yields:
        A path, and its names below the folder; () = it is named itself.
    """
    root = part.rstrip("/") or "/"
    for path in storage.glob_files(root):
        is_below = path.startswith(root.rstrip("/") + "/")
        names = path[len(root) :].split("/") if is_below else ()
        yield path, tuple(name for name in names if name)


def _told_apart(sources: list[Source]) -> list[Source]:
    """Gives ids by folder; train and test of one folder share theirs."""
    times = collections.Counter(
        (split, source.name)
        for source in sources
        for split in ([source.split] if source.split else _SPLITS)
    )
    if all(count == 1 for count in times.values()):
        return sources
    places = [
        os.path.join(folder_of(source.path), os.path.basename(source.path))
        if source.split
        else source.path
        for source in sources
    ]
    different = list(dict.fromkeys(places))
    ids = dict(zip(different, source_ids(different), strict=True))
    return [
        dataclasses.replace(source, series_id=ids[place])
        for source, place in zip(sources, places, strict=True)
    ]


def _order(source: Source) -> tuple[str, bool, str]:
    return folder_of(source.path), source.split != "train", source.path


def _label_files(folder: str, split: str) -> frozenset[str]:
    return frozenset(storage.glob_files(os.path.join(folder, f"{split}_label")))


def _label_path(
    path: str, split: str, label_files: Collection[str], is_needed: bool
) -> str:
    folder, name = os.path.split(path)
    labels = os.path.join(os.path.dirname(folder), f"{split}_label", name)
    if labels in label_files:
        return labels
    if label_files and is_needed:
        raise ValueError(
            f"`{path}` has no labels: expected them in `{labels}`. Copy "
            "them there, or take the whole folder of labels away."
        )
    return ""
