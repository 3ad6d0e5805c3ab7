"""The mean score plus a number of standard deviations."""

import dataclasses

import numpy as np

from trainer.config import Settings, setting
from trainer.thresholds.constant import ConstantRule, next_larger

__all__ = ["Sigma", "SigmaSettings"]


@dataclasses.dataclass(frozen=True)
class SigmaSettings(Settings):
    """Threshold rule sigma: mean plus standard deviations."""

    num_deviations: float = setting(
        3.0, "standard deviations above the centre", minimum=0.0
    )


class Sigma(ConstantRule):
    """Flags what is `num_deviations` standard deviations above the mean.

    For scores that hold no anomalies. A fraction of anomalies above
    1 / (1 + num_deviations**2) lifts the threshold over the anomalies
    themselves, however far out they are: then use `robust_sigma`.

    Example:
        >>> rule = Sigma(SigmaSettings(num_deviations=2.0))
        >>> rule.fit(np.array([1.0, 2.0, 3.0]), np.zeros(3))
        4.0
    """

    settings_class = SigmaSettings
    needs_labels = False

    def _fit_core(self, scores: np.ndarray, labels: np.ndarray) -> float:
        # Rounding must not put the mean of equal scores below them.
        if np.ptp(scores) == 0:
            return next_larger(scores[0])
        deviation = float(np.std(scores, ddof=1))
        return float(np.mean(scores)) + self.settings.num_deviations * deviation
