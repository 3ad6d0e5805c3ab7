"""Fewer points and events for a plot, without losing a peak."""

import numpy as np

from evaluation.metrics.events import events, merged

__all__ = ["drawn_events", "kept_points"]

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


def drawn_events(is_anomalous: np.ndarray, limit: int) -> list[tuple[int, int]]:
    """Events to draw, half-open `[start, stop)`.

    Args:
        is_anomalous: `[time]` bool.
        limit: events to draw at most. Where there are more, those closer to
            each other than one part in `limit` of the series are drawn as
            one.
    """
    found = events(is_anomalous)
    if len(found) > limit:
        found = merged(found, len(is_anomalous) / limit)
    return [(start, stop) for start, stop in found.tolist()]
