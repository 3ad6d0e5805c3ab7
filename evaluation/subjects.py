"""What is rated at once: one series, or all labelled sequences."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from evaluation.fault_labels import FaultLabel
from evaluation.figures import Judged
from evaluation.metrics.rows import largest
from evaluation.scored_run import ScoredRun

__all__ = [
    "Subject",
    "named_values",
    "subject_of_sequences",
    "subject_of_series",
]


@dataclasses.dataclass(frozen=True)
class Subject:
    """What is rated at once: one series, or all labelled sequences.

    Attributes:
        name: id of the series.
        runs: name and `[time, feature]` raw values of each unbroken stretch,
            or of each sequence, in order.
        labels: `[sample]`, 0, 1 or -1: of each step, or of each sequence.
        judged: model's name to what it says, `[sample]`.
        contributions: model's name to `[step, scored feature]`; only where
            there are fault labels.
        timestamps: `[step]` int64 microseconds; None = no timestamps.
        fault_labels: which features were at fault, and when.
        has_order: samples are the steps of one series, and not sequences.
    """

    name: str
    runs: Sequence[tuple[str, np.ndarray]]
    labels: np.ndarray
    judged: Mapping[str, Judged]
    contributions: Mapping[str, np.ndarray]
    timestamps: np.ndarray | None = None
    fault_labels: Sequence[FaultLabel] = ()
    has_order: bool = True


def subject_of_series(
    series: ScoredRun,
    runs: Sequence[ScoredRun],
    fault_labels: Mapping[str, Sequence[FaultLabel]],
) -> Subject:
    """One sample a time step.

    Args:
        series: whole, with the scores of all models.
        runs: the unbroken stretches that it was joined from.
        fault_labels: series id to which features were at fault, and when.
    """
    faults = fault_labels.get(series.series_id, ())
    return Subject(
        name=series.series_id,
        runs=named_values(runs),
        labels=series.labels,
        judged={
            name: Judged(each.score, each.is_anomaly, each.threshold)
            for name, each in series.views.items()
        },
        contributions={
            name: each.contribution for name, each in series.views.items()
        }
        if faults
        else {},
        timestamps=series.timestamps,
        fault_labels=faults,
    )


def subject_of_sequences(runs: Sequence[ScoredRun]) -> Subject:
    """One sample a sequence: the largest of its scored steps."""
    judged = {}
    for name in runs[0].views:
        views = [run.views[name] for run in runs]
        scores = [
            largest(np.where(each.is_scored, each.score, np.nan))
            for each in views
        ]
        judged[name] = Judged(
            np.array(scores),
            np.array([each.is_anomaly.any() for each in views]),
            np.array([largest(each.threshold) for each in views]),
        )
    return Subject(
        name=f"{len(runs):,} sequences",
        runs=named_values(runs),
        labels=np.array([run.sequence_label for run in runs]),
        judged=judged,
        contributions={},
        has_order=False,
    )


def named_values(
    runs: Sequence[Any],
) -> list[tuple[str, np.ndarray]]:
    """The values of each run, `Run` or `ScoredRun`, under a name of its own."""
    return [(f"{run.series_id} {run.start}", run.values) for run in runs]
