"""Counted alarms on data that no threshold was tuned on."""

import dataclasses

import numpy as np
import pytest
from data_sets import tuned_forecaster
from scipy import stats

from trainer.phases import alarm_check
from trainer.phases.threshold_tuning import scores_over_time


def skip(count):
    """Stands in for a progress bar."""


@pytest.fixture(scope="module")
def tuned(long_data_set):
    """A detector without smoothing, windows, and their scores."""
    detector, windows = tuned_forecaster(long_data_set, smoothing="none")
    scores = scores_over_time(detector, windows, skip, False)["time"]
    return detector, windows, scores


def check(tuned, threshold, windows=None, **settings):
    detector = tuned[0]
    detector.thresholds.assign([threshold])
    windows = windows or tuned[1]
    return alarm_check.run(detector, windows, skip, False, **settings)


def num_runs(flags):
    return sum(
        flag and not before
        for flag, before in zip(flags, [False, *flags], strict=False)
    )


def unlabelled(windows):
    labels = np.zeros_like(windows.row_labels)
    return dataclasses.replace(windows, row_labels=labels)


@pytest.mark.parametrize("steps_per_day", [float("nan"), 50.0])
def test_rate_and_interval(tuned, steps_per_day):
    """Catches rows counted for events, and a rate in another unit."""
    _, windows, scores = tuned
    threshold = float(np.quantile(scores, 0.9))
    found = check(
        tuned, threshold, unlabelled(windows), steps_per_day=steps_per_day
    )
    count = num_runs(list(scores >= threshold))
    unit = "1000_steps" if np.isnan(steps_per_day) else "day"
    exposure = len(scores) / (1000 if unit == "1000_steps" else steps_per_day)
    assert found["time_alarms"] == count
    rate = f"time_alarms_per_{unit}"
    assert found[rate] == pytest.approx(count / exposure)
    low = stats.gamma.ppf(0.025, count) / exposure
    high = stats.gamma.ppf(0.975, count + 1) / exposure
    assert found[f"{rate}_interval"] == pytest.approx([low, high])


def test_steps_labelled_anomalous_do_not_count(tuned):
    """Catches the anomalies themselves told as false alarms."""
    _, windows, scores = tuned
    threshold = float(np.quantile(scores, 0.97))
    normal = list((scores >= threshold) & (windows.labels() != 1))
    found = check(tuned, threshold)
    # A labelled step parts two runs, as a missing one does.
    assert found["time_alarms"] == num_runs(normal)
    everything = check(tuned, threshold, unlabelled(windows))
    assert (windows.labels() == 1).any()
    assert found["time_alarms"] != everything["time_alarms"]


def test_stretches_are_parted(tuned):
    """Catches one alarm counted where two series end and begin with one."""
    _, windows, scores = tuned
    halves = np.arange(len(windows)) // (len(windows) // 2 + 1)
    parted = dataclasses.replace(unlabelled(windows), runs=halves)
    lowest = float(scores.min())
    assert check(tuned, lowest, unlabelled(windows))["time_alarms"] == 1
    assert check(tuned, lowest, parted)["time_alarms"] == 2


def test_nothing_scored_tells_nothing(tuned):
    """Catches 0 alarms where nobody looked."""
    _, windows, _ = tuned
    missing = dataclasses.replace(
        windows, values=np.full_like(windows.values, np.nan)
    )
    assert check(tuned, 1.0, missing) == {}
