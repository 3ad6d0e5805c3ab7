"""The threshold above which a given fraction of normal scores lies."""

import dataclasses

import numpy as np

from trainer.config import Settings, setting
from trainer.thresholds.constant import ConstantRule, clear_of

__all__ = ["Quantile", "QuantileSettings"]


@dataclasses.dataclass(frozen=True)
class QuantileSettings(Settings):
    """Threshold rule quantile: a quantile of the normal scores."""

    quantile: float = setting(
        0.99, "fraction of normal scores not flagged", minimum=0.0, maximum=1.0
    )


class Quantile(ConstantRule):
    """Flags what is above a quantile of the scores, linearly interpolated.

    Scores equal to the quantile are not flagged: where many tie (a series
    that stands still), all of them would be.

    Example:
        >>> rule = Quantile(QuantileSettings(quantile=0.5))
        >>> scores = np.array([1.0, 2.0, 4.0, 9.0])
        >>> rule.fit(scores, np.zeros(4))
        3.00003
    """

    settings_class = QuantileSettings
    needs_labels = False

    def _fit_core(self, scores: np.ndarray, labels: np.ndarray) -> float:
        return clear_of(float(np.quantile(scores, self.settings.quantile)))
