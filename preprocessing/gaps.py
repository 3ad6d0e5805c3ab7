"""Where time breaks a series: one rule for storing and for scoring."""

import numpy as np

__all__ = ["GAP_PERIODS", "breaks_in", "longest_step", "period_of"]

# A gap is more than this many sampling periods.
GAP_PERIODS = 5


def period_of(timestamps: np.ndarray | None) -> float:
    """Median of the steps that go forward, in seconds; 0 = unknown.

    Args:
        timestamps: `[time]` int64 microseconds, or None.

    Example:
        >>> period_of(np.array([0, 2_000_000, 4_000_000, 90_000_000]))
        2.0
    """
    if timestamps is None:
        return 0.0
    steps = np.diff(timestamps)
    steps = steps[steps > 0]
    return float(np.median(steps)) / 1e6 if len(steps) else 0.0


def longest_step(period_seconds: float) -> float:
    """The longest step that is no gap, in microseconds.

    Args:
        period_seconds: of the series; 0 = unknown, then no step is a gap.
    """
    return GAP_PERIODS * period_seconds * 1e6 if period_seconds else np.inf


def breaks_in(
    timestamps: np.ndarray, before: int | None, longest: float
) -> list[int]:
    """Positions of the rows that do not go on from the row before them.

    Args:
        timestamps: `[time]` int64 microseconds, at least one.
        before: timestamp of the row before the first; None = there is none.
        longest: from `longest_step`, microseconds.

    Returns:
        Rows after a gap, and rows whose time repeats or goes back.

    Example:
        >>> breaks_in(np.array([3, 4, 8, 8]), 2, 3.0)
        [2, 3]
    """
    first = timestamps[0] if before is None else before
    steps = np.diff(timestamps, prepend=first)
    is_break = (steps <= 0) | (steps > longest)
    is_break[0] &= before is not None
    return np.flatnonzero(is_break).tolist()
