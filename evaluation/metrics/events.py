"""Anomalies as events: stretches of rows instead of single rows."""

import numpy as np

__all__ = ["events", "merged", "num_rows_in"]


def events(labels: np.ndarray) -> np.ndarray:
    """Finds the stretches of rows that are labelled 1.

    Args:
        labels: `[row]`, 0, 1 or -1 = unknown, which ends a stretch; or bool.

    Returns:
        `[event, 2]` int64, first row and the row after the last.

    Example:
        >>> events(np.array([1, 1, 0, 1])).tolist()
        [[0, 2], [3, 4]]
    """
    is_inside = np.concatenate([[False], np.asarray(labels) == 1, [False]])
    edges = np.flatnonzero(is_inside[1:] != is_inside[:-1])
    return edges.reshape(-1, 2).astype(np.int64)


def merged(ranges: np.ndarray, distance: float) -> np.ndarray:
    """Makes one of neighbours with fewer rows than a distance in between.

    Args:
        ranges: `[range, 2]` int, first row and the row after the last, in
            order and without overlap.
        distance: in rows; those that lie as far apart stay two.

    Returns:
        `[merged, 2]` int.

    Example:
        >>> merged(np.array([[0, 2], [3, 4], [6, 7]]), 2).tolist()
        [[0, 4], [6, 7]]
    """
    is_apart = ranges[1:, 0] - ranges[:-1, 1] >= distance
    edge = np.ones(min(len(ranges), 1), bool)
    starts = ranges[np.concatenate([edge, is_apart]), 0]
    stops = ranges[np.concatenate([is_apart, edge]), 1]
    return np.stack([starts, stops], axis=1)


def num_rows_in(ranges: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Counts the rows of each range that are in a mask.

    Args:
        ranges: `[range, 2]` int, first row and the row after the last.
        mask: `[row]` bool.

    Returns:
        `[range]` int64.

    Example:
        >>> num_rows_in(np.array([[0, 2], [2, 3]]), np.array([1, 1, 0]) == 1)
        array([2, 0])
    """
    num_before = np.concatenate([[0], np.cumsum(mask, dtype=np.int64)])
    return num_before[ranges[:, 1]] - num_before[ranges[:, 0]]
