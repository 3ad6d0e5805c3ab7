"""The threshold that a wanted part of normal scores, or of alarms, reaches."""

import dataclasses

import numpy as np

from trainer.config import setting
from trainer.statistics.alarm_rate import threshold_for_alarms
from trainer.thresholds.constant import ConstantRule, TuningScores, clear_of
from trainer.thresholds.wanted_alarms import WantedAlarms

__all__ = [
    "Quantile",
    "QuantileSettings",
    "threshold_by_count",
]


@dataclasses.dataclass(frozen=True)
class QuantileSettings(WantedAlarms):
    """Threshold rule quantile: a quantile of the normal scores."""

    quantile: float = setting(
        0.99,
        "fraction of normal scores not flagged, where no rate of alarms is "
        "wanted",
        minimum=0.0,
        maximum=1.0,
    )


class Quantile(ConstantRule):
    """Flags what is above a quantile of the scores, linearly interpolated.

    Scores equal to the quantile are not flagged: where many tie (a series
    that stands still), all of them would be. Where a rate of alarms is
    wanted, the threshold is the lowest that keeps to it on these scores.

    Example:
        >>> rule = Quantile(QuantileSettings(quantile=0.5))
        >>> scores = np.array([1.0, 2.0, 4.0, 9.0])
        >>> rule.fit(scores, np.zeros(4))
        3.00003
    """

    settings_class = QuantileSettings
    needs_labels = False

    def _fit_core(self, tuning: TuningScores) -> float:
        num_wanted = self.settings.num_wanted(
            len(tuning.scores), tuning.steps_per_day
        )
        if num_wanted:
            return threshold_by_count(tuning, num_wanted)
        quantile = np.quantile(tuning.scores, self.settings.quantile)
        return clear_of(float(quantile))


def threshold_by_count(tuning: TuningScores, num_wanted: float) -> float:
    """The lowest threshold with at most so many alarms, by counting them.

    The median is always spared: alarms run together below it, and a state
    that lasts half of the time is none.
    """
    return clear_of(
        max(
            threshold_for_alarms(tuning.series, num_wanted),
            float(np.median(tuning.scores)),
        )
    )
