"""A stretch of a series with its scores, and stretches put together."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from inference.results import StepScores, joined

__all__ = ["ScoredRun", "joined_runs", "joined_sequences"]

# Label to what such sequences are called.
KINDS = {0: "normal", 1: "anomalous", -1: "unlabelled"}


class ScoredRun(NamedTuple):
    """An unbroken stretch of one series with its scores.

    Attributes:
        series_id: which series.
        start: row number of the first row.
        values: `[time, feature]`, raw units.
        labels: `[time]` int8 0, 1, -1 unknown.
        sequence_label: 0, 1, -1 unknown; of the whole stretch.
        timestamps: `[time]` int64 microseconds, or None.
        views: view name to scores.
    """

    series_id: str
    start: int
    values: np.ndarray
    labels: np.ndarray
    sequence_label: int
    timestamps: np.ndarray | None
    views: dict[str, StepScores]


def joined_runs(runs: Sequence[ScoredRun]) -> ScoredRun:
    """Puts the runs of one series together, in order; gaps close up.

    Args:
        runs: of one series, at least one, with the same views.
    """
    first = runs[0]
    if len(runs) == 1:
        return first
    views = {
        view: joined([run.views[view] for run in runs]) for view in first.views
    }
    timestamps = None
    if first.timestamps is not None:
        timestamps = np.concatenate([run.timestamps for run in runs])
    return first._replace(
        values=np.concatenate([run.values for run in runs]),
        labels=np.concatenate([run.labels for run in runs]),
        timestamps=timestamps,
        views=views,
    )


def joined_sequences(runs: Sequence[ScoredRun], num_of_each: int) -> ScoredRun:
    """Puts the first sequences of each label one after the other.

    A step of NaN parts neighbours, so that no line joins them.

    Args:
        runs: sequences, at least one.
        num_of_each: normal ones at most, as many anomalous ones, and as many
            that are not labelled.
    """
    by_label = {
        label: [run for run in runs if run.sequence_label == label][
            :num_of_each
        ]
        for label in KINDS
    }
    chosen = [run for each in by_label.values() for run in each]
    views = {
        view: StepScores(
            *(
                _with_gaps([getattr(run.views[view], name) for run in chosen])
                for name in StepScores._fields
            )
        )
        for view in chosen[0].views
    }
    return ScoredRun(
        series_id=_counted(
            {label: len(each) for label, each in by_label.items() if each}
        ),
        start=0,
        values=_with_gaps([run.values for run in chosen]),
        labels=_with_gaps([run.labels for run in chosen], parted=False),
        sequence_label=-1,
        timestamps=None,
        views=views,
    )


def _counted(numbers: Mapping[int, int]) -> str:
    """Label to how many there are, in words, the first with a noun."""
    texts = []
    for label, number in numbers.items():
        noun = "one" if texts else "sequence"
        plural = "" if number == 1 else "s"
        texts.append(f"{number} {KINDS[label]} {noun}{plural}")
    return ", then ".join(texts)


def _with_gaps(arrays: Sequence[np.ndarray], parted: bool = True) -> np.ndarray:
    """Joins arrays, each followed by one row of NaN, or of its last."""
    parts = []
    for array in arrays:
        gap = array[-1:]
        if parted and array.dtype.kind == "f":
            gap = np.full_like(gap, np.nan)
        elif parted:
            gap = np.zeros_like(gap)
        parts += [array, gap]
    return np.concatenate(parts)
