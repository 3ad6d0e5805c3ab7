"""Folders of arrays: train/, test/ and, where there are, their labels."""

import dataclasses
import logging
from collections.abc import Iterator, Sequence

import numpy as np

from preprocessing.readers.base import BadRow, Block, Extent, Reader, Source
from preprocessing.readers.layouts.array_file import (
    REFUSED_SUFFIXES,
    ArrayFile,
    open_array,
    refuse_file,
)
from preprocessing.readers.layouts.arrays import refuse_infinite
from preprocessing.readers.layouts.folders import find_sources
from trainer.config import Settings

__all__ = ["NpyReader", "NpySettings"]

_LOG = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class NpySettings(Settings):
    """The format npy: train/, test/, test_label/ of .npy arrays."""


class NpyReader(Reader):
    """Reads one array a series, `[rows, features]` or `[rows]`.

    Arrays of labels have the same name and as many rows, and hold 0, 1, or
    -1 or NaN where nothing is known.
    """

    settings_class: type[Settings] = NpySettings

    def sources(self, pattern: str) -> list[Source]:
        """Finds the folders in, or one below, each folder named."""
        found = find_sources(pattern, "*.npy")
        arrays = {source.path for source in found}
        for suffix in REFUSED_SUFFIXES:
            for source in find_sources(pattern, f"*{suffix}"):
                if source.path.removesuffix(suffix) + ".npy" not in arrays:
                    refuse_file(source.path, suffix == ".npz")
                _LOG.warning("Left out: %s", source.path)
        if not found:
            raise ValueError(
                "`input` must be a folder that holds train/ and test/ with "
                ".npy files, the folder above, or such a file. Received: "
                f"{pattern!r}. Check the path."
            )
        return found

    def feature_names(self, source: Source) -> tuple[str, ...]:
        """Names feature_0, feature_1, ...: arrays have no names."""
        return self._names(open_array(source.path).num_columns)

    def extents(
        self, source: Source, names: Sequence[str]
    ) -> dict[str, Extent]:
        """Reads headers only; ValueError where labels have another length."""
        array = self._open(source, names)
        if source.label_path:
            _open_labels(source, array)
        return {source.name: Extent(array.num_rows)}

    def read(
        self, source: Source, names: Sequence[str]
    ) -> Iterator[Block | BadRow]:
        """Yields the rows in order, with labels where there are any."""
        array = self._open(source, names)
        labels = _read_labels(source, array) if source.label_path else None
        row = 0
        for values in array.blocks():
            values, bad_rows = refuse_infinite(source.path, row, values, names)
            yield from bad_rows
            end = row + len(values)
            yield Block(
                source.name, values, None if labels is None else labels[row:end]
            )
            row = end

    def _names(self, num_columns: int) -> tuple[str, ...]:
        return tuple(f"feature_{number}" for number in range(num_columns))

    def _width_advice(self) -> str:
        return "Name files of one width alone in --input or with --series."

    def _open(self, source: Source, names: Sequence[str]) -> ArrayFile:
        array = open_array(source.path)
        if array.num_columns != len(names):
            raise ValueError(
                "All arrays of a data set must have the same columns. "
                f"Received: {array.num_columns} in `{source.path}`, expected "
                f"{len(names)}. {self._width_advice()}"
            )
        return array


def _open_labels(source: Source, array: ArrayFile) -> ArrayFile:
    labels = open_array(source.label_path)
    if labels.num_columns != 1 or labels.num_rows != array.num_rows:
        raise ValueError(
            "Labels must have one number for each row. Received: shape "
            f"{labels.shape} in `{labels.path}` for {array.num_rows} rows "
            f"in `{array.path}`. Take both files from the same copy."
        )
    return labels


def _read_labels(source: Source, array: ArrayFile) -> np.ndarray:
    """Labels `[time]` int8 of a whole file."""
    parts = []
    row = 0
    for block in _open_labels(source, array).blocks():
        labels = np.where(np.isnan(block[:, 0]), -1.0, block[:, 0])
        wrong = np.flatnonzero(~np.isin(labels, (-1.0, 0.0, 1.0)))
        if len(wrong):
            raise ValueError(
                "A label is 0 or 1, and -1 or NaN where it is not known. "
                f"Received: {labels[wrong[0]]:g} in row {row + wrong[0] + 1} "
                f"of `{source.label_path}`. Correct it, or copy the file "
                "again."
            )
        parts.append(labels.astype(np.int8))
        row += len(labels)
    return np.concatenate(parts)
