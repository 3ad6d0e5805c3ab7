"""The quantile rule against NumPy and the definition."""

import numpy as np
import pytest

from trainer.statistics.alarm_rate import num_alarms
from trainer.thresholds.constant import apply
from trainer.thresholds.quantile import Quantile, QuantileSettings


@pytest.mark.parametrize("quantile", [0.0, 0.5, 0.9, 0.99, 1.0])
@pytest.mark.parametrize("num_scores", [1, 2, 101, 1000])
def test_flags_the_complement_of_the_quantile(quantile, num_scores):
    """Catches q in per cent, 1 - q, and the maximum flagged at q = 1."""
    scores = np.random.default_rng(1).normal(size=num_scores)
    rule = Quantile(QuantileSettings(quantile=quantile))
    threshold = rule.fit(scores, np.full(num_scores, -1))
    np.testing.assert_allclose(
        threshold, np.quantile(scores, quantile), rtol=1.1e-5
    )
    num_flagged = apply(scores, threshold).sum()
    assert abs(num_flagged - (1 - quantile) * num_scores) <= 1


def test_ties_at_the_quantile_are_not_flagged():
    """Catches flagging a whole series that mostly stands still."""
    scores = np.array([0.0] * 95 + [1.0] * 5)
    rule = Quantile(QuantileSettings(quantile=0.9))
    threshold = rule.fit(scores, np.zeros(100))
    assert apply(scores, threshold).sum() == 5


def test_bounds_are_checked():
    """Catches 99 for 99 per cent."""
    with pytest.raises(ValueError, match="quantile=99"):
        QuantileSettings(quantile=99)


def wanted(**rate):
    return Quantile(QuantileSettings(**rate))


def test_wanted_alarms_are_counted_on_the_scores():
    """Catches alarms a step, a run joined over a break, and rounding up."""
    scores = np.random.default_rng(2).gamma(2.0, size=3000)
    scores[::50] = np.nan
    num_scored = 2940
    labels = np.full(3000, -1)
    for per_1000 in (1.0, 5.0, 20.0):
        threshold = wanted(alarms_per_1000_steps=per_1000).fit(scores, labels)
        count = num_alarms(scores, threshold)
        assert count == int(per_1000 * num_scored / 1000)
        per_day = wanted(alarms_per_day=per_1000 / 2)
        assert per_day.fit(scores, labels, steps_per_day=500) == threshold


@pytest.mark.parametrize("steps_per_day", [np.nan, 0.0, -1.0, np.inf])
def test_a_rate_a_day_needs_a_sampling_period(steps_per_day):
    """Catches NaN alarms wanted, and a division by zero."""
    with pytest.raises(ValueError, match="--alarms_per_1000_steps"):
        wanted(alarms_per_day=3.0).fit(np.ones(9), np.zeros(9), steps_per_day)


def test_a_state_that_lasts_half_of_the_time_is_no_alarm():
    """Catches all flagged as one long alarm, which no rate forbids."""
    scores = np.array([0.0] + [1.0] * 1000 + [2.0] + [1.0] * 9)
    threshold = wanted(alarms_per_1000_steps=5.0).fit(scores, np.zeros(1011))
    assert apply(scores, threshold).sum() == 1


def test_at_most_one_rate():
    """Catches one of two rates silently left out."""
    with pytest.raises(ValueError, match="at most one.*alarms_per_day=1.0"):
        QuantileSettings(alarms_per_day=1.0, alarms_per_1000_steps=2.0)
    with pytest.raises(ValueError, match="alarms_per_day=-1"):
        QuantileSettings(alarms_per_day=-1.0)
