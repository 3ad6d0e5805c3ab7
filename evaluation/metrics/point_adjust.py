"""Point adjustment: one flag inside an event counts for the whole event.

It flatters: a random score reaches a high figure where events are long. The
figures belong beside the point metrics, never alone. PA%K lifts an event only
where more than K percent of its rows are flagged.

Flags on rows without a score do not count; rows labelled -1 are left out and
end an event. An unscored row of an event counts as one of its rows: found if
the event is lifted, else missed. So an event without any score is missed,
and K = 100 gives the point metrics.

References:
    Xu et al. 2018, "Unsupervised Anomaly Detection via Variational
    Auto-Encoder for Seasonal KPIs in Web Applications" (point adjustment).
    Kim et al. 2022, "Towards a Rigorous Evaluation of Time-series Anomaly
    Detection" (PA%K and its area).
"""

import dataclasses

import numpy as np

from evaluation.metrics.events import events, num_rows_in
from evaluation.metrics.rows import counted_flags

__all__ = [
    "OraclePointAdjusted",
    "PointAdjustedMetrics",
    "oracle_point_adjusted_f1",
    "point_adjusted_f1_area",
    "point_adjusted_flags",
    "point_adjusted_metrics",
]


@dataclasses.dataclass(frozen=True)
class PointAdjustedMetrics:
    """How adjusted flags agree with labels; NaN where no row is labelled 1.

    Attributes:
        precision: share of the flagged rows that are anomalous; 0 where
            nothing is flagged.
        recall: share of the anomalous rows that are flagged.
        f1: harmonic mean of the two.
    """

    precision: float
    recall: float
    f1: float


@dataclasses.dataclass(frozen=True)
class OraclePointAdjusted:
    """What the best threshold of all would reach; needs the test labels.

    Attributes:
        f1: the greatest point-adjusted F1; NaN where no row is labelled 1.
        threshold: the highest one that reaches it (a row is flagged where
            score >= threshold); NaN where no threshold finds an event.
    """

    f1: float
    threshold: float


def point_adjusted_flags(
    is_anomaly: np.ndarray, labels: np.ndarray, percent: float = 0.0
) -> np.ndarray:
    """Flags whole events of which enough rows are flagged.

    Args:
        is_anomaly: `[row]` bool; it is not changed.
        labels: `[row]`, 0, 1 or -1 = unknown.
        percent: K of PA%K. An event is lifted where more than this share of
            all its rows is flagged: 0 = any flag, 100 = no adjustment.

    Returns:
        `[row]` bool; rows outside of events as they were.

    Raises:
        ValueError: lengths differ, a label is something else, or `percent`
            is not within 0 to 100.

    Example:
        >>> point_adjusted_flags([0, 1, 0, 0], [1, 1, 0, 1]).tolist()
        [True, True, False, False]
    """
    is_flagged, labels = counted_flags(
        np.zeros(len(labels)), is_anomaly, labels
    )
    if not 0 <= percent <= 100:
        raise ValueError(
            "`percent` must be within 0 to 100. Received: "
            f"percent={percent}. Give the K of PA%K in percent."
        )
    lengths, num_flagged = _event_counts(is_flagged, events(labels))
    is_lifted = 100 * num_flagged > percent * lengths
    is_flagged[labels == 1] |= np.repeat(is_lifted, lengths)
    return is_flagged


def point_adjusted_metrics(
    scores: np.ndarray,
    is_anomaly: np.ndarray,
    labels: np.ndarray,
    percent: float = 0.0,
) -> PointAdjustedMetrics:
    """Precision, recall and F1 of the adjusted flags.

    Args:
        scores: `[row]` float; only NaN = not scored matters.
        is_anomaly: `[row]` bool.
        labels: `[row]`, 0, 1 or -1 = unknown.
        percent: K of PA%K, see `point_adjusted_flags`.

    Raises:
        ValueError: see `point_adjusted_flags`.

    Example:
        >>> point_adjusted_metrics([1, 2, 9, 1], [0, 0, 1, 0], [0, 1, 1, 0])
        PointAdjustedMetrics(precision=1.0, recall=1.0, f1=1.0)
    """
    is_flagged, labels = counted_flags(scores, is_anomaly, labels)
    is_lifted = point_adjusted_flags(is_flagged, labels, percent)
    num_anomalous = int((labels == 1).sum())
    if not num_anomalous:
        return PointAdjustedMetrics(float("nan"), float("nan"), float("nan"))
    num_flagged = int((is_lifted & (labels != -1)).sum())
    num_hits = int((is_lifted & (labels == 1)).sum())
    return PointAdjustedMetrics(
        precision=num_hits / num_flagged if num_flagged else 0.0,
        recall=num_hits / num_anomalous,
        f1=2 * num_hits / (num_flagged + num_anomalous),
    )


def point_adjusted_f1_area(
    scores: np.ndarray, is_anomaly: np.ndarray, labels: np.ndarray
) -> float:
    """Mean F1 of PA%K over all K from 0 to 100 percent.

    F1 is a step function of K; its area is summed exactly, not on a grid.

    Args:
        scores: `[row]` float; only NaN = not scored matters.
        is_anomaly: `[row]` bool.
        labels: `[row]`, 0, 1 or -1 = unknown.

    Returns:
        0 to 1; NaN where no row is labelled 1.

    Raises:
        ValueError: see `point_adjusted_flags`.

    Example:
        >>> area = point_adjusted_f1_area([1, 9, 1], [0, 1, 0], [1, 1, 0])
        >>> round(area, 4)
        0.8333
    """
    is_flagged, labels = counted_flags(scores, is_anomaly, labels)
    lengths, num_flagged = _event_counts(is_flagged, events(labels))
    if not len(lengths):
        return float("nan")
    shares = num_flagged / lengths
    order = np.argsort(shares)
    edges = np.unique(np.concatenate([[0.0], shares, [1.0]]))
    # Events up to here are not lifted between this edge and the next.
    num_kept = np.searchsorted(shares[order], edges[:-1], side="right")
    gains = np.append(0, (lengths - num_flagged)[order].cumsum())
    num_hits = lengths.sum() - gains[num_kept]
    num_false = (is_flagged & (labels == 0)).sum()
    f1 = 2 * num_hits / (num_hits + num_false + lengths.sum())
    return float((f1 * np.diff(edges)).sum())


def oracle_point_adjusted_f1(
    scores: np.ndarray, labels: np.ndarray
) -> OraclePointAdjusted:
    """Greatest point-adjusted F1 over all thresholds: not a result.

    It reads the test labels to choose the threshold, and is there to show how
    far published figures of this kind are from a deployed threshold. An
    event is found as a whole at its greatest score, so the candidates are
    these maxima and the scores of the normal rows: one sort, O(n log n).

    Args:
        scores: `[row]` float, larger = stranger; infinity is allowed.
        labels: `[row]`, 0, 1 or -1 = unknown.

    Raises:
        ValueError: lengths differ, or a label is something else.

    Example:
        >>> oracle_point_adjusted_f1([1., 5., 0., 2.], [1, 1, 1, 0])
        OraclePointAdjusted(f1=1.0, threshold=5.0)
    """
    scores = np.asarray(scores, np.float64)
    is_scored, labels = counted_flags(
        scores, np.ones(scores.shape, bool), labels
    )
    ranges = events(labels)
    lengths, num_scored = _event_counts(is_scored, ranges)
    if not len(lengths):
        return OraclePointAdjusted(float("nan"), float("nan"))
    known = np.append(np.where(is_scored, scores, -np.inf), -np.inf)
    peaks = np.maximum.reduceat(known, ranges.ravel())[::2][num_scored > 0]
    normal = scores[(labels == 0) & is_scored]
    candidates = np.concatenate([peaks, normal])
    num_rows = np.append(lengths[num_scored > 0], np.zeros(len(normal), int))
    order = np.argsort(-candidates)
    candidates, num_rows = candidates[order], num_rows[order]
    num_hits, num_false = num_rows.cumsum(), (num_rows == 0).cumsum()
    f1 = 2 * num_hits / (num_hits + num_false + lengths.sum())
    # Rows of equal score are flagged together: only the last of them counts.
    f1[:-1][candidates[1:] == candidates[:-1]] = 0
    if not f1.any():
        return OraclePointAdjusted(0.0, float("nan"))
    best = int(f1.argmax())
    return OraclePointAdjusted(float(f1[best]), float(candidates[best]))


def _event_counts(
    is_flagged: np.ndarray, ranges: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Rows and flagged rows of each event, `[event]` int64."""
    return np.diff(ranges).ravel(), num_rows_in(ranges, is_flagged)
