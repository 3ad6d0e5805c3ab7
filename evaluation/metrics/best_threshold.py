"""The oracle: the best threshold there is, chosen with the labels in hand.

No detector has it. It bounds what a better threshold could gain, and says
nothing about what a deployed one reaches.
"""

import dataclasses

import numpy as np

from evaluation.metrics.rows import check_beta, checked_rows, counted_flags

__all__ = ["BestThreshold", "best_threshold", "oracle_gap"]

# F-beta values this close are equal: their difference is rounding.
TIE = 1e-12


@dataclasses.dataclass(frozen=True)
class BestThreshold:
    """The threshold with the highest F-beta, and its figures.

    Attributes:
        threshold: the lowest flagged score, `score >= threshold` is flagged.
            NaN where no threshold flags an anomalous row.
        precision: share of the flagged rows that are anomalous.
        recall: share of the anomalous rows that are flagged. A row that
            could not be scored is not flagged, hence missed.
        f_beta: (1 + beta**2) precision recall / (beta**2 precision + recall).
        beta: weight of recall against precision.
        num_flagged: flagged rows labelled 0 or 1.

    The three figures are NaN where no row is labelled 1, and 0 where none of
    those that are has a score.
    """

    threshold: float
    precision: float
    recall: float
    f_beta: float
    beta: float
    num_flagged: int


def best_threshold(
    scores: np.ndarray, labels: np.ndarray, beta: float = 1.0
) -> BestThreshold:
    """Finds the best point-wise F-beta over all thresholds.

    One sweep over the sorted scores; rows of equal score are flagged
    together. Rows count as in `point_metrics`: label -1 is left out, an
    anomalous row without a score is missed, and a normal one is not counted.
    Of thresholds that are equally good the lowest is taken: it has the
    highest recall.

    Args:
        scores: `[row]` float, larger = stranger; infinity is allowed, NaN
            is a row without a score.
        labels: `[row]`, 0, 1 or -1 = unknown.
        beta: weight of recall against precision, above 0.

    Raises:
        ValueError: lengths differ, a label is something else, or `beta` is
            not above 0.

    Example:
        >>> best = best_threshold([.1, .4, .3, .9], [0, 0, 1, 1])
        >>> best.threshold, best.recall, round(best.precision, 3), best.f_beta
        (0.3, 1.0, 0.667, 0.8)

    References:
        van Rijsbergen (1979), Information Retrieval, chapter 7.
    """
    scores, labels = checked_rows(scores, labels)
    check_beta(beta)
    num_anomalous = int((labels == 1).sum())
    is_used = (labels != -1) & ~np.isnan(scores)
    used_scores, is_positive = scores[is_used], labels[is_used] == 1
    nan = float("nan")
    if not num_anomalous:
        return BestThreshold(nan, nan, nan, nan, beta, 0)
    if not is_positive.any():
        return BestThreshold(nan, 0.0, 0.0, 0.0, beta, 0)
    levels, level_of = np.unique(used_scores, return_inverse=True)
    num_hits = _from_above(
        np.bincount(level_of[is_positive], minlength=len(levels))
    )
    num_flagged = _from_above(np.bincount(level_of))
    f_beta = _f_beta(num_hits, num_flagged, num_anomalous, beta)
    best = int(np.argmax(f_beta >= f_beta.max() * (1 - TIE)))
    return BestThreshold(
        threshold=float(levels[best]),
        precision=float(num_hits[best] / num_flagged[best]),
        recall=float(num_hits[best] / num_anomalous),
        f_beta=float(f_beta[best]),
        beta=beta,
        num_flagged=int(num_flagged[best]),
    )


def oracle_gap(
    scores: np.ndarray,
    is_anomaly: np.ndarray,
    labels: np.ndarray,
    beta: float = 1.0,
) -> float:
    """F-beta that the deployed threshold leaves to the best one.

    Args:
        scores: `[row]` float, NaN is a row without a score.
        is_anomaly: `[row]` bool, flags at the deployed threshold. Flags on
            rows without a score do not count.
        labels: `[row]`, 0, 1 or -1 = unknown.
        beta: weight of recall against precision, above 0.

    Returns:
        Best minus deployed, 0 to 1; NaN where no row is labelled 1. Below 0
        only where the flags are those of no single threshold.

    Raises:
        ValueError: as `best_threshold`.

    Example:
        >>> oracle_gap([.1, .4, .8, .9], [0, 1, 1, 1], [0, 0, 0, 1])
        0.5
    """
    is_flagged, labels = counted_flags(scores, is_anomaly, labels)
    is_flagged &= labels != -1
    best = best_threshold(scores, labels, beta)
    num_hits = (is_flagged & (labels == 1)).sum()
    num_anomalous = int((labels == 1).sum())
    if not num_anomalous:
        return float("nan")
    deployed = _f_beta(num_hits, is_flagged.sum(), num_anomalous, beta)
    return float(best.f_beta - deployed)


def _f_beta(
    num_hits: np.ndarray,
    num_flagged: np.ndarray,
    num_anomalous: int,
    beta: float,
) -> np.ndarray:
    """F-beta from counts; 0 where nothing is flagged."""
    return (1 + beta**2) * num_hits / (num_flagged + beta**2 * num_anomalous)


def _from_above(counts: np.ndarray) -> np.ndarray:
    """Sums over this level and all higher ones."""
    return np.cumsum(counts[::-1])[::-1]
