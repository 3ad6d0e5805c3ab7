"""The threshold of a rare risk, from the tail's extreme value distribution."""

import dataclasses
import math

import numpy as np

from trainer.config import setting
from trainer.statistics.alarm_rate import event_peaks
from trainer.statistics.extreme_values import (
    fit_generalised_pareto,
    tail_quantile,
)
from trainer.thresholds.constant import ConstantRule, TuningScores, clear_of
from trainer.thresholds.quantile import threshold_by_count
from trainer.thresholds.wanted_alarms import WantedAlarms

__all__ = ["PeaksOverThreshold", "PeaksOverThresholdSettings"]

# Wanted where neither a risk nor a rate is given.
DEFAULT_ALARMS_PER_1000_STEPS = 1.0
# With fewer the fit says less than the scores themselves.
SMALLEST_NUM_PEAKS = 30


@dataclasses.dataclass(frozen=True)
class PeaksOverThresholdSettings(WantedAlarms):
    """Threshold rule peaks_over_threshold: extrapolates the scores' tail."""

    level: float = setting(
        0.98,
        "quantile of the normal scores above which the tail is fitted",
        minimum=0.5,
        maximum=1.0,
    )
    risk: float = setting(
        0.0,
        "wanted fraction of normal steps flagged; 0 = no such wish; where no "
        "rate of alarms is wanted either, 1 alarm in 1,000 steps is",
        minimum=0.0,
        maximum=1.0,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        self._refuse_several("risk", "alarms_per_day", "alarms_per_1000_steps")


class PeaksOverThreshold(ConstantRule):
    """Flags what is rarer than wanted by a generalised Pareto tail.

    The tail is fitted to what exceeds a high quantile: to the peak of each
    event where a rate of alarms is wanted, to each step where a risk is.
    So the threshold of an event rarer than any seen can be told. Where the
    wish is not rare against the tail, or the tail holds fewer than 30 peaks,
    scores are counted as in the rule quantile; `fit_details` says so.

    Example:
        >>> settings = PeaksOverThresholdSettings(risk=1e-4)
        >>> rule = PeaksOverThreshold(settings)
        >>> scores = -np.log(np.linspace(1.0, 0.0005, 2000))
        >>> threshold = rule.fit(scores, np.zeros(2000))
        >>> round(threshold / float(scores.max()), 2)
        1.05

    References:
        Siffer, Fouque, Termier, Largouet (2017), Anomaly detection in
        streams with extreme value theory, section 3.
    """

    settings_class = PeaksOverThresholdSettings
    needs_labels = False

    def _fit_core(self, tuning: TuningScores) -> float:
        scores, risk = tuning.scores, self.settings.risk
        level = float(np.quantile(scores, self.settings.level))
        if risk:
            num_wanted = risk * len(scores)
            peaks = scores[scores > level]
        else:
            num_wanted = (
                self.settings.num_wanted(len(scores), tuning.steps_per_day)
                or DEFAULT_ALARMS_PER_1000_STEPS * len(scores) / 1000
            )
            peaks = event_peaks(tuning.series, np.nextafter(level, np.inf))
        self.fit_details = {"method": "counting", "num_peaks": len(peaks)}
        if len(peaks) >= SMALLEST_NUM_PEAKS and num_wanted < len(peaks):
            tail = fit_generalised_pareto(peaks - level)
            threshold = tail_quantile(tail, level, num_wanted / len(peaks))
            if math.isfinite(clear_of(threshold)):
                self.fit_details = {
                    "method": "generalised_pareto",
                    "num_peaks": len(peaks),
                    "level": level,
                    "shape": tail.shape,
                    "scale": tail.scale,
                }
                return clear_of(threshold)
        if risk:
            return clear_of(float(np.quantile(scores, 1 - risk)))
        return threshold_by_count(tuning, num_wanted)
