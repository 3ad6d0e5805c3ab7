"""What one split holds of one series: rows, labels, times, gaps."""

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from preprocessing.gaps import period_of

__all__ = ["LabelCounts", "SeriesPart", "count_labels", "part_of"]


class LabelCounts(NamedTuple):
    """Steps, or whole sequences, by label."""

    normal: int = 0
    anomalous: int = 0
    unknown: int = 0

    @property
    def share(self) -> float:
        """Anomalous among those whose label is known; NaN where none is."""
        known = self.normal + self.anomalous
        return self.anomalous / known if known else float("nan")


class SeriesPart(NamedTuple):
    """One series within one split.

    Attributes:
        num_rows: time steps.
        longest_run: time steps of the longest unbroken stretch.
        start: row number of the first row.
        stop: one past the row number of the last row.
        times: first and last timestamp, microseconds; None = none.
        period_seconds: median step of the longest stretch; 0 = unknown.
        num_gaps: places where time jumps, inside the split.
        longest_gap_seconds: the longest of them; 0 = no gap.
        labels: of the steps.
    """

    num_rows: int
    longest_run: int
    start: int
    stop: int
    times: tuple[int, int] | None
    period_seconds: float
    num_gaps: int
    longest_gap_seconds: float
    labels: LabelCounts


def part_of(runs: Sequence[Any]) -> SeriesPart:
    """Describes the stretches of one series in one split.

    Args:
        runs: `trainer.runs.Run`, in order, at least one.
    """
    longest = max(runs, key=lambda run: len(run.values))
    first, last = runs[0], runs[-1]
    gaps = _gaps_seconds(runs)
    return SeriesPart(
        num_rows=sum(len(run.values) for run in runs),
        longest_run=len(longest.values),
        start=first.start,
        stop=last.start + len(last.values),
        times=None
        if first.timestamps is None
        else (int(first.timestamps[0]), int(last.timestamps[-1])),
        period_seconds=period_of(longest.timestamps),
        num_gaps=len(gaps),
        longest_gap_seconds=max(gaps, default=0.0),
        labels=count_labels(runs),
    )


def count_labels(
    runs: Sequence[Any], is_by_sequence: bool = False
) -> LabelCounts:
    """Counts labels, of steps or of sequences.

    Args:
        runs: `trainer.runs.Run`.
        is_by_sequence: each run counts once.
    """
    counts = np.zeros(3, np.int64)
    for run in runs:
        if is_by_sequence:
            label = -1 if run.sequence_label is None else run.sequence_label
            counts[label + 1] += 1
        elif run.labels is not None:
            counts += np.bincount(run.labels + 1, minlength=3)
        else:
            counts[0] += len(run.values)
    unknown, normal, anomalous = counts.tolist()
    return LabelCounts(normal, anomalous, unknown)


def _gaps_seconds(runs: Sequence[Any]) -> list[float]:
    steps = [
        (after.timestamps[0] - before.timestamps[-1]) / 1e6
        for before, after in itertools.pairwise(runs)
        if before.timestamps is not None and after.timestamps is not None
    ]
    # A stretch also ends where time repeats or goes back: that is no gap.
    return [float(step) for step in steps if step > 0]
