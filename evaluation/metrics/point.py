"""Point metrics: each labelled row counts once, unscored rows are misses."""

import dataclasses

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score

from evaluation.metrics.rows import counted_flags

__all__ = ["PointMetrics", "point_metrics"]


@dataclasses.dataclass(frozen=True)
class PointMetrics:
    """How flags and scores agree with labels; rows labelled -1 left out.

    Attributes:
        precision: share of the flagged rows that are anomalous; 0 where
            nothing is flagged.
        recall: share of the anomalous rows that are flagged. A row that
            could not be scored is not flagged, hence missed.
        f1: harmonic mean of the two.
        auc_pr: average precision of the scored rows; NaN where none of
            them is anomalous.
        auc_roc: chance that a scored anomalous row ranks above a normal one;
            NaN where either lacks.
        num_rows: rows labelled 0 or 1.
        num_scored: those with a score.
        num_unscored: those without.
        num_anomalous: those labelled 1, scored or not.
        num_flagged: those flagged.

    All five figures are NaN where no row is labelled 1.
    """

    precision: float
    recall: float
    f1: float
    auc_pr: float
    auc_roc: float
    num_rows: int
    num_scored: int
    num_unscored: int
    num_anomalous: int
    num_flagged: int

    @property
    def flagged_share(self) -> float:
        """Flagged rows as a share of the scored ones; NaN without any."""
        if not self.num_scored:
            return float("nan")
        return self.num_flagged / self.num_scored


def point_metrics(
    scores: np.ndarray,
    is_anomaly: np.ndarray,
    labels: np.ndarray,
) -> PointMetrics:
    """Compares flags and scores with labels, row by row.

    Args:
        scores: `[row]` float, larger = stranger; infinity is allowed, NaN =
            not scored.
        is_anomaly: `[row]` bool.
        labels: `[row]`, 0, 1 or -1 = unknown.

    Raises:
        ValueError: lengths differ, or a label is something else.

    Example:
        >>> metrics = point_metrics([.1, .9], [False, True], [0, 1])
        >>> metrics.f1, metrics.auc_pr
        (1.0, 1.0)
    """
    is_flagged, labels = counted_flags(scores, is_anomaly, labels)
    scores = np.asarray(scores, np.float64)
    is_scored = ~np.isnan(scores)
    is_known = labels != -1
    is_positive = labels == 1
    rows = is_known & is_scored
    num_anomalous = int(is_positive.sum())
    num_flagged = int((is_flagged & is_known).sum())
    num_hits = int((is_flagged & is_positive).sum())
    nan = float("nan")
    precision = recall = f1 = auc_pr = auc_roc = nan
    if num_anomalous:
        precision = num_hits / num_flagged if num_flagged else 0.0
        recall = num_hits / num_anomalous
        f1 = 2 * num_hits / (num_flagged + num_anomalous)
    if is_positive[rows].any():
        # Ranks order as the scores do, and hold no infinity.
        ranks = np.unique(scores[rows], return_inverse=True)[1]
        auc_pr = float(average_precision_score(is_positive[rows], ranks))
        if not is_positive[rows].all():
            auc_roc = float(roc_auc_score(is_positive[rows], ranks))
    return PointMetrics(
        precision=precision,
        recall=recall,
        f1=f1,
        auc_pr=auc_pr,
        auc_roc=auc_roc,
        num_rows=int(is_known.sum()),
        num_scored=int(rows.sum()),
        num_unscored=int((is_known & ~is_scored).sum()),
        num_anomalous=num_anomalous,
        num_flagged=num_flagged,
    )
