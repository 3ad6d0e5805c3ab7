"""The median score plus a number of robust standard deviations."""

import dataclasses

import numpy as np

from trainer.config import Settings, setting
from trainer.thresholds.constant import ConstantRule, TuningScores, clear_of

__all__ = ["RobustSigma", "RobustSigmaSettings"]

# Make both spreads estimate the standard deviation of a normal distribution.
MEDIAN_DEVIATION_SCALE = 1.4826
MEAN_DEVIATION_SCALE = 1.2533


@dataclasses.dataclass(frozen=True)
class RobustSigmaSettings(Settings):
    """Threshold rule robust_sigma: median plus robust deviations."""

    num_deviations: float = setting(
        3.0, "standard deviations above the centre", minimum=0.0
    )


class RobustSigma(ConstantRule):
    """Flags what is `num_deviations` robust deviations above the median.

    The deviation is 1.4826 times the median absolute deviation from the
    median, so that nearly half of the scores may be anomalous. Where more
    than half of the scores are equal it is 0; then 1.2533 times the mean
    absolute deviation takes its place. The median itself is never flagged.

    Example:
        >>> rule = RobustSigma(RobustSigmaSettings(num_deviations=2.0))
        >>> scores = np.array([1.0, 2.0, 3.0, 4.0, 1e9])
        >>> round(rule.fit(scores, np.zeros(5)), 4)
        5.9652

    References:
        Iglewicz, Hoaglin (1993), How to detect and handle outliers,
        section 3.3 (modified z-score).
    """

    settings_class = RobustSigmaSettings
    needs_labels = False

    def _fit_core(self, tuning: TuningScores) -> float:
        scores = tuning.scores
        median = float(np.median(scores))
        distances = np.abs(scores - median)
        deviation = MEDIAN_DEVIATION_SCALE * float(np.median(distances))
        if deviation == 0:
            deviation = MEAN_DEVIATION_SCALE * float(np.mean(distances))
        threshold = median + self.settings.num_deviations * deviation
        return max(threshold, clear_of(median))
