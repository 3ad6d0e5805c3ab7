"""Alarms as events: how many there are, for which threshold, how surely."""

import numpy as np
from scipy import stats

__all__ = [
    "event_peaks",
    "num_alarms",
    "poisson_rate_interval",
    "threshold_for_alarms",
]


def num_alarms(scores: np.ndarray, threshold: float) -> int:
    """How often a person would be called: runs of scores that reach it.

    Args:
        scores: `[step]` in time order. NaN ends a run; put one between
            stretches that do not follow one another.
        threshold: an alarm is a maximal run of steps with scores >= it.

    Example:
        >>> num_alarms(np.array([5.0, 5.0, 1.0, 5.0, np.nan, 5.0]), 5.0)
        3
    """
    return int(np.count_nonzero(_begins_run(np.asarray(scores) >= threshold)))


def event_peaks(scores: np.ndarray, level: float) -> np.ndarray:
    """The largest score of each run of scores >= `level`, in time order.

    Neighbouring steps of one event are not independent; its peaks nearly
    are, so that a distribution can be fitted to them (runs declustering).

    Args:
        scores: `[step]` in time order, NaN ends a run.
        level: where an event begins.

    Returns:
        `[event]`.

    References:
        Coles (2001), An introduction to statistical modeling of extreme
        values, section 5.3.2, with runs that end at one step below.
    """
    scores = np.asarray(scores)
    is_high = scores >= level
    if not is_high.any():
        return np.zeros(0)
    begins = np.flatnonzero(_begins_run(is_high)[is_high])
    return np.maximum.reduceat(scores[is_high], begins)


def threshold_for_alarms(scores: np.ndarray, num_wanted: float) -> float:
    """The lowest threshold with at most `num_wanted` alarms at it and above.

    Thresholds come down from the highest score and stop before the first
    that gives more: further down alarms can be fewer again, because they
    run together. The lowest score is always spared.

    Args:
        scores: `[step]` in time order, NaN ends a run; at least one number.
        num_wanted: alarms on all of `scores`; below 1 gives none.

    Returns:
        The next number above the score that must be spared.

    Raises:
        ValueError: all scores are NaN, or `num_wanted` is NaN or below 0.

    Example:
        >>> scores = np.array([0.0, 9.0, 0.0, 8.0, 2.0, 7.0])
        >>> threshold_for_alarms(scores, 2)
        7.000000000000001
    """
    scores = np.asarray(scores, dtype=np.float64)
    is_scored = ~np.isnan(scores)
    if not is_scored.any() or not num_wanted >= 0:
        raise ValueError(
            "`scores` must hold a number and `num_wanted` be at least 0. "
            f"Received: {is_scored.sum()} of {scores.size} steps scored, "
            f"num_wanted={num_wanted}. Score more steps, or want alarms."
        )
    # A step begins an alarm for thresholds above the score before it, up to
    # its own: the count rises by one at the upper end, falls at the lower.
    before = np.append(np.nan, scores[:-1])
    before[np.isnan(before)] = -np.inf
    is_rise = scores > before
    levels = np.unique(scores[is_scored])
    upper = np.searchsorted(levels, scores[is_rise])
    lower = np.searchsorted(levels, before[is_rise & (before > -np.inf)])
    changes = np.bincount(upper, minlength=len(levels)) - np.bincount(
        lower, minlength=len(levels)
    )
    counts = np.cumsum(changes[::-1])[::-1]
    too_many = np.flatnonzero(counts > num_wanted)
    spared = levels[too_many[-1] if len(too_many) else 0]
    return float(np.nextafter(spared, np.inf))


def poisson_rate_interval(
    num_events: int, exposure: float, confidence: float = 0.95
) -> tuple[float, float]:
    """The exact interval of a rate from a count of independent events.

    It covers the true rate at least as often as `confidence` says.

    Args:
        num_events: how many were counted.
        exposure: over how much, in any unit, for example days.
        confidence: between 0 and 1.

    Returns:
        Lowest and highest rate, events a unit of exposure; NaN where there
        is no exposure.

    Raises:
        ValueError: a number is out of bounds.

    Example:
        >>> low, high = poisson_rate_interval(10, exposure=2.0)
        >>> round(low, 3), round(high, 3)
        (2.398, 9.195)

    References:
        Garwood (1936), Fiducial limits for the Poisson distribution,
        Biometrika 28.
    """
    if not (num_events >= 0 and exposure >= 0 and 0 < confidence < 1):
        raise ValueError(
            "`num_events` and `exposure` must be at least 0, `confidence` "
            f"between 0 and 1. Received: num_events={num_events}, "
            f"exposure={exposure}, confidence={confidence}. Count first."
        )
    if exposure == 0:
        return np.nan, np.nan
    tail = (1 - confidence) / 2
    low = stats.chi2.ppf(tail, 2 * num_events) / 2 if num_events else 0.0
    high = stats.chi2.isf(tail, 2 * (num_events + 1)) / 2
    return float(low / exposure), float(high / exposure)


def _begins_run(is_in_run: np.ndarray) -> np.ndarray:
    """Whether a run of True begins at each step."""
    return is_in_run & ~np.append(False, is_in_run[:-1])
