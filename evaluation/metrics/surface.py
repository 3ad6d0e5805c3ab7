"""Areas below range-based precision-recall and ROC curves, for `vus`."""

import numpy as np
from scipy import sparse

from evaluation.metrics.events import events

__all__ = ["surface_areas"]

# Cells of the largest arrays: small enough to stay in a cache.
BLOCK = 2**17


def surface_areas(
    scores: np.ndarray,
    labels: np.ndarray,
    is_known: np.ndarray,
    thresholds: np.ndarray,
    num_flagged: np.ndarray,
    windows: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Range-AUC-PR and range-AUC-ROC at each window length.

    Each row in or near an event is put, once, into the bin of the highest
    threshold that flags it; running sums over bins are then the counts of
    all thresholds. The formulas stand in `evaluation.metrics.vus`.

    Args:
        scores: `[row]` float64.
        labels: `[row]`, 0, 1 or -1.
        is_known: `[row]` bool, False leaves a row out; one known row at
            least is labelled 1.
        thresholds: `[threshold]` falling, none twice, from the highest
            known score to the lowest.
        num_flagged: `[threshold]`, known rows that each flags.
        windows: `[window]` int, rows, rising.

    Returns:
        Two arrays `[window]`; the second is NaN where all known rows are
        anomalous.
    """
    half = int(windows[-1]) // 2
    ranges = events(labels)
    rows, nearest, second = _buffer_rows(ranges, is_known & (labels != 1), half)
    event_rows = np.flatnonzero(is_known & (labels == 1))
    # Padded, and in a bin beyond the last where nothing is known.
    bins = np.full(len(scores) + 2 * half, len(thresholds))
    for some in (rows, event_rows):
        bins[half + some] = np.searchsorted(-thresholds, -scores[some])
    event_hits = np.bincount(bins[half + event_rows], minlength=len(thresholds))
    event_hits = event_hits.cumsum()[:, None]
    found = _found_shares(ranges, bins, half, len(thresholds))
    counts, soft = _soft_labels(
        bins[half + rows], nearest, second, windows, len(thresholds)
    )
    size = max(1, BLOCK // len(thresholds))
    areas = []
    for start in range(0, len(windows), size):
        block = slice(start, start + size)
        buffer_hits = (counts @ soft[:, block]).cumsum(axis=0)
        found_block = found[:, windows[block] // 2]
        areas.append(_areas(event_hits, buffer_hits, found_block, num_flagged))
    pr, roc = np.hstack(areas)
    return pr, roc


def _areas(
    event_hits: np.ndarray,
    buffer_hits: np.ndarray,
    found: np.ndarray,
    num_flagged: np.ndarray,
) -> np.ndarray:
    """`[2, window]` from counts of `[threshold, window]`.

    The lowest threshold flags all: the last counts are the totals.
    """
    num_flagged = num_flagged[:, None]
    num_known, num_anomalous = num_flagged[-1], event_hits[-1]
    hits = event_hits + buffer_hits
    positives = num_anomalous + buffer_hits / 2
    recall = np.minimum(hits / positives, 1.0) * found
    growth = np.diff(recall, axis=0, prepend=0.0)
    pr = np.einsum("tw,tw->w", growth, hits / num_flagged)
    if num_known == num_anomalous:
        return np.stack([pr, np.full(len(pr), np.nan)])
    rate = (num_flagged - hits) / (num_known - positives)
    step = np.diff(rate, axis=0, prepend=0.0)
    roc = np.einsum("tw,tw->w", step, recall - growth / 2)
    # The lowest threshold may leave some to the point (1, 1).
    roc += (1 - rate[-1]) * (1 + recall[-1]) / 2
    return np.stack([pr, roc])


def _buffer_rows(
    ranges: np.ndarray, is_buffer: np.ndarray, half: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows near events, and the distances to the two nearest events.

    All `[row]`; the second distance is `half + 1` where there is none.
    """
    distances = np.arange(1, half + 1)
    before = ranges[:, :1] - distances
    behind = ranges[:, 1:] - 1 + distances
    rows = np.concatenate([before.ravel(), behind.ravel()])
    distances = np.tile(distances, 2 * len(ranges))
    is_used = (rows >= 0) & (rows < len(is_buffer))
    is_used[is_used] = is_buffer[rows[is_used]]
    keys = np.sort(rows[is_used] * (half + 1) + distances[is_used])
    rows, distances = np.divmod(keys, half + 1)
    first = np.flatnonzero(np.diff(rows, prepend=-1))
    num_near = np.diff(first, append=len(rows))
    second = np.full(len(first), half + 1)
    second[num_near > 1] = distances[first[num_near > 1] + 1]
    return rows[first], distances[first], second


def _soft_labels(
    bins: np.ndarray,
    nearest: np.ndarray,
    second: np.ndarray,
    windows: np.ndarray,
    num_bins: int,
) -> tuple[sparse.csr_array, np.ndarray]:
    """Soft labels of buffer rows, one for all rows at equal distances.

    Returns:
        `[threshold, kind]`, how many rows of a kind are in a bin; and
        `[kind, window]`, their soft label.
    """
    base = windows[-1] // 2 + 2
    kinds, kind_of = np.unique(nearest * base + second, return_inverse=True)
    nearest, second = np.divmod(kinds[:, None], base)
    share = np.minimum(nearest / np.maximum(windows, 1), 1.0)
    soft = np.sqrt(1 - share) * (nearest <= windows // 2)
    # Each of two is .7 or more, and the sum is cut to 1.
    soft[second <= windows // 2] = 1.0
    cells = np.ones(len(bins)), (bins, kind_of)
    return sparse.csr_array(cells, shape=(num_bins, len(kinds))), soft


def _found_shares(
    ranges: np.ndarray, bins: np.ndarray, half: int, num_bins: int
) -> np.ndarray:
    """`[threshold, half + 1]`, share of extended ranges with a flagged row.

    Args:
        ranges: `[event, 2]`.
        bins: `[half + row + half]`, padded; `num_bins` where not known.
        half: rows in the longest buffer.
        num_bins: number of thresholds.
    """
    distances = np.arange(half + 1)[:, None]
    starts, stops = ranges.T + half
    # One place more, as the last range may end at the end.
    inside = np.minimum.reduceat(np.append(bins, 0), (ranges + half).ravel())
    ends = np.minimum(bins[starts - distances], bins[stops - 1 + distances])
    first_bins = np.minimum(inside[::2], np.minimum.accumulate(ends, axis=0))
    # Ranges that share a row are one.
    gaps = np.append(np.inf, starts[1:] - stops[:-1] + 1)
    begins = np.flatnonzero(gaps > 2 * distances)
    first_bins = np.minimum.reduceat(first_bins.ravel(), begins)
    cells = (begins // len(ranges)) * (num_bins + 1) + first_bins
    counts = np.bincount(cells, minlength=(half + 1) * (num_bins + 1))
    found = counts.reshape(half + 1, -1)[:, :-1].cumsum(axis=1).T
    return found / found[-1]
