"""The newest errors of a window, judged by all of it."""

import numpy as np

from trainer.statistics.dynamic_parameters import DynamicParameters
from trainer.statistics.epsilon_search import best_epsilon
from trainer.statistics.error_pruning import buffered, standing_out
from trainer.statistics.judged_errors import JudgedErrors

__all__ = ["judged_window"]


def judged_window(
    smoothed: np.ndarray,
    is_accepted: np.ndarray,
    num_new: int,
    parameters: DynamicParameters,
) -> JudgedErrors:
    """Judges the last steps of a window, both too high and too low errors.

    Args:
        smoothed: `[step]` float64, NaN = not known, or not ready.
        is_accepted: `[step]` bool, found anomalous before; left out.
        num_new: steps to judge, the last ones.
        parameters: the settings.

    Returns:
        The new steps. A buffer reaches no further than these.
    """
    first = len(smoothed) - num_new
    new = smoothed[first:]
    is_used = np.isfinite(smoothed) & ~is_accepted
    # Of n errors none is further than the root of n - 1 deviations out.
    if np.count_nonzero(is_used) <= parameters.lowest_deviations**2 + 1:
        return JudgedErrors.unjudged(new)
    mean, deviation = smoothed[is_used].mean(), smoothed[is_used].std()
    epsilons, is_anomaly = [], np.zeros(num_new, bool)
    for values in (smoothed, 2 * mean - smoothed):
        epsilon = best_epsilon(
            values[is_used],
            mean,
            deviation,
            parameters.buffer_steps,
            parameters,
        )
        epsilon = max(epsilon, parameters.error_floor)
        epsilons.append(epsilon)
        # Where all errors are the same, the threshold is their mean.
        is_beyond = (values >= epsilon) & ~is_accepted
        is_beyond &= values > max(mean, parameters.error_floor)
        is_anomaly |= _kept(values, is_beyond, is_used, first, parameters)
    is_judged = ~np.isnan(new)
    upper, lower = epsilons[0], 2 * mean - epsilons[1]
    # Where mean and deviation are 0, each error lies at its threshold.
    unit = mean + deviation or np.inf
    return JudgedErrors(
        smoothed_error=new.copy(),
        upper_epsilon=np.where(is_judged, upper, np.nan),
        lower_epsilon=np.where(is_judged, lower, np.nan),
        score=np.maximum(new - upper, lower - new) / unit,
        is_anomaly=is_anomaly & is_judged,
        is_judged=is_judged,
    )


def _kept(
    values: np.ndarray,
    is_beyond: np.ndarray,
    is_used: np.ndarray,
    first: int,
    parameters: DynamicParameters,
) -> np.ndarray:
    """The new steps near `is_beyond` that stand out, `[new step]` bool."""
    # What is near older ones alone never stands out from them.
    if not is_beyond[first:].any():
        return np.zeros(len(values) - first, bool)
    is_marked = buffered(is_beyond, parameters.buffer_steps)
    is_marked[:first] = False
    heights = np.where(values > 0, values, 0.0)
    largest_other = heights[is_used & ~is_marked].max(initial=0.0)
    return standing_out(
        heights, is_marked, largest_other, parameters.smallest_drop
    )[first:]
