"""Thresholds that follow the scores of the series that is judged."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from trainer.config import Settings, setting
from trainer.statistics.dynamic_parameters import DynamicParameters
from trainer.statistics.dynamic_threshold import whole
from trainer.statistics.judged_errors import JudgedErrors
from trainer.thresholds.constant import ConstantRule, TuningScores, clear_of

__all__ = ["Dynamic", "DynamicSettings"]

_USUAL = DynamicParameters()


@dataclasses.dataclass(frozen=True)
class DynamicSettings(Settings):
    """Threshold rule dynamic: thresholds that follow each series' scores."""

    steps_a_batch: int = setting(
        _USUAL.steps_a_batch,
        "new time steps that are judged together",
        minimum=1,
    )
    batches_a_history: int = setting(
        _USUAL.batches_a_history,
        "batches whose scores a threshold rests on",
        minimum=1,
    )
    buffer_steps: int = setting(
        _USUAL.buffer_steps,
        "time steps flagged on both sides of a score beyond the threshold, "
        "within what is judged together",
        minimum=0,
    )
    smallest_drop: float = setting(
        _USUAL.smallest_drop,
        "least relative drop from the peak of an anomaly to what is below it",
        minimum=0.0,
        maximum=1.0,
    )
    smallest_score: float = setting(
        0.05,
        "too high scores up to this are not anomalous, nor too low ones whose "
        "mirror image about the mean is not above it; scaled units",
        minimum=0.0,
    )


class Dynamic(ConstantRule):
    """Flags what stands out from the series' own scores, without labels.

    For scores that are means over time already, and not below 0. A batch of
    steps is judged by the history that ends with it, too low scores as well
    as too high ones, so a series must be given whole. The first scores, a
    twentieth of a history, are not judged. The threshold that `fit` gives is
    the median of those on the tuning scores: for windows that are served
    alone, which have no history.

    Example:
        >>> rule = Dynamic(DynamicSettings())
        >>> scores = 1 + 0.1 * np.abs(np.sin(np.arange(3000.0)))
        >>> scores[2500:2530] += 5
        >>> np.flatnonzero(rule.judge(scores).is_anomaly)[[0, -1]]
        array([2450, 2589])

    References:
        Hundman et al. (2018), Detecting Spacecraft Anomalies Using LSTMs and
        Nonparametric Dynamic Thresholding, sections 3.2 and 3.3.
    """

    settings_class = DynamicSettings
    needs_labels = False
    is_adaptive = True

    def judge(self, scores: np.ndarray) -> JudgedErrors:
        """Judges a whole series.

        Args:
            scores: `[step]`, 0 or larger, NaN = not scored.

        Returns:
            All steps; what is not scored is not judged.

        Raises:
            ValueError: a score is below 0.
        """
        scores = np.asarray(scores, np.float64)
        is_scored = ~np.isnan(scores)
        # What is in front of the first score is no part of its history.
        first = int(is_scored.argmax()) if is_scored.any() else len(scores)
        parameters = DynamicParameters(
            steps_a_batch=self.settings.steps_a_batch,
            batches_a_history=self.settings.batches_a_history,
            buffer_steps=self.settings.buffer_steps,
            smallest_drop=self.settings.smallest_drop,
            error_floor=self.settings.smallest_score,
            is_smoothed=True,
        )
        return JudgedErrors.joined(
            [
                JudgedErrors.unjudged(scores[:first]),
                whole(scores[first:], parameters),
            ]
        )

    def _fit_core(self, tuning: TuningScores) -> float:
        return self.fit_stretches([tuning.series])

    def fit_stretches(self, stretches: Sequence[np.ndarray]) -> float:
        """Chooses the number for windows that are served alone.

        Args:
            stretches: scores `[step]` of each unbroken stretch.

        Raises:
            ValueError: all are too short to be judged.
        """
        judged = JudgedErrors.joined([self.judge(each) for each in stretches])
        epsilons = judged.upper_epsilon[judged.is_judged]
        if not len(epsilons):
            raise ValueError(
                "The rule dynamic needs stretches that are long enough to be "
                "judged. Received: "
                f"{np.count_nonzero(~np.isnan(judged.smoothed_error))} scores, "
                "none of which can be. Tune on a longer split, lower "
                "--batches_a_history, or choose another rule."
            )
        self.fit_details = {"lowest": epsilons.min(), "highest": epsilons.max()}
        return clear_of(float(np.median(epsilons)))

    def flags(
        self, scores: np.ndarray, threshold: float
    ) -> tuple[np.ndarray, np.ndarray]:
        """The same by thresholds of their own."""
        judged = self.judge(scores)
        return judged.is_anomaly, judged.is_judged
