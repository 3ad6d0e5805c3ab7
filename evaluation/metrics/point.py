"""Point metrics: each labelled row counts once, unscored rows are misses."""

import dataclasses

import numpy as np
from sklearn.metrics import average_precision_score

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
        num_rows: rows labelled 0 or 1.
        num_scored: those with a score.
        num_unscored: those without.
        num_anomalous: those labelled 1, scored or not.
        num_flagged: those flagged.

    All four figures are NaN where no row is labelled 1.
    """

    precision: float
    recall: float
    f1: float
    auc_pr: float
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
    is_scored: np.ndarray,
    labels: np.ndarray,
) -> PointMetrics:
    """Compares flags and scores with labels, row by row.

    Args:
        scores: `[row]` float, larger = stranger; infinity is allowed.
        is_anomaly: `[row]` bool.
        is_scored: `[row]` bool; a NaN score counts as not scored.
        labels: `[row]`, 0, 1 or -1 = unknown.

    Raises:
        ValueError: lengths differ, or a label is something else.

    Example:
        >>> metrics = point_metrics([.1, .9], [False, True], [True, True],
        ...                         [0, 1])
        >>> metrics.f1, metrics.auc_pr
        (1.0, 1.0)
    """
    scores = np.asarray(scores, np.float64)
    labels = np.asarray(labels)
    is_scored = np.asarray(is_scored, bool) & ~np.isnan(scores)
    is_flagged = np.asarray(is_anomaly, bool) & is_scored
    _check(scores, is_flagged, labels)
    is_known = labels != -1
    is_positive = labels == 1
    rows = is_known & is_scored
    num_anomalous = int(is_positive.sum())
    num_flagged = int((is_flagged & is_known).sum())
    num_hits = int((is_flagged & is_positive).sum())
    nan = float("nan")
    precision = recall = f1 = auc_pr = nan
    if num_anomalous:
        precision = num_hits / num_flagged if num_flagged else 0.0
        recall = num_hits / num_anomalous
        f1 = 2 * num_hits / (num_flagged + num_anomalous)
    if is_positive[rows].any():
        # Ranks order as the scores do, and hold no infinity.
        ranks = np.unique(scores[rows], return_inverse=True)[1]
        auc_pr = float(average_precision_score(is_positive[rows], ranks))
    return PointMetrics(
        precision=precision,
        recall=recall,
        f1=f1,
        auc_pr=auc_pr,
        num_rows=int(is_known.sum()),
        num_scored=int(rows.sum()),
        num_unscored=int((is_known & ~is_scored).sum()),
        num_anomalous=num_anomalous,
        num_flagged=num_flagged,
    )


def _check(
    scores: np.ndarray, is_flagged: np.ndarray, labels: np.ndarray
) -> None:
    if not scores.shape == is_flagged.shape == labels.shape or scores.ndim != 1:
        raise ValueError(
            "`scores`, `is_anomaly`, `is_scored` and `labels` must be flat "
            f"and of one length. Received: {scores.shape}, "
            f"{is_flagged.shape} and labels {labels.shape}. Give one of each "
            "for each row."
        )
    if not np.isin(labels, (-1, 0, 1)).all():
        raise ValueError(
            "`labels` must be 0, 1 or -1 (unknown). Received: "
            f"{np.unique(labels).tolist()[:5]}. Map other labels first."
        )
