"""Fewer points for a plot, without losing a peak."""

import numpy as np

__all__ = ["events", "kept_points"]

POINTS_A_BIN = 4


def kept_points(values: np.ndarray, limit: int) -> np.ndarray:
    """Chooses points that look like all of them when drawn as a line.

    Of each bin the first, last, smallest and largest value are kept, so no
    peak is lost.

    Args:
        values: `[point]`, NaN = no point there.
        limit: points to keep at most, at least 4.

    Returns:
        `[kept]` int, ascending positions.
    """
    num_points = len(values)
    if num_points <= limit:
        return np.arange(num_points)
    num_bins = limit // POINTS_A_BIN
    edges = np.linspace(0, num_points, num_bins + 1).astype(int)
    size = int(np.diff(edges).max())
    positions = edges[:-1, np.newaxis] + np.arange(size)
    is_inside = positions < edges[1:, np.newaxis]
    binned = values[np.minimum(positions, num_points - 1)]
    is_known = is_inside & ~np.isnan(binned)
    rows = np.arange(num_bins)
    largest = np.where(is_known, binned, -np.inf).argmax(axis=1)
    smallest = np.where(is_known, binned, np.inf).argmin(axis=1)
    return np.unique(
        [
            edges[:-1],
            edges[1:] - 1,
            positions[rows, smallest],
            positions[rows, largest],
        ]
    )


def events(is_anomalous: np.ndarray, limit: int) -> list[tuple[int, int]]:
    """Maximal runs of anomalous steps, half-open `[start, stop)`.

    Args:
        is_anomalous: `[time]` bool.
        limit: where there are more, those closer to each other than one
            part in `limit` of the series are drawn as one.
    """
    edges = np.flatnonzero(np.diff(is_anomalous.astype(np.int8), prepend=0))
    if len(edges) % 2:
        edges = np.append(edges, len(is_anomalous))
    pairs = edges.reshape(-1, 2)
    if len(pairs) > limit:
        is_apart = pairs[1:, 0] - pairs[:-1, 1] > len(is_anomalous) / limit
        starts = pairs[np.concatenate([[True], is_apart]), 0]
        stops = pairs[np.concatenate([is_apart, [True]]), 1]
        pairs = np.stack([starts, stops], axis=1)
    return [(int(start), int(stop)) for start, stop in pairs]
