"""The UCR anomaly archive: what is train and anomalous is in the name."""

import dataclasses
import os
import re
from collections.abc import Iterator, Sequence

import numpy as np

from preprocessing.readers.base import (
    BadRow,
    Block,
    Extent,
    Reader,
    Source,
)
from preprocessing.readers.labels.label_ranges import LabelRanges
from preprocessing.readers.labels.labelling import labelled
from preprocessing.readers.text.compression import without_suffix
from preprocessing.readers.text.words import (
    count_words,
    parse_words,
    word_pieces,
)
from trainer import storage
from trainer.config import Settings

__all__ = ["UcrReader", "UcrSettings", "is_ucr_name"]

_NAME = re.compile(r"\d+_UCR_Anomaly_.+_(\d+)_(\d+)_(\d+)\.txt")


@dataclasses.dataclass(frozen=True)
class UcrSettings(Settings):
    """The format ucr: NNN_UCR_Anomaly_NAME_TRAIN_FIRST_LAST.txt."""


class UcrReader(Reader):
    """Reads the files of the UCR anomaly archive: one column, one anomaly.

    A row is a value; values stand on lines of their own or on one line with
    white space between.

    References:
        Wu and Keogh (2021), "Current Time Series Anomaly Detection
        Benchmarks are Flawed and are Creating the Illusion of Progress".
    """

    settings_class = UcrSettings

    def sources(self, pattern: str) -> list[Source]:
        """Lists the files; their names say which rows are anomalous."""
        found = []
        for path in storage.matching_files(pattern):
            _, first, last = _numbers_of(path)
            source = Source(path)
            ranges = {source.name: LabelRanges.closed([(first, last)])}
            found.append(dataclasses.replace(source, label_ranges=ranges))
        return found

    def feature_names(self, source: Source) -> tuple[str, ...]:
        """Names the one column feature_0: the files have no header."""
        return ("feature_0",)

    def extents(
        self, source: Source, names: Sequence[str]
    ) -> dict[str, Extent]:
        """Counts values; ValueError where the name speaks of more."""
        num_rows = count_words(source.path)
        num_train_rows, _, last = _numbers_of(source.path)
        if not num_rows:
            raise ValueError(
                f"`{source.path}` is empty: remove it or name other files."
            )
        if max(num_train_rows, last + 1) > num_rows:
            raise ValueError(
                "A file must have the rows of which its name speaks, "
                f"{num_train_rows} of train and an anomaly up to row {last}. "
                f"Received: {num_rows} rows in `{source.path}`. Copy it again."
            )
        return {source.name: Extent(num_rows, num_train_rows=num_train_rows)}

    def read(
        self, source: Source, names: Sequence[str]
    ) -> Iterator[Block | BadRow]:
        """Yields the values in order; a refused one leaves a NaN."""
        if tuple(names) != self.feature_names(source):
            raise ValueError(
                f"`{source.path}` has one column, feature_0. Received: "
                f"{len(names)} columns to read. Leave the file out."
            )
        yield from labelled(_read(source), source)


def is_ucr_name(path: str) -> bool:
    """Whether the name of a file is one of the archive's."""
    return _match(path) is not None


def _match(path: str) -> re.Match[str] | None:
    return _NAME.fullmatch(os.path.basename(without_suffix(path)))


def _read(source: Source) -> Iterator[Block | BadRow]:
    num_rows = 0
    for line, data in word_pieces(source.path):
        values, bad_rows = parse_words(source.path, line, data)
        yield from bad_rows
        if len(values):
            yield Block(source.name, np.expand_dims(values, 1))
        num_rows += len(values)
    if not num_rows:
        raise ValueError(
            f"`{source.path}` is empty: remove it or name other files."
        )


def _numbers_of(path: str) -> tuple[int, int, int]:
    """Rows of train, first and last anomalous row."""
    match = _match(path)
    if match is None or int(match[2]) > int(match[3]):
        raise ValueError(
            "A file of the archive must be named NNN_UCR_Anomaly_NAME_TRAIN_"
            "FIRST_LAST.txt: rows of train, first and last anomalous row. "
            f"Received: `{path}`. Rename it, leave it out, or say "
            "--format=csv --header=false."
        )
    num_train_rows, first, last = match.groups()
    return int(num_train_rows), int(first), int(last)
