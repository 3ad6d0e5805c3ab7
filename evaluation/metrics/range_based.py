"""Range-based precision and recall: how ranges of flags overlap events."""

import dataclasses

import numpy as np

from evaluation.metrics.events import events
from evaluation.metrics.rows import counted_flags, f_beta

__all__ = ["RangeBasedMetrics", "range_based_metrics"]

# The weight of the row at a position, 1 to the length (Figure 2 of the paper).
_BIASES = {
    "flat": lambda position, length: np.ones(len(position)),
    "front": lambda position, length: length - position + 1.0,
    "middle": lambda position, length: np.minimum(
        position, length - position + 1.0
    ),
    "back": lambda position, length: position * 1.0,
}
_CARDINALITIES = ("one", "reciprocal")


@dataclasses.dataclass(frozen=True)
class RangeBasedMetrics:
    """How ranges of flags overlap with events; rows labelled -1 left out.

    Attributes:
        precision: mean over the ranges of flags; 0 where nothing is flagged.
        recall: mean over the events.
        f_beta: weighted harmonic mean of the two.
        num_events: stretches of rows labelled 1.
        num_flagged_ranges: stretches of flags with a row labelled 0 or 1.

    All three figures are NaN where no row is labelled 1.
    """

    precision: float
    recall: float
    f_beta: float
    num_events: int
    num_flagged_ranges: int


def range_based_metrics(
    scores: np.ndarray,
    is_anomaly: np.ndarray,
    labels: np.ndarray,
    *,
    alpha: float = 0.0,
    cardinality: str = "one",
    precision_bias: str = "flat",
    recall_bias: str = "flat",
    beta: float = 1.0,
) -> RangeBasedMetrics:
    """Compares ranges of flags with events by their overlap.

    An event earns `alpha` for any flag in it, and 1 - `alpha` times its
    overlap: the share of its rows that are flagged, weighted by their
    position. A range of flags earns its overlap with events alone.

    A flag on a row without a score does not count and ends a range of flags.
    A row labelled -1 ends an event, but no range of flags: it keeps its
    place there, has no weight, and a range of such rows alone is left out.

    Args:
        scores: `[row]` float; only which of them are NaN matters.
        is_anomaly: `[row]` bool.
        labels: `[row]`, 0, 1 or -1 = unknown.
        alpha: weight of the existence of a flag against its overlap, 0 to 1;
            in recall alone.
        cardinality: "one", or "reciprocal", which divides the overlap of a
            range by the number of ranges that it overlaps with.
        precision_bias: where in a range of flags an overlap weighs most:
            "flat", "front", "middle" or "back".
        recall_bias: the same in an event.
        beta: weight of recall against precision, above 0.

    Raises:
        ValueError: lengths differ, or a label or setting is something else.

    Example:
        >>> metrics = range_based_metrics(
        ...     np.zeros(6), [True, True, False, True, True, False],
        ...     [0, 1, 1, 1, 1, 0], cardinality="reciprocal")
        >>> metrics.precision, metrics.recall
        (0.75, 0.375)

    References:
        Tatbul et al. 2018, "Precision and Recall for Time Series", section 4.
        Defaults are those of the authors' program (TSAD-Evaluator). The
        package prts weighs existence in precision too if asked; they do not.
    """
    is_flagged, labels = counted_flags(scores, is_anomaly, labels)
    _check_settings(alpha, cardinality, precision_bias, recall_bias)
    true_events = events(labels)
    ranges = events(is_flagged)
    found, _ = _overlap(true_events, is_flagged, labels == 1, recall_bias)
    right, weight = _overlap(ranges, labels == 1, labels != -1, precision_bias)
    if cardinality == "reciprocal":
        found /= np.maximum(_num_overlaps(true_events, ranges), 1)
        right /= np.maximum(_num_overlaps(ranges, true_events), 1)
    right = right[weight > 0]
    precision = recall = float("nan")
    if len(true_events):
        precision = float(right.mean()) if len(right) else 0.0
        recall = float((alpha * (found > 0) + (1 - alpha) * found).mean())
    return RangeBasedMetrics(
        precision=precision,
        recall=recall,
        f_beta=f_beta(precision, recall, beta),
        num_events=len(true_events),
        num_flagged_ranges=len(right),
    )


def _overlap(
    ranges: np.ndarray, is_hit: np.ndarray, is_counted: np.ndarray, bias: str
) -> tuple[np.ndarray, np.ndarray]:
    """Share of each range's weight that is hit, and that weight; `[range]`."""
    lengths = ranges[:, 1] - ranges[:, 0]
    indices = np.repeat(np.arange(len(ranges)), lengths)
    length = lengths[indices]
    position = np.arange(1, len(indices) + 1)
    position -= (np.cumsum(lengths) - lengths)[indices]
    rows = ranges[indices, 0] + position - 1
    weights = _BIASES[bias](position, length) * is_counted[rows]
    total = np.bincount(indices, weights, len(ranges))
    hit = np.bincount(indices, weights * is_hit[rows], len(ranges))
    return hit / np.where(total > 0, total, 1.0), total


def _num_overlaps(ranges: np.ndarray, others: np.ndarray) -> np.ndarray:
    """How many of the others each range has a row in common with."""
    num_begun = np.searchsorted(others[:, 0], ranges[:, 1], "left")
    return num_begun - np.searchsorted(others[:, 1], ranges[:, 0], "right")


def _check_settings(
    alpha: float,
    cardinality: str,
    precision_bias: str,
    recall_bias: str,
) -> None:
    if not 0 <= alpha <= 1:
        raise ValueError(
            f"`alpha` must be from 0 to 1. Received: {alpha}. Give 0 for "
            "overlap alone."
        )
    for name, value, known in (
        ("cardinality", cardinality, _CARDINALITIES),
        ("precision_bias", precision_bias, tuple(_BIASES)),
        ("recall_bias", recall_bias, tuple(_BIASES)),
    ):
        if value not in known:
            raise ValueError(
                f"`{name}` must be one of {', '.join(known)}. Received: "
                f"{value!r}. Choose one of those."
            )
