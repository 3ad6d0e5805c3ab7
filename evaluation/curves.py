"""Curves over thresholds, as numbers: what the report's plots show."""

from typing import NamedTuple

import numpy as np
from sklearn.metrics import precision_recall_curve

from evaluation.decimation import kept_points
from evaluation.metrics.rows import checked_rows

__all__ = [
    "FACTORS",
    "PrecisionRecall",
    "Sensitivity",
    "precision_recall",
    "sensitivity",
]

# From a fifth of the deployed threshold to five times it, 1 in the middle.
FACTORS = np.concatenate([np.geomspace(0.2, 1, 41), np.geomspace(1, 5, 41)[1:]])


class PrecisionRecall(NamedTuple):
    """Precision at each recall; empty where it is not defined.

    Attributes:
        recall: `[point]` float64, ascending from 0.
        precision: `[point]` float64; that of a point holds from the recall
            of the point before it on.
    """

    recall: np.ndarray
    precision: np.ndarray


class Sensitivity(NamedTuple):
    """Figures were all thresholds multiplied by a factor.

    Attributes:
        factor: `[factor]` float64, 1 = the deployed thresholds.
        precision: `[factor]` share of the flagged rows that are anomalous;
            0 where nothing is flagged.
        recall: `[factor]` share of the anomalous rows that are flagged.
        f1: `[factor]` harmonic mean of the two.
        flagged_share: `[factor]` share of the scored rows, labelled or not,
            that are flagged.

    What is not defined is NaN.
    """

    factor: np.ndarray
    precision: np.ndarray
    recall: np.ndarray
    f1: np.ndarray
    flagged_share: np.ndarray


def precision_recall(
    scores: np.ndarray, labels: np.ndarray, limit: int = 500
) -> PrecisionRecall:
    """Traces precision and recall over all thresholds.

    An anomalous row without a score is missed at each of them, so the curve
    then ends below a recall of 1. Where all are scored, the area below its
    steps is the average precision.

    Args:
        scores: `[row]` float, larger = stranger, of one series or of
            several; infinity is allowed, NaN is a row without a score.
        labels: `[row]`, 0, 1 or -1 = unknown, which is left out.
        limit: points to keep at most, at least 5. No peak or trough is
            lost.

    Raises:
        ValueError: lengths differ, a label is something else, or `limit` is
            below 5.

    Example:
        >>> curve = precision_recall([.1, .2, .9], [1, 0, 1])
        >>> curve.recall.tolist(), curve.precision[:2].tolist()
        ([0.0, 0.5, 0.5, 1.0], [1.0, 1.0])
    """
    scores, labels = checked_rows(scores, labels)
    if limit < 5:
        raise ValueError(
            f"`limit` must be at least 5. Received: {limit}. Leave it out to "
            "keep 500 points."
        )
    is_used = (labels != -1) & ~np.isnan(scores)
    is_positive = labels[is_used] == 1
    if not is_positive.any():
        return PrecisionRecall(np.empty(0), np.empty(0))
    # Ranks order as the scores do, and hold no infinity.
    ranks = np.unique(scores[is_used], return_inverse=True)[1]
    precision, recall, _ = precision_recall_curve(
        is_positive, ranks, drop_intermediate=True
    )
    # Descending, and with a last point that belongs to no threshold.
    precision, recall = precision[-2::-1], recall[-2::-1]
    # Nothing is left to find from the first point of full recall on.
    num_points = int(np.argmax(recall == 1)) + 1
    precision, recall = precision[:num_points], recall[:num_points]
    recall = recall * (is_positive.sum() / (labels == 1).sum())
    kept = kept_points(precision, limit - 1)
    return PrecisionRecall(
        np.concatenate([[0.0], recall[kept]]),
        np.concatenate([precision[:1], precision[kept]]),
    )


def sensitivity(
    scores: np.ndarray,
    thresholds: np.ndarray,
    labels: np.ndarray,
    factors: np.ndarray = FACTORS,
) -> Sensitivity:
    """Says what the figures would be with `factor * thresholds`.

    Rows count as in `point_metrics`: label -1 is left out, an anomalous row
    without a score is missed. A row whose threshold is NaN is never flagged.

    Args:
        scores: `[row]` float, larger = stranger, NaN = not scored.
        thresholds: `[row]` float, deployed: `scores >= thresholds` is a
            flag.
        labels: `[row]`, 0, 1 or -1 = unknown.
        factors: `[factor]` float, above 0.

    Raises:
        ValueError: lengths differ, a label is something else, or a factor
            is not above 0 and finite.

    Example:
        >>> result = sensitivity([1., 2., 4.], [2., 2., 2.], [0, 0, 1],
        ...                      factors=[.5, 1., 2.])
        >>> result.flagged_share.round(2).tolist(), result.f1.round(2).tolist()
        ([1.0, 0.67, 0.33], [0.5, 0.67, 1.0])
    """
    scores, labels = checked_rows(scores, labels)
    thresholds = np.asarray(thresholds, np.float64)
    factors = np.asarray(factors, np.float64)
    _check(scores, thresholds, factors)
    low, high = _flagging_factors(scores, thresholds)
    is_positive = labels == 1
    num_scored = (~np.isnan(scores)).sum()
    num_anomalous = is_positive.sum()
    num_flagged, num_counted, num_hits = (
        _num_inside(low[rows], high[rows], factors)
        for rows in (slice(None), labels != -1, is_positive)
    )
    if num_anomalous:
        precision = num_hits / np.maximum(num_counted, 1)
        recall = num_hits / num_anomalous
        f1 = 2 * num_hits / (num_counted + num_anomalous)
    else:
        precision = recall = f1 = np.full(len(factors), np.nan)
    share = num_flagged / num_scored if num_scored else num_flagged * np.nan
    return Sensitivity(factors, precision, recall, f1, share)


def _check(
    scores: np.ndarray, thresholds: np.ndarray, factors: np.ndarray
) -> None:
    if thresholds.shape != scores.shape:
        raise ValueError(
            "`scores` and `thresholds` must be of one length. Received: "
            f"{scores.shape} and thresholds {thresholds.shape}. Repeat one "
            "threshold for each row."
        )
    if not ((factors > 0) & np.isfinite(factors)).all():
        raise ValueError(
            "`factors` must be above 0 and finite. Received: "
            f"{factors.tolist()[:5]}. Give 1 for the deployed thresholds."
        )


def _flagging_factors(
    scores: np.ndarray, thresholds: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The factors at which a row is flagged, from the first to the last.

    Multiplying moves a positive threshold up and a negative one down; the
    row is flagged up to the ratio, or from it on. Never is (inf, inf).
    """
    low = np.full(len(scores), np.inf)
    high = np.full(len(scores), np.inf)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ratio = scores / thresholds
    is_always = (scores >= thresholds) & (
        (thresholds == 0) | np.isinf(thresholds)
    )
    low[is_always] = 0
    is_above = (thresholds > 0) & np.isfinite(thresholds) & (ratio > 0)
    low[is_above], high[is_above] = 0, ratio[is_above]
    is_below = (thresholds < 0) & np.isfinite(thresholds) & ~np.isnan(ratio)
    low[is_below] = ratio[is_below]
    return low, high


def _num_inside(
    low: np.ndarray, high: np.ndarray, factors: np.ndarray
) -> np.ndarray:
    """Counts the ranges `[low, high]` that hold each factor."""
    num_begun = np.searchsorted(np.sort(low), factors, side="right")
    num_ended = np.searchsorted(np.sort(high), factors, side="left")
    return num_begun - num_ended
