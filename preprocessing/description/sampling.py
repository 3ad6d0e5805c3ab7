"""A bounded number of rows, spread evenly over many."""

from collections.abc import Sequence

import numpy as np

__all__ = ["sample_rows", "spread_positions"]

MAX_ROWS = 20_000
# Wide data sets give fewer rows, so that a sample stays small.
MAX_CELLS = 10_000_000
FEWEST_ROWS = 1_000


def spread_positions(num_rows: int, limit: int) -> np.ndarray:
    """One random row of each of `limit` blocks of equal size.

    Every n-th row would see a period that divides n in one phase only.

    Args:
        num_rows: to choose from.
        limit: to choose at most.

    Returns:
        `[chosen]` int, ascending; all rows where there are no more.

    Example:
        >>> spread_positions(3, 5)
        array([0, 1, 2])
    """
    if num_rows <= limit:
        return np.arange(num_rows)
    edges = np.linspace(0, num_rows, limit + 1).astype(int)
    return np.random.default_rng(0).integers(edges[:-1], edges[1:])


def sample_rows(values: Sequence[np.ndarray], num_features: int) -> np.ndarray:
    """Rows spread evenly over stretches laid end to end.

    Args:
        values: `[time, feature]` of each stretch.
        num_features: columns, where there is no stretch.

    Returns:
        `[chosen, feature]` in order.
    """
    limit = max(min(MAX_ROWS, MAX_CELLS // max(num_features, 1)), FEWEST_ROWS)
    offsets = np.cumsum([0, *(len(rows) for rows in values)])
    positions = spread_positions(int(offsets[-1]), limit)
    bounds = np.searchsorted(positions, offsets)
    chosen = [
        rows[positions[bounds[number] : bounds[number + 1]] - offsets[number]]
        for number, rows in enumerate(values)
    ]
    return np.concatenate(chosen) if chosen else np.empty((0, num_features))
