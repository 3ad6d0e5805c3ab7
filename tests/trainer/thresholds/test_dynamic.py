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


def test_the_number_is_between_the_thresholds_it_stands_for():
    """Catches a threshold of another series, or of a break between two."""
    scores = series()
    chosen = rule()
    both = np.concatenate([scores, [np.nan], scores[:100]])
    threshold = chosen.fit(both, np.zeros(len(both), np.int8))
    epsilons = chosen.judge(both).upper_epsilon
    assert chosen.fit_details == {
        "lowest": np.nanmin(epsilons),
        "highest": np.nanmax(epsilons),
    }
    assert threshold == pytest.approx(np.nanmedian(epsilons), rel=1e-4)


def test_flags_are_not_those_of_the_number():
    """Catches alarms that are counted by the number alone."""
    scores = series()
    chosen = rule()
    np.testing.assert_array_equal(
        chosen.flags(scores, 0.0), chosen.judge(scores).is_anomaly
    )
    assert 30 <= chosen.flags(scores, 0.0).sum() <= 300


def test_scores_below_zero_are_refused():
    """Catches log densities, taken for errors."""
    with pytest.raises(ValueError, match="below 0"):
        rule().judge(np.array([1.0, -1.0]))
