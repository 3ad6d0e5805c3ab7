"""The server machine data set: train, test and test_label folders."""

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np

from preprocessing.readers.base import BadRow, Block, Extent, Reader, Source
from preprocessing.readers.csv import CsvReader, CsvSettings
from preprocessing.readers.layouts.folders import find_sources
from preprocessing.readers.text.pieces import count_lines, line_chunks, lines_of
from trainer.config import Settings

__all__ = ["SmdReader", "SmdSettings"]


@dataclasses.dataclass(frozen=True)
class SmdSettings(Settings):
    """The format smd: train/, test/ and test_label/ of machine-*.txt."""


class SmdReader(Reader):
    """Reads the layout of the server machine data set.

    References:
        Su et al. (2019), "Robust Anomaly Detection for Multivariate Time
        Series through Stochastic Recurrent Neural Network" (the data set).
    """

    settings_class = SmdSettings

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._table = CsvReader(CsvSettings(header=False))

    def sources(self, pattern: str) -> list[Source]:
        """Finds the three folders in, or one below, each folder named."""
        found = find_sources(pattern, "machine-*.txt")
        if not found:
            raise ValueError(
                "`input` must be a folder that holds train/ and test/ with "
                f"machine-*.txt, or the folder above. Received: {pattern!r}. "
                "For single files say --format=csv --header=false."
            )
        return found

    def feature_names(self, source: Source) -> tuple[str, ...]:
        """Names feature_0, feature_1, ...: the files have no header."""
        return self._table.feature_names(source)

    def extents(
        self, source: Source, names: Sequence[str]
    ) -> dict[str, Extent]:
        """Counts lines; ValueError where the label file has others."""
        counted = self._table.extents(source, names)
        if source.label_path:
            num_rows = counted[source.name].num_rows
            _check_lengths(source, num_rows, count_lines(source.label_path))
        return counted

    def read(
        self, source: Source, names: Sequence[str]
    ) -> Iterator[Block | BadRow]:
        """Yields the rows in order, with labels where there are any."""
        labels = _read_labels(source.label_path) if source.label_path else None
        begin = 0
        for item in self._table.read(source, names):
            if labels is not None and isinstance(item, Block):
                end = begin + len(item.values)
                item = dataclasses.replace(item, labels=labels[begin:end])
                if len(labels) < end:
                    _check_lengths(source, end, len(labels))
                begin = end
            yield item
        if labels is not None:
            _check_lengths(source, begin, len(labels))


def _read_labels(path: str) -> np.ndarray:
    labels = []
    for first_line, data in line_chunks(path, has_header=False):
        for line, text in lines_of(first_line, data):
            if text.strip() not in ("0", "1"):
                raise ValueError(
                    f"A label is 0 or 1. Received: {text[:80]!r} in line "
                    f"{line} of `{path}`. Correct it, or copy the file again."
                )
            labels.append(int(text))
    return np.array(labels, np.int8)


def _check_lengths(source: Source, num_rows: int, num_labels: int) -> None:
    if num_rows != num_labels:
        raise ValueError(
            "A label file must have one line for each row. Received: "
            f"{num_labels} labels in `{source.label_path}` for {num_rows} "
            f"rows in `{source.path}`. Take both files from the same copy."
        )
