"""How often which score occurs, in units of its threshold."""

from typing import NamedTuple

import numpy as np

from evaluation.metrics.rows import checked_rows

__all__ = ["Histogram", "histogram"]

# Bins grow by a factor where the ratios do by more than this.
LOG_RATIO = 20
# Tails: what lies this many times the bulk's spread or factor beyond it.
FAR_SPREADS = 4
FAR_FACTOR = 100
# Larger ones count as infinity, and their inverse as 0: they overflow.
HUGE = 1e100
# All bins together, where all ratios are 1.
NARROWEST = 0.01


class Histogram(NamedTuple):
    """Counts of scores in units of their threshold.

    Attributes:
        edges: `[bin + 1]` float64, 1 among them: a bin is flagged as a
            whole or not at all. Empty where nothing is counted.
        normal: `[bin]` int64, rows labelled 0.
        anomalous: `[bin]` int64, rows labelled 1.
        unknown: `[bin]` int64, rows labelled -1.
        is_log: whether bins grow by a factor instead of being equally wide.

    The first and the last bin also hold what lies beyond them.
    """

    edges: np.ndarray
    normal: np.ndarray
    anomalous: np.ndarray
    unknown: np.ndarray
    is_log: bool


def histogram(
    ratios: np.ndarray, labels: np.ndarray, num_bins: int = 60
) -> Histogram:
    """Counts rows by score / threshold, for each label.

    Bins grow by a factor where all ratios are above 0 and spread over more
    than a factor of 20, else they are equally wide.

    Args:
        ratios: `[row]` score / threshold; infinity goes into the first or
            last bin, NaN is not counted.
        labels: `[row]`, 0, 1 or -1 = unknown.
        num_bins: at least 2.

    Raises:
        ValueError: lengths differ, a label is something else, or `num_bins`
            is below 2.

    Example:
        >>> counts = histogram([.5, 1., np.inf], [0, 0, 1], num_bins=2)
        >>> counts.edges.tolist(), counts.normal.tolist()
        ([0.5, 1.0, 1.5], [1, 1])
    """
    ratios, labels = checked_rows(ratios, labels)
    if num_bins < 2:
        raise ValueError(
            f"`num_bins` must be at least 2. Received: {num_bins}. Leave it "
            "out to get 60."
        )
    is_known = ~np.isnan(ratios)
    ratios, labels = ratios[is_known], labels[is_known]
    if not ratios.size:
        nothing = np.empty(0, np.int64)
        return Histogram(np.empty(0), nothing, nothing, nothing, False)
    edges, is_log = _edges(ratios[np.abs(ratios) < HUGE], num_bins)
    inside = np.clip(ratios, edges[0], edges[-1])
    return Histogram(
        edges,
        *(
            np.histogram(inside[labels == each], edges)[0]
            for each in (0, 1, -1)
        ),
        is_log=is_log,
    )


def _edges(ratios: np.ndarray, num_bins: int) -> tuple[np.ndarray, bool]:
    """Edges of the bins, 1 one of them, and whether they grow by a factor.

    Far tails lie beyond them.
    """
    ratios = np.append(ratios, 1.0)
    lowest, highest = ratios.min(), ratios.max()
    is_log = bool(lowest > 0 and highest > LOG_RATIO * lowest)
    if is_log:
        ratios = np.log(np.maximum(ratios, 1 / HUGE))
        origin, far = 0.0, np.log(FAR_FACTOR)
    else:
        origin = 1.0
    first, last = np.quantile(ratios, [0.01, 0.99])
    if not is_log:
        far = FAR_SPREADS * max(last - first, 1.0)
    low = min(max(ratios.min(), first - far), origin)
    high = max(min(ratios.max(), last + far), origin)
    step = max((high - low) / (num_bins - 1), NARROWEST / num_bins)
    # One bin at least on each side, for tails that are not in the range.
    num_below = int(np.clip(np.ceil((origin - low) / step), 1, num_bins - 1))
    edges = origin + step * (np.arange(num_bins + 1) - num_below)
    return (np.exp(edges) if is_log else edges), is_log
