"""Sums over the columns of a row where some of its cells are missing.

The known terms stand for all: they are scaled up. A row with fewer than half
of them known has no sum.
"""

import numpy as np

__all__ = ["has_enough", "scaled_up"]


def has_enough(terms: np.ndarray) -> np.ndarray:
    """Whether at least half of a row is known.

    Args:
        terms: `[row, column]` float, NaN = missing.

    Returns:
        `[row]` bool.

    Example:
        >>> has_enough(np.array([[1.0, np.nan], [np.nan, np.nan]]))
        array([ True, False])
    """
    return 2 * (~np.isnan(terms)).sum(axis=1) >= terms.shape[1]


def scaled_up(terms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sums of rows, and terms that add up to them.

    Args:
        terms: `[row, column]` float, NaN = missing.

    Returns:
        `[row]` float64 sums and `[row, column]` float64 terms; NaN for rows
        that have too few known ones, and for missing terms.

    Example:
        >>> scaled_up(np.array([[1.0, np.nan], [np.nan, np.nan]]))
        (array([ 2., nan]), array([[ 2., nan],
               [nan, nan]]))
    """
    num_known = (~np.isnan(terms)).sum(axis=1, keepdims=True)
    is_known_enough = has_enough(terms)
    terms = terms * (terms.shape[1] / np.maximum(num_known, 1))
    terms[~is_known_enough] = np.nan
    sums = np.where(is_known_enough, np.nansum(terms, axis=1), np.nan)
    return sums, terms
