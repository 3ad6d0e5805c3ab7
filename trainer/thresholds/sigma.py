"""The mean score plus a number of standard deviations."""

import dataclasses

import numpy as np

from trainer.thresholds.constant import ConstantRule, TuningScores
from trainer.thresholds.deviations import Deviations, threshold_above

__all__ = ["Sigma", "SigmaSettings"]


@dataclasses.dataclass(frozen=True)
class SigmaSettings(Deviations):
    """Threshold rule sigma: mean plus standard deviations."""


class Sigma(ConstantRule):
    """Flags what is `num_deviations` standard deviations above the mean.

    For scores that hold no anomalies. A fraction of anomalies above
    1 / (1 + num_deviations**2) lifts the threshold over the anomalies
    themselves, however far out they are: then use `robust_sigma`. The mean
    itself is never flagged.

    Example:
        >>> rule = Sigma(SigmaSettings(num_deviations=2.0))
        >>> rule.fit(np.array([1.0, 2.0, 3.0]), np.zeros(3))
        4.0
    """

    settings_class = SigmaSettings
    needs_labels = False

    def _fit_core(self, tuning: TuningScores) -> float:
        scores = tuning.scores
        # A single score has no sample deviation, and equal ones none at all.
        is_spread = np.ptp(scores) > 0
        threshold, self.fit_details = threshold_above(
            self.settings,
            tuning,
            float(np.mean(scores)) if is_spread else float(scores[0]),
            float(np.std(scores, ddof=1)) if is_spread else 0.0,
        )
        return threshold
