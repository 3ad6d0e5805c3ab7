"""What all rules share: checks, a number, and the comparison with it."""

import abc
import math
from typing import Any, NamedTuple

import numpy as np

from trainer.config import Settings

__all__ = ["ConstantRule", "TuningScores", "apply", "clear_of"]

# How far a score may differ between library, server, batch and stream,
# relative to itself.
SCORE_TOLERANCE = 1e-5
# Smaller numbers are 0 in float32, and where subnormal numbers are flushed.
SMALLEST_STEP = float(np.finfo(np.float32).tiny)


def apply(scores: Any, threshold: Any) -> Any:
    """Flags scores that reach the threshold; the one place that compares.

    A NaN score gives False, which says nothing: combine with `is_scored`.

    Args:
        scores: NumPy array or tensor.
        threshold: number or array that broadcasts against `scores`.

    Returns:
        Booleans in the shape of `scores`.
    """
    return scores >= threshold


def clear_of(score: float) -> float:
    """The lowest threshold that spares `score` wherever it is served.

    A score served is not the score tuned on to the last digit. A threshold
    less than that above a score that many time steps share (a series that
    stands still) would flag them all, or none, by chance.

    Example:
        >>> clear_of(2.0)
        2.00002
    """
    return float(score + max(SCORE_TOLERANCE * abs(score), SMALLEST_STEP))


class TuningScores(NamedTuple):
    """What a rule may learn from.

    Attributes:
        scores: `[score]` float64, none of them NaN.
        labels: `[score]` int8, of these scores.
        series: `[step]` float64, the same scores in time order, NaN where
            one was left out, or where the next step is another stretch's.
        steps_per_day: NaN = unknown.
        view: name of the scores.
    """

    scores: np.ndarray
    labels: np.ndarray
    series: np.ndarray
    steps_per_day: float
    view: str


class ConstantRule(abc.ABC):
    """A rule whose threshold is one number for all time steps.

    Attributes:
        settings_class: the rule's own flags.
        needs_labels: whether labels of both classes must be there.
        is_adaptive: whether each step of a whole series has a threshold of
            its own, by the rule's `judge`, and `fit_stretches` takes the
            place of `fit`; the number is for steps served alone.
        fit_details: what the threshold of the last `fit` rests on, JSON
            values; empty where the settings say it all.
    """

    settings_class: type[Settings]
    needs_labels: bool
    is_adaptive = False

    def __init__(self, settings: Any) -> None:
        self.settings = settings
        self.fit_details: dict[str, Any] = {}

    def fit(
        self,
        scores: np.ndarray,
        labels: np.ndarray,
        steps_per_day: float = math.nan,
        view: str = "time",
    ) -> float:
        """Chooses the threshold.

        Scores that are NaN say nothing and are left out. A rule without
        labels also leaves out what is known to be anomalous: label 1, and
        infinite scores, which every finite threshold flags.

        Args:
            scores: `[score]` float64, larger = stranger, in time order; NaN =
                not scored, or a break between stretches.
            labels: `[score]` int8, 0 normal, 1 anomalous, -1 unknown.
            steps_per_day: scores a day; NaN = unknown.
            view: name of the scores.

        Returns:
            A finite number; `apply` flags the scores that reach it.

        Raises:
            ValueError: the shapes differ, a label is none of these, or no
                score is left to learn from.
        """
        scores = np.asarray(scores, dtype=np.float64)
        labels = np.asarray(labels)
        _check(scores, labels)
        is_used = ~np.isnan(scores)
        if not self.needs_labels:
            is_used &= np.isfinite(scores) & (labels != 1)
        if not np.isfinite(scores[is_used]).any():
            finite = np.isfinite(scores)
            raise ValueError(
                "A threshold needs at least one finite score"
                + ("" if self.needs_labels else " not labelled anomalous")
                + f". Received: {finite.sum()} finite scores, "
                f"{(finite & (labels == 1)).sum()} of them labelled 1. Tune on "
                "a split that holds rows that are scored, and normal or not "
                "labelled."
            )
        return self._fit_core(
            TuningScores(
                scores[is_used],
                labels[is_used],
                np.where(is_used, scores, np.nan),
                steps_per_day,
                view,
            )
        )

    def flags(
        self, scores: np.ndarray, threshold: float
    ) -> tuple[np.ndarray, np.ndarray]:
        """Which steps are anomalous, and of which that can be said.

        Args:
            scores: `[step]` of an unbroken stretch, NaN = not scored.
            threshold: that `fit` chose.
        """
        return apply(scores, threshold), ~np.isnan(scores)

    @abc.abstractmethod
    def _fit_core(self, tuning: TuningScores) -> float:
        """Chooses the threshold from scores that are there and checked."""


def _check(scores: np.ndarray, labels: np.ndarray) -> None:
    if scores.ndim != 1 or scores.shape != labels.shape:
        raise ValueError(
            "`scores` and `labels` must both have the shape [score]. "
            f"Received: scores.shape={scores.shape}, "
            f"labels.shape={labels.shape}. Flatten both alike."
        )
    if not np.isin(labels, (-1, 0, 1)).all():
        raise ValueError(
            "`labels` must be 0 (normal), 1 (anomalous) or -1 (unknown). "
            f"Received: {np.unique(labels)[:5].tolist()}. Map them first."
        )
