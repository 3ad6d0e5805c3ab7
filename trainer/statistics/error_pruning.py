"""Runs of anomalous steps: made from single errors, and thinned out."""

import numpy as np

__all__ = ["buffered", "pruned", "runs_of", "standing_out"]


def runs_of(is_inside: np.ndarray) -> np.ndarray:
    """Maximal runs of consecutive True.

    Args:
        is_inside: `[step]` bool.

    Returns:
        `[run, 2]` int64, half-open `[start, stop)`.

    Example:
        >>> runs_of(np.array([True, True, False, True])).tolist()
        [[0, 2], [3, 4]]
    """
    edges = np.diff(is_inside.astype(np.int8), prepend=0, append=0)
    return np.flatnonzero(edges).reshape(-1, 2)


def buffered(is_beyond: np.ndarray, buffer_steps: int) -> np.ndarray:
    """Marks also the steps up to `buffer_steps` before and after each.

    Example:
        >>> buffered(np.array([0, 0, 1, 0, 0, 0], bool), 1).astype(int)
        array([0, 1, 1, 1, 0, 0])
    """
    edges = np.zeros(len(is_beyond) + 1, int)
    positions = np.flatnonzero(is_beyond)
    np.add.at(edges, np.maximum(positions - buffer_steps, 0), 1)
    stops = np.minimum(positions + buffer_steps + 1, len(is_beyond))
    np.add.at(edges, stops, -1)
    return np.cumsum(edges[:-1]) > 0


def pruned(
    peaks: np.ndarray, largest_other: float, smallest_drop: float
) -> np.ndarray:
    """Which runs stand out from the rest.

    The peaks in falling order, then the largest other error: all down to the
    last that is followed by a large drop are kept, so that one clear drop
    keeps all above it. Equal peaks are kept or dropped together.

    Args:
        peaks: `[run]` float64, the largest error of each run.
        largest_other: of the steps that are in no run.
        smallest_drop: relative to the peak before the drop.

    Returns:
        `[run]` bool.

    Example:
        >>> pruned(np.array([0.5, 1.0]), 0.3, 0.13)
        array([ True,  True])

    References:
        Hundman et al. (2018), Detecting Spacecraft Anomalies Using LSTMs and
        Nonparametric Dynamic Thresholding, section 3.3.
    """
    falling = np.append(np.sort(peaks)[::-1], largest_other)
    # From an infinite peak or one of 0 the drop is NaN, which is not small.
    with np.errstate(invalid="ignore", divide="ignore"):
        drops = (falling[:-1] - falling[1:]) / falling[:-1]
    is_large = ~(drops < smallest_drop)
    if not is_large.any():
        return np.zeros(len(peaks), bool)
    return peaks >= falling[:-1][is_large][-1]


def standing_out(
    values: np.ndarray,
    is_marked: np.ndarray,
    largest_other: float,
    smallest_drop: float,
) -> np.ndarray:
    """The marked steps whose run is kept by `pruned`.

    Args:
        values: `[step]` float64, not NaN.
        is_marked: `[step]` bool.
        largest_other: of `pruned`.
        smallest_drop: of `pruned`.

    Returns:
        `[step]` bool.
    """
    runs = runs_of(is_marked)
    peaks = np.array([values[start:stop].max() for start, stop in runs])
    is_kept = np.zeros(len(values), bool)
    for start, stop in runs[pruned(peaks, largest_other, smallest_drop)]:
        is_kept[start:stop] = True
    return is_kept
