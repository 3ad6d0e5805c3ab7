"""The centre of normal scores plus a number of robust deviations."""

import dataclasses

import numpy as np

from trainer.statistics.shortest_half import shortest_half
from trainer.thresholds.constant import ConstantRule, TuningScores, clear_of
from trainer.thresholds.deviations import Deviations, threshold_above

__all__ = ["RobustSigma", "RobustSigmaSettings"]

# Makes the mean deviation estimate that of a normal distribution.
MEAN_DEVIATION_SCALE = 1.2533


@dataclasses.dataclass(frozen=True)
class RobustSigmaSettings(Deviations):
    """Threshold rule robust_sigma: centre plus robust deviations."""


class RobustSigma(ConstantRule):
    """Flags what is `num_deviations` robust deviations above the centre.

    Centre and deviation are those of the half of the scores that lie closest
    together, beginning in the lowest quarter: so half of the scores may be
    anomalous. (The median and the deviation from it, which are more usual, lie
    in the gap between both kinds then.) Where more than half of the scores are
    equal that deviation is 0; then 1.2533 times the mean absolute deviation
    takes its place. The median is never flagged.

    Example:
        >>> rule = RobustSigma(RobustSigmaSettings(num_deviations=2.0))
        >>> scores = np.array([1.0, 2.0, 3.0, 4.0, 1e9, 2e9, 3e9, 4e9])
        >>> bool(rule.fit(scores, np.zeros(8)) < 1e9)
        True

    References:
        Rousseeuw, Leroy (1987), Robust Regression and Outlier Detection,
        section 4.1.
    """

    settings_class = RobustSigmaSettings
    needs_labels = False

    def _fit_core(self, tuning: TuningScores) -> float:
        scores = tuning.scores
        centre, deviation = shortest_half(scores)
        if deviation == 0:
            distances = np.abs(scores - centre)
            deviation = MEAN_DEVIATION_SCALE * float(np.mean(distances))
        threshold, self.fit_details = threshold_above(
            self.settings, tuning, centre, deviation
        )
        median = float(np.median(scores))
        self.fit_details["spared_median"] = median
        return max(threshold, clear_of(median))
