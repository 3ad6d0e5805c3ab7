"""What principal components of normal rows leave of other rows.

A single column has no other to compare with: its rows are windows that end
there. Only the last cell of a window is judged: the score belongs to that
row, and the nine after an anomaly are not blamed for it.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from sklearn.decomposition import PCA

from evaluation.known_terms import has_enough

__all__ = [
    "EXPLAINED_VARIANCE",
    "Components",
    "fit_components",
    "unexplained",
]

EXPLAINED_VARIANCE = 0.9
MIN_ROWS = 10
MAX_ROWS = 100_000
ROWS_A_WINDOW = 10


class Components(NamedTuple):
    """Principal components of `width` columns, or rows of one column.

    Attributes:
        mean: `[width]`, scaled units.
        directions: `[component, width]`, orthonormal.
    """

    mean: np.ndarray
    directions: np.ndarray


def fit_components(
    runs: Iterable[np.ndarray], num_rows: int
) -> Components | None:
    """Finds the directions that explain 90 % of the variance.

    Args:
        runs: `[time, column]` each, scaled units, NaN = missing, which is
            taken for 0. They may be made one at a time: few rows are kept.
        num_rows: of all runs together. Of more than 100,000 rows an even
            choice is taken.

    Returns:
        None where fewer than 10 rows are known by half.
    """
    chosen = list(_evenly(runs, max(1, -(-num_rows // MAX_ROWS))))
    if not chosen:
        return None
    rows = np.concatenate(chosen)
    rows = rows[has_enough(rows)]
    rows = np.where(np.isfinite(rows), rows, 0.0)
    if len(rows) < MIN_ROWS:
        return None
    width = rows.shape[1]
    if not np.ptp(rows, axis=0).any():
        return Components(rows[0], np.zeros((0, width)))
    model = PCA(EXPLAINED_VARIANCE, svd_solver="covariance_eigh").fit(rows)
    # With as many components as columns nothing would ever be left.
    return Components(model.mean_, model.components_[: width - 1])


def unexplained(components: Components, values: np.ndarray) -> np.ndarray:
    """What the principal components leave of each row.

    Args:
        components: of as many columns.
        values: `[time, column]`, an unbroken stretch in scaled units, NaN =
            missing, which is taken for 0.

    Returns:
        `[time, column]` float64, scaled units; NaN for missing cells, for
        rows with fewer than half of their cells known and for those without
        a whole window. Infinite cells stay infinite.
    """
    rows = _rows_of(values)
    mean, directions = components
    centred = np.where(np.isfinite(rows), rows, 0.0) - mean
    left = centred - centred @ directions.T @ directions
    left = np.where(np.isfinite(rows), left, rows)
    left[~has_enough(rows)] = np.nan
    result = np.full(np.shape(values), np.nan)
    result[len(values) - len(left) :] = left[:, -values.shape[1] :]
    return result


def _evenly(runs: Iterable[np.ndarray], stride: int) -> Iterator[np.ndarray]:
    """Every n-th of all rows, counted on from run to run."""
    num_before = 0
    for run in runs:
        rows = _rows_of(run)
        # A copy, or all rows would stay in memory behind the few.
        yield rows[-num_before % stride :: stride].copy()
        num_before += len(rows)


def _rows_of(values: np.ndarray) -> np.ndarray:
    if values.shape[1] > 1:
        return values
    if len(values) < ROWS_A_WINDOW:
        return np.empty((0, ROWS_A_WINDOW))
    return sliding_window_view(values[:, 0], ROWS_A_WINDOW)
