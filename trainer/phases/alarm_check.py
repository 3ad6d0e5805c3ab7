"""How many alarms the thresholds give on normal data not tuned on."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from trainer.dataset import Windows
from trainer.detector import Detector
from trainer.phases.threshold_tuning import (
    flags_over_time,
    scores_over_time,
    with_breaks,
)
from trainer.statistics.alarm_rate import num_alarms, poisson_rate_interval
from trainer.thresholds.constant import ConstantRule
from trainer.workers import Workers

__all__ = ["run"]


def run(
    detector: Detector,
    windows: Windows,
    advance: Callable[[int], None],
    is_jitted: bool,
    workers: Workers | None = None,
    steps_per_day: float = float("nan"),
    rules: Mapping[str, ConstantRule] | None = None,
) -> dict[str, Any]:
    """Counts alarms on held-out normal data.

    Args:
        detector: all phases done.
        windows: all that follow one another, in order, of a split whose
            scores chose no threshold; steps labelled anomalous do not count.
        advance: told how many windows are done.
        is_jitted: compile with XLA.
        workers: who shares the windows.
        steps_per_day: steps a day; NaN = not known.
        rules: view to the rule of its threshold; none = it was given.

    Returns:
        For each view the number of alarms, the rate a day, or in 1,000 steps
        where no period is known, or in 1,000 sequences, and its 95 % interval,
        for metrics.json.
    """
    scores = scores_over_time(detector, windows, advance, is_jitted, workers)
    thresholds = detector.thresholds.numpy()
    is_daily = np.isfinite(steps_per_day)
    sample = "sequences" if detector.is_of_sequences else "steps"
    unit = "day" if is_daily else f"1000_{sample}"
    numbers: dict[str, Any] = {}
    for view, threshold in zip(detector.views, thresholds, strict=True):
        _, labels = with_breaks(scores[view], windows)
        rule = (rules or {}).get(view)
        flags, is_judged = flags_over_time(
            rule, scores[view], windows, threshold
        )
        is_judged &= labels != 1
        exposure = np.count_nonzero(is_judged) / (
            steps_per_day if is_daily else 1000
        )
        if exposure:
            count = num_alarms(flags & is_judged, 1)
            numbers[f"{view}_alarms"] = count
            rate = f"{view}_alarms_per_{unit}"
            numbers[rate] = count / exposure
            interval = poisson_rate_interval(count, exposure)
            numbers[f"{rate}_interval"] = list(interval)
    return numbers
