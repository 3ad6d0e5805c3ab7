"""The rule by which a trial that does worse than most is stopped."""

import statistics
from collections.abc import Mapping, Sequence

__all__ = ["is_worse_than_median"]

# A median of fewer is chance.
_FEWEST_FINISHED = 5


def is_worse_than_median(
    curve: Mapping[int, float], finished: Sequence[Mapping[int, float]]
) -> bool:
    """Whether a trial is to be stopped.

    Its best value is compared with the median, over finished trials, of the
    mean of all values that each had reported up to the same step.

    Args:
        curve: step to reported value, smaller = better, of the trial.
        finished: the same, of the trials that came to their end.

    Returns:
        False also where too few trials are finished.

    References:
        Golovin et al. (2017), Google Vizier: A Service for Black-Box
        Optimization, section 3.2.2.
    """
    if not curve:
        return False
    last = max(curve)
    means = [
        statistics.fmean(until)
        for other in finished
        if (until := [value for step, value in other.items() if step <= last])
    ]
    if len(means) < _FEWEST_FINISHED:
        return False
    return min(curve.values()) > statistics.median(means)
