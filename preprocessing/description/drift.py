"""How far the columns of a split are from train, without units."""

from typing import NamedTuple

import numpy as np

from trainer.statistics.columns import ColumnStatistics

__all__ = ["Drift", "distribution_distance", "measure_drift", "movement"]


class Drift(NamedTuple):
    """One split beside train; all `[feature]`.

    Attributes:
        distance: largest difference of the two distribution functions
            (two-sample Kolmogorov-Smirnov), 0 to 1; NaN where one side has
            no measured cell.
        shift: of the mean, in standard deviations of train; NaN where train
            is constant or a side has no measured cell.
        excess: how far the split leaves train's range, in widths of that
            range; 0 = it stays inside; NaN as for `shift`.
        is_newly_moving: constant in train, with another value here.
    """

    distance: np.ndarray
    shift: np.ndarray
    excess: np.ndarray
    is_newly_moving: np.ndarray


def measure_drift(
    train: ColumnStatistics,
    train_sample: np.ndarray,
    other: ColumnStatistics,
    other_sample: np.ndarray,
) -> Drift:
    """Compares a split with train.

    Args:
        train: statistics of all rows of train.
        train_sample: `[row, feature]` rows of train, raw units.
        other: statistics of all rows of the split.
        other_sample: `[row, feature]` rows of the split.
    """
    is_known = (train.count > 0) & (other.count > 0)
    # Extremes of nothing are infinite: unknown instead.
    train_low, train_high, other_low, other_high = np.where(
        is_known,
        [train.minimum, train.maximum, other.minimum, other.maximum],
        np.nan,
    )
    is_varying = train_high > train_low
    width = np.where(is_varying, train_high - train_low, np.nan)
    deviation = np.sqrt(np.where(is_varying, train.variance, np.nan))
    beyond = np.maximum(other_high - train_high, train_low - other_low)
    return Drift(
        distance=np.array(
            [
                distribution_distance(first, second)
                for first, second in zip(
                    train_sample.T, other_sample.T, strict=True
                )
            ]
        ),
        shift=(other.mean - train.mean) / deviation,
        excess=np.maximum(beyond, 0.0) / width,
        is_newly_moving=train.is_constant & (beyond > 0),
    )


def distribution_distance(first: np.ndarray, second: np.ndarray) -> float:
    """Largest difference of two empirical distribution functions.

    Args:
        first: `[cell]`, NaN = not measured.
        second: `[cell]`, likewise.

    Returns:
        0 (alike) to 1 (no overlap); NaN where a side has no measured cell.

    Example:
        >>> distribution_distance(np.array([1.0, 2.0]), np.array([2.0, 3.0]))
        0.5

    References:
        Smirnov (1939), "On the estimation of the discrepancy between
        empirical curves of distribution for two independent samples".
    """
    first = np.sort(first[~np.isnan(first)])
    second = np.sort(second[~np.isnan(second)])
    if not len(first) or not len(second):
        return float("nan")
    cells = np.concatenate([first, second])
    below_first = np.searchsorted(first, cells, side="right") / len(first)
    below_second = np.searchsorted(second, cells, side="right") / len(second)
    return float(np.abs(below_first - below_second).max())


def movement(series: ColumnStatistics, train: ColumnStatistics) -> np.ndarray:
    """How much columns move in a series, in standard deviations of train.

    Args:
        series: statistics of the series.
        train: statistics of train, of all series.

    Returns:
        `[feature]`; infinity where train is constant and the series is not,
        0 where the series is constant.
    """
    is_moving = (series.count > 0) & (series.minimum < series.maximum)
    is_train_moving = (train.count > 0) & (train.minimum < train.maximum)
    spread = np.sqrt(np.where(is_train_moving, train.variance, 1.0))
    relative = np.where(
        is_train_moving, np.sqrt(series.variance) / spread, np.inf
    )
    return np.where(is_moving, relative, 0.0)
