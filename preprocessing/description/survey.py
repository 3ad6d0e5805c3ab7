"""The first pass: what each split holds, read split by split."""

import dataclasses
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from preprocessing.description.drift import Drift, measure_drift
from preprocessing.description.parts import (
    LabelCounts,
    SeriesPart,
    count_labels,
    part_of,
)
from preprocessing.description.sampling import sample_rows
from trainer.schema import SPLITS, Schema
from trainer.statistics.columns import ColumnStatistics

__all__ = [
    "SplitSurvey",
    "Survey",
    "by_series",
    "has_whole_series",
    "take_survey",
]

# Rows of one statistics batch: it works on float64 copies.
BATCH_ROWS = 1 << 15


@dataclasses.dataclass(frozen=True)
class SplitSurvey:
    """What one split holds.

    Attributes:
        num_rows: time steps.
        num_series: series with rows in it.
        labels: of steps, or of sequences.
        statistics: of the columns.
        parts: series id to its part; empty for whole short series.
        series: series id to its statistics; empty likewise.
        drift: beside train; None for train itself.
    """

    num_rows: int
    num_series: int
    labels: LabelCounts
    statistics: ColumnStatistics
    parts: Mapping[str, SeriesPart]
    series: Mapping[str, ColumnStatistics]
    drift: Drift | None = None


@dataclasses.dataclass(frozen=True)
class Survey:
    """What the data set holds.

    Attributes:
        splits: all of `SPLITS`.
        series: series id to statistics over all splits; empty for whole
            short series.
        num_sample_rows: rows of train that drift was measured on.
    """

    splits: Mapping[str, SplitSurvey]
    series: Mapping[str, ColumnStatistics]
    num_sample_rows: int

    @property
    def statistics(self) -> ColumnStatistics:
        """Of all splits together."""
        return _merged(
            [split.statistics for split in self.splits.values()],
            len(self.splits["train"].statistics.count),
        )

    def parts_of(self, series_id: str) -> dict[str, SeriesPart]:
        """Split to part of one series, in order of the splits."""
        return {
            name: split.parts[series_id]
            for name, split in self.splits.items()
            if series_id in split.parts
        }


def has_whole_series(schema: Schema) -> bool:
    """True where each record is a short series of its own."""
    return schema.label_kind == "sequence" or schema.sequence_length > 0


def by_series(runs: Iterable[Any]) -> Iterator[tuple[str, list[Any]]]:
    """Groups runs, sorted by series as they are read, by their series."""
    for series_id, group in itertools.groupby(
        runs, key=lambda run: run.series_id
    ):
        yield series_id, list(group)


def take_survey(
    schema: Schema,
    read: Callable[[str], Sequence[Any]],
    names: Iterable[str] = SPLITS,
) -> Survey:
    """Reads all splits, never two at once.

    Args:
        schema: of the data set.
        read: split to its `trainer.runs.Run`s, sorted by series.
        names: the splits, train first; an iterator may show progress.
    """
    num_features = len(schema.features)
    splits: dict[str, SplitSurvey] = {}
    series: dict[str, ColumnStatistics] = {}
    train_sample = np.empty((0, num_features))
    for name in names:
        found, sample = _survey_split(schema, read(name))
        for series_id, statistics in found.series.items():
            before = series.get(series_id, ColumnStatistics.empty(num_features))
            series[series_id] = before.merge(statistics)
        if name == "train":
            train_sample = sample
        else:
            drift = measure_drift(
                splits["train"].statistics,
                train_sample,
                found.statistics,
                sample,
            )
            found = dataclasses.replace(found, drift=drift)
        splits[name] = found
    return Survey(splits, series, len(train_sample))


def _survey_split(
    schema: Schema, runs: Sequence[Any]
) -> tuple[SplitSurvey, np.ndarray]:
    """One split, and a sample of its rows."""
    num_features = len(schema.features)
    own: dict[str, ColumnStatistics] = {}
    parts: dict[str, SeriesPart] = {}
    if has_whole_series(schema):
        num_series = len({run.series_id for run in runs})
        statistics = _statistics(runs, num_features)
    else:
        for series_id, group in by_series(runs):
            parts[series_id] = part_of(group)
            own[series_id] = _statistics(group, num_features)
        num_series = len(parts)
        statistics = _merged(list(own.values()), num_features)
    found = SplitSurvey(
        num_rows=sum(len(run.values) for run in runs),
        num_series=num_series,
        labels=count_labels(runs, has_whole_series(schema)),
        statistics=statistics,
        parts=parts,
        series=own,
    )
    return found, sample_rows([run.values for run in runs], num_features)


def _statistics(runs: Sequence[Any], num_features: int) -> ColumnStatistics:
    return _merged(
        [ColumnStatistics.from_batch(rows) for rows in _batches(runs)],
        num_features,
    )


def _batches(runs: Sequence[Any]) -> Iterator[np.ndarray]:
    """Rows in batches of about one size, however long the runs are."""
    pending: list[np.ndarray] = []
    num_pending = 0
    for run in runs:
        for start in range(0, len(run.values), BATCH_ROWS):
            pending.append(run.values[start : start + BATCH_ROWS])
            num_pending += len(pending[-1])
            if num_pending >= BATCH_ROWS:
                yield np.concatenate(pending)
                pending, num_pending = [], 0
    if pending:
        yield np.concatenate(pending)


def _merged(
    statistics: Sequence[ColumnStatistics], num_features: int
) -> ColumnStatistics:
    merged = ColumnStatistics.empty(num_features)
    for each in statistics:
        merged = merged.merge(each)
    return merged
