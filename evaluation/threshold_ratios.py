"""How far scores stand out, comparable where thresholds differ."""

import numpy as np

__all__ = ["threshold_ratios"]


def threshold_ratios(scores: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """Score / threshold, 1 at the threshold.

    A threshold of 0 or below has no such ratio: there it is
    1 + score - threshold, which is 1 at the threshold and rises too.

    Args:
        scores: `[row]` float, NaN = not scored.
        thresholds: `[row]` or one number; NaN = none.

    Returns:
        `[row]` float64; NaN where either is.

    Example:
        >>> threshold_ratios([6.0, 1.0, 1.0], [2.0, 0.0, np.nan])
        array([ 3.,  2., nan])
    """
    scores = np.asarray(scores, np.float64)
    thresholds = np.asarray(thresholds, np.float64)
    divisor = np.where(thresholds > 0, thresholds, 1.0)
    # Infinite scores are strange, infinity over infinity is unknown.
    with np.errstate(over="ignore", invalid="ignore"):
        return np.where(
            thresholds > 0, scores / divisor, 1 + scores - thresholds
        )
