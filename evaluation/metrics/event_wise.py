"""Event-wise metrics: an event counts once, however long it lasts."""

import dataclasses

import numpy as np

from evaluation.metrics.events import events, num_rows_in
from evaluation.metrics.rows import counted_flags, f_beta

__all__ = ["EventWiseMetrics", "event_wise_metrics"]


@dataclasses.dataclass(frozen=True)
class EventWiseMetrics:
    """How flags and events agree; rows labelled -1 left out.

    Attributes:
        event_precision: share of the stretches of flags that touch an event;
            0 where nothing is flagged. A long false stretch counts once, so
            it says little about a detector that flags all the time.
        event_recall: share of the events with a flag in them. An event none
            of whose rows could be scored is missed.
        event_f1: harmonic mean of the two.
        point_precision: share of the flagged rows that are anomalous; 0
            where nothing is flagged.
        composite_f1: harmonic mean of `point_precision` and `event_recall`.
        num_events: stretches of rows labelled 1.
        num_detected: those with a flag in them.
        num_stretches: stretches of flags with a row labelled 0 or 1.
        num_false_stretches: those that touch no event.

    All five figures are NaN where no row is labelled 1.
    """

    event_precision: float
    event_recall: float
    event_f1: float
    point_precision: float
    composite_f1: float
    num_events: int
    num_detected: int
    num_stretches: int
    num_false_stretches: int


def event_wise_metrics(
    scores: np.ndarray, is_anomaly: np.ndarray, labels: np.ndarray
) -> EventWiseMetrics:
    """Compares flags with events, and false flags row by row.

    The composite F1 takes its precision from rows because a detector that
    flags everything has one stretch, which touches every event.

    A flag on a row without a score does not count and ends a stretch. A row
    labelled -1 ends an event but no stretch; it is neither a hit nor a false
    flag, and a stretch of such rows alone is not counted.

    Args:
        scores: `[row]` float; only which of them are NaN matters.
        is_anomaly: `[row]` bool.
        labels: `[row]`, 0, 1 or -1 = unknown.

    Raises:
        ValueError: lengths differ, or a label is something else.

    Example:
        >>> metrics = event_wise_metrics(
        ...     np.zeros(6), [False, True, False, False, True, True],
        ...     [1, 1, 0, 0, 0, 0])
        >>> metrics.event_recall, metrics.event_precision
        (1.0, 0.5)
        >>> metrics.composite_f1
        0.5

    References:
        Garg et al. 2021, "An Evaluation of Anomaly Detection and Diagnosis in
        Multivariate Time Series": composite F-score Fc1. They give events no
        precision; ours counts stretches of flags.
    """
    is_flagged, labels = counted_flags(scores, is_anomaly, labels)
    true_events = events(labels)
    stretches = events(is_flagged)
    is_detected = num_rows_in(true_events, is_flagged) > 0
    is_counted = num_rows_in(stretches, labels != -1) > 0
    is_true = num_rows_in(stretches, labels == 1) > 0
    num_flagged = int((is_flagged & (labels != -1)).sum())
    num_hits = int((is_flagged & (labels == 1)).sum())
    event_precision = event_recall = point_precision = float("nan")
    if len(true_events):
        event_precision = float(is_true.sum() / max(is_counted.sum(), 1))
        event_recall = float(is_detected.mean())
        point_precision = num_hits / max(num_flagged, 1)
    return EventWiseMetrics(
        event_precision=event_precision,
        event_recall=event_recall,
        event_f1=f_beta(event_precision, event_recall),
        point_precision=point_precision,
        composite_f1=f_beta(point_precision, event_recall),
        num_events=len(true_events),
        num_detected=int(is_detected.sum()),
        num_stretches=int(is_counted.sum()),
        num_false_stretches=int((is_counted & ~is_true).sum()),
    )
