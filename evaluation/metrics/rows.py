"""The rows of one series, as all metrics are given them."""

import numpy as np

__all__ = ["check_beta", "checked_rows", "counted_flags", "f_beta", "largest"]


def checked_rows(
    scores: np.ndarray, labels: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Checks scores and labels.

    Args:
        scores: `[row]` float, NaN = not scored.
        labels: `[row]`, 0, 1 or -1 = unknown.

    Returns:
        Both as arrays, scores float64.

    Raises:
        ValueError: lengths differ, or a label is something else.
    """
    scores, labels = np.asarray(scores, np.float64), np.asarray(labels)
    if scores.shape != labels.shape or labels.ndim != 1:
        raise ValueError(
            "`scores` and `labels` must be flat and of one length. Received: "
            f"{scores.shape} and labels {labels.shape}. Give one of each for "
            "each row."
        )
    if not ((labels == 0) | (labels == 1) | (labels == -1)).all():
        raise ValueError(
            "`labels` must be 0, 1 or -1 (unknown). Received: "
            f"{np.unique(labels).tolist()[:5]}. Map other labels first."
        )
    return scores, labels


def counted_flags(
    scores: np.ndarray, is_anomaly: np.ndarray, labels: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Checks the arguments; flags on rows without a score do not count.

    Args:
        scores: `[row]` float; only which of them are NaN matters.
        is_anomaly: `[row]` bool.
        labels: `[row]`, 0, 1 or -1 = unknown.

    Returns:
        Flags that count, `[row]` bool, and the labels, an array.

    Raises:
        ValueError: lengths differ, or a label is something else.

    Example:
        >>> counted_flags([np.nan, 1.0], [1, 1], [0, 1])[0].tolist()
        [False, True]
    """
    scores, labels = checked_rows(scores, labels)
    is_anomaly = np.asarray(is_anomaly, bool)
    if is_anomaly.shape != labels.shape:
        raise ValueError(
            "`is_anomaly` and `labels` must be of one length. Received: "
            f"{is_anomaly.shape} and labels {labels.shape}. Give one of each "
            "for each row."
        )
    return is_anomaly & ~np.isnan(scores), labels


def check_beta(beta: float) -> None:
    """Raises ValueError where `beta` is not a positive number."""
    if not 0 < beta < np.inf:
        raise ValueError(
            f"`beta` must be above 0 and finite. Received: {beta}. Give 1 to "
            "weigh precision and recall alike."
        )


def f_beta(precision: float, recall: float, beta: float = 1.0) -> float:
    """Weighted harmonic mean of precision and recall.

    Args:
        precision: 0 to 1, or NaN = not defined.
        recall: the same.
        beta: weight of recall against precision, above 0.

    Returns:
        0 to 1; NaN where one of the two is.

    Raises:
        ValueError: `beta` is not a positive number.

    References:
        van Rijsbergen 1979, "Information Retrieval", chapter 7.

    Example:
        >>> f_beta(0.5, 1.0, beta=0.5)
        0.5555555555555556
    """
    check_beta(beta)
    if precision == recall == 0:
        return 0.0
    square = beta**2
    return (1 + square) * precision * recall / (square * precision + recall)


def largest(scores: np.ndarray) -> float:
    """The largest score of rows that count as one; NaN where none is scored.

    Args:
        scores: `[row]` float, NaN = not scored.

    Example:
        >>> largest([1.0, np.nan, -2.0])
        1.0
    """
    scores = np.asarray(scores, np.float64)
    known = scores[~np.isnan(scores)]
    return float(known.max()) if known.size else float("nan")
