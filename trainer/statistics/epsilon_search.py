"""The threshold above which errors are few and weigh most."""

import numpy as np

from trainer.statistics.dynamic_parameters import DynamicParameters

__all__ = ["best_epsilon"]


def best_epsilon(
    values: np.ndarray,
    mean: float,
    deviation: float,
    buffer_steps: int,
    parameters: DynamicParameters,
) -> float:
    """The threshold whose anomalies explain most of mean and deviation.

    Thresholds lie some deviations above the mean. Each is rated by how much
    smaller mean and deviation are, relative to themselves, over the values
    below it, divided by the number of anomalous steps plus the square of the
    number of runs; of the best the highest counts. A threshold that leaves
    too many runs or too many anomalous steps is not acceptable.

    Args:
        values: `[step]` float64, finite.
        mean: of `values`, or of what they mirror.
        deviation: the same, divided by the number of values.
        buffer_steps: how far a value beyond makes its neighbours anomalous.
        parameters: thresholds to try, and what is acceptable.

    Returns:
        The threshold; `deviations_limit` deviations above the mean where none
        is acceptable.

    Example:
        >>> values = np.array([1.0] * 99 + [9.0])
        >>> mean, deviation = values.mean(), values.std()
        >>> epsilon = best_epsilon(
        ...     values, mean, deviation, 3, DynamicParameters()
        ... )
        >>> round(float((epsilon - mean) / deviation), 6)
        9.5

    References:
        Hundman et al. (2018), Detecting Spacecraft Anomalies Using LSTMs and
        Nonparametric Dynamic Thresholding, section 3.2, equation for epsilon.
    """
    epsilons = mean + parameters.deviations * deviation
    nothing = mean + parameters.deviations_limit * deviation
    epsilons = epsilons[epsilons <= values.max()]
    if not len(epsilons):
        return nothing
    positions = np.flatnonzero(values >= epsilons[0])
    high = values[positions]
    is_beyond = high >= epsilons[:, np.newaxis]
    num_runs, num_covered = _runs_and_steps(
        positions, is_beyond, buffer_steps, len(values)
    )
    num_beyond = is_beyond.sum(axis=1)
    # A deviation of 0 makes ratings NaN, which are not accepted.
    with np.errstate(invalid="ignore", divide="ignore"):
        means, deviations = _moments_below(
            high, num_beyond, len(values), mean, deviation
        )
        gains = (mean - means) / mean + (deviation - deviations) / deviation
    counted = num_covered if parameters.counts_buffer else num_beyond
    ratings = gains / (num_runs**2 + counted)
    is_acceptable = (
        (num_runs <= parameters.most_runs)
        & (num_covered < parameters.largest_share * len(values))
        & ~np.isnan(ratings)
    )
    if not is_acceptable.any():
        return nothing
    is_best = is_acceptable & (ratings == ratings[is_acceptable].max())
    return float(epsilons[is_best][-1])


def _runs_and_steps(
    positions: np.ndarray,
    is_beyond: np.ndarray,
    buffer_steps: int,
    num_steps: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Runs and steps within reach of the values beyond each threshold.

    Args:
        positions: `[value]` int, ascending, of the values beyond the lowest.
        is_beyond: `[threshold, value]` bool.
        buffer_steps: the reach to both sides.
        num_steps: steps there are.

    Returns:
        Both `[threshold]` int.
    """
    starts = np.maximum(positions - buffer_steps, 0)
    stops = np.minimum(positions + buffer_steps + 1, num_steps)
    # Up to where the values before each one reach.
    covered = np.full(is_beyond.shape, -1)
    covered[:, 1:] = np.where(is_beyond, stops, -1)[:, :-1]
    covered = np.maximum.accumulate(covered, axis=1)
    num_runs = np.sum(is_beyond & (starts > covered), axis=1)
    added = np.where(is_beyond, stops - np.maximum(starts, covered), 0)
    return num_runs, added.sum(axis=1)


def _moments_below(
    high: np.ndarray,
    num_beyond: np.ndarray,
    num_values: int,
    mean: float,
    deviation: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation of all values but the largest `num_beyond`.

    Args:
        high: `[value]`, the largest values.
        num_beyond: `[threshold]` int, at most all of these.
        num_values: of all.
        mean: of all.
        deviation: of all.

    Returns:
        Both `[threshold]`, NaN where no value is left.
    """
    # Sums of centred values lose no digits, however large the mean is.
    falling = np.concatenate([[0.0], np.sort(high - mean)[::-1]])
    counts = num_values - num_beyond
    shifts = -np.cumsum(falling)[num_beyond] / counts
    squares = np.cumsum(falling**2)[num_beyond]
    variances = (num_values * deviation**2 - squares) / counts - shifts**2
    return mean + shifts, np.sqrt(np.maximum(variances, 0))
