"""The rule whose thresholds follow the series."""

import numpy as np
import pytest

from trainer.statistics.dynamic_parameters import DynamicParameters
from trainer.statistics.dynamic_threshold import whole
from trainer.thresholds.dynamic import Dynamic, DynamicSettings


def series(num_steps=3000, seed=0):
    """Smooth positive scores with one event."""
    rng = np.random.default_rng(seed)
    noise = np.convolve(np.abs(rng.normal(size=num_steps + 49)), np.ones(50))
    scores = noise[49 : 49 + num_steps] / 50
    scores[2500:2530] += 3
    # Lower by less than four tenths, more than one.
    scores[1000:1030] += 2
    return scores


def rule(**settings):
    return Dynamic(DynamicSettings(**settings))


def test_settings_reach_the_thresholds():
    """Catches a flag that is forgotten on the way."""
    scores = series()
    other = {
        "steps_a_batch": 50,
        "batches_a_history": 20,
        "buffer_steps": 5,
        "smallest_drop": 0.4,
    }
    found = rule(**other, smallest_score=1.5).judge(scores)
    expected = whole(
        scores, DynamicParameters(**other, error_floor=1.5, is_smoothed=True)
    )
    for one, two in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, two)
    usual = rule().judge(scores)
    for name, value in other.items():
        changed = rule(**{name: value}).judge(scores)
        assert (
            any(
                not np.array_equal(one, two, equal_nan=True)
                for one, two in zip(usual, changed, strict=True)
            )
            or name == "smallest_drop"
        )
    assert not rule(smallest_score=9.0).judge(scores).is_anomaly.any()


def test_rows_before_the_first_score_are_no_history():
    """Catches a context that shortens the history, or is called normal."""
    scores = series()
    late = np.concatenate([np.full(250, np.nan), scores])
    found, expected = rule().judge(late), rule().judge(scores)
    assert not found.is_judged[:250].any()
    np.testing.assert_array_equal(found.is_anomaly[250:], expected.is_anomaly)
    assert found.is_anomaly[250 + 2500 : 250 + 2530].all()
    assert not rule().judge(np.full(9, np.nan)).is_judged.any()


def test_the_number_is_of_stretches_judged_alone():
    """Catches a history that goes on in another series."""
    one, other = series(), 5 + series(900, seed=1)
    chosen = rule()
    threshold = chosen.fit_stretches([one, other])
    epsilons = np.concatenate(
        [chosen.judge(each).upper_epsilon for each in (one, other)]
    )
    assert threshold == pytest.approx(np.nanmedian(epsilons), rel=1e-4)
    assert chosen.fit_details == {
        "lowest": np.nanmin(epsilons),
        "highest": np.nanmax(epsilons),
    }


def test_stretches_too_short_to_be_judged():
    """Catches a spike called normal, as no threshold is below it."""
    assert not rule().judge(np.array([1, 1, 1, 1e6, 1])).is_judged.any()
    with pytest.raises(ValueError, match="none of which can be"):
        rule().fit_stretches([np.ones(5)])


def test_flags_are_not_those_of_the_number():
    """Catches alarms that are counted by the number alone."""
    scores = series()
    chosen = rule()
    flags, is_judged = chosen.flags(scores, 0.0)
    judged = chosen.judge(scores)
    np.testing.assert_array_equal(flags, judged.is_anomaly)
    np.testing.assert_array_equal(is_judged, judged.is_judged)
    assert 30 <= flags.sum() <= 600


def test_scores_below_zero_are_refused():
    """Catches log densities, taken for errors."""
    with pytest.raises(ValueError, match="below 0"):
        rule().judge(np.array([1.0, -1.0]))
