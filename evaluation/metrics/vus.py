"""Volume under the surface: flags near an event count in part.

Rows at most `window // 2` rows away from an event are its buffer. With N
known rows, P of them anomalous, and a row flagged by threshold t where its
score is at least t:

    soft label of a buffer row = sqrt(1 - distance / window), summed over the
        events whose buffer it is in, and at most 1
    buffer hits(t) = sum of the soft labels of the flagged buffer rows
    hits(t) = flagged rows within events + buffer hits(t)
    positives(t) = P + buffer hits(t) / 2
    found(t) = share of the events, each with its buffer, that hold a flagged
        row; events whose buffers share a row are one
    recall(t) = min(hits(t) / positives(t), 1) * found(t)
    false positive rate(t) = (flagged(t) - hits(t)) / (N - positives(t))
    precision(t) = hits(t) / flagged(t)

Range-AUC-PR is the sum of precision(t) times the growth of recall(t),
range-AUC-ROC the area by trapezoids, closed by the point (1, 1). The volumes
are their means over the windows 0, 1, .., buffer length.

So do the packages `vus` 0.0.6 and TSB-AD 1.5, and with them the published
values. The paper itself has half of the whole buffer, flagged or not, in the
positives, and trapezoids for precision and over windows; `RangeAUC` of `vus`
has the first two.

References:
    Paparrizos et al. (2022), Volume Under the Surface: A New Accuracy
    Evaluation Measure for Time-Series Anomaly Detection, section 4.
    Boniol et al. (2025), VUS: Effective and Efficient Accuracy Measures for
    Time-Series Anomaly Detection.
"""

import dataclasses

import numpy as np

from evaluation.metrics.rows import checked_rows
from evaluation.metrics.surface import surface_areas

__all__ = ["NUM_THRESHOLDS", "SurfaceMetrics", "exact_vus", "range_auc", "vus"]

NUM_THRESHOLDS = 250


@dataclasses.dataclass(frozen=True)
class SurfaceMetrics:
    """Volumes under the surfaces, or areas at one window length.

    Attributes:
        pr: VUS-PR or range-AUC-PR; NaN where no known row is anomalous.
        roc: VUS-ROC or range-AUC-ROC; NaN where none is, or all are.
        buffer_length: rows of the longest window, of which half lie before
            and half behind an event.
        num_thresholds: thresholds that differ.
    """

    pr: float
    roc: float
    buffer_length: int
    num_thresholds: int


def vus(
    scores: np.ndarray, labels: np.ndarray, buffer_length: int = 100
) -> SurfaceMetrics:
    """VUS-PR and VUS-ROC at the customary 250 thresholds.

    Thresholds are the scores at 250 evenly spaced places of the falling
    scores, places rounded down. Rows without a score or with label -1 are
    not counted, ranked or flagged; an event that has no other row in it and
    its buffer is left out. Distances still run across such rows.

    Args:
        scores: `[row]` float, larger = stranger; infinity is allowed, NaN
            is a row without a score.
        labels: `[row]`, 0, 1 or -1 = unknown.
        buffer_length: rows of the longest window. Figures of different
            lengths do not compare.

    Raises:
        ValueError: lengths differ, a label is something else, or
            `buffer_length` is no number of rows.

    Example:
        >>> vus([.1, .2, .9, .3], [0, 0, 1, 0], buffer_length=2)
        SurfaceMetrics(pr=1.0, roc=1.0, buffer_length=2, num_thresholds=4)
    """
    _check_length(buffer_length)
    windows = np.arange(buffer_length + 1)
    return _metrics(scores, labels, windows, NUM_THRESHOLDS)


def exact_vus(
    scores: np.ndarray, labels: np.ndarray, buffer_length: int = 100
) -> SurfaceMetrics:
    """VUS-PR and VUS-ROC with every score as a threshold.

    Up to 250 scores it is `vus`, of longer series that is an approximation.
    Published values are those of `vus`. Arguments and errors are its.
    """
    _check_length(buffer_length)
    return _metrics(scores, labels, np.arange(buffer_length + 1), None)


def range_auc(
    scores: np.ndarray, labels: np.ndarray, buffer_length: int = 100
) -> SurfaceMetrics:
    """Range-AUC-PR and range-AUC-ROC: `vus` at this window length only.

    Arguments, thresholds and errors are those of `vus`, which is the mean
    over the lengths from 0 to its own.
    """
    _check_length(buffer_length)
    return _metrics(scores, labels, np.array([buffer_length]), NUM_THRESHOLDS)


def _metrics(
    scores: np.ndarray,
    labels: np.ndarray,
    windows: np.ndarray,
    num_thresholds: int | None,
) -> SurfaceMetrics:
    scores, labels = checked_rows(scores, labels)
    is_known = (labels != -1) & ~np.isnan(scores)
    rising = np.sort(scores[is_known])
    picked = rising
    if num_thresholds and rising.size:
        places = np.linspace(0, len(rising) - 1, num_thresholds).astype(int)
        picked = rising[::-1][places]
    thresholds = np.unique(picked)[::-1]
    num_flagged = len(rising) - np.searchsorted(rising, thresholds)
    pr = roc = float("nan")
    if (is_known & (labels == 1)).any():
        areas = surface_areas(
            scores, labels, is_known, thresholds, num_flagged, windows
        )
        pr, roc = (float(area.mean()) for area in areas)
    return SurfaceMetrics(pr, roc, int(windows[-1]), len(thresholds))


def _check_length(buffer_length: int) -> None:
    is_whole = isinstance(buffer_length, int | np.integer)
    if not is_whole or isinstance(buffer_length, bool) or buffer_length < 0:
        raise ValueError(
            "`buffer_length` must be a whole number of rows, 0 or more. "
            f"Received: {buffer_length!r}. 100 is customary."
        )
