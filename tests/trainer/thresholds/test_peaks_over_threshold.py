"""The tail rule against known tails, and against alarms on unseen scores."""

import numpy as np
import pytest
from scipy.signal import lfilter
from scipy.stats import genpareto

from trainer.statistics.alarm_rate import num_alarms
from trainer.statistics.extreme_values import (
    fit_generalised_pareto,
    tail_quantile,
)
from trainer.thresholds.constant import apply, clear_of
from trainer.thresholds.peaks_over_threshold import (
    PeaksOverThreshold,
    PeaksOverThresholdSettings,
)
from trainer.thresholds.quantile import Quantile, QuantileSettings


def rule(**settings):
    return PeaksOverThreshold(PeaksOverThresholdSettings(**settings))


def fit(made, scores, **arguments):
    return made.fit(scores, np.zeros(len(scores), dtype=np.int8), **arguments)


def persistent_scores(generator, num_steps):
    """Absolute values of an autoregressive process."""
    noise = generator.normal(size=num_steps + 100)
    return np.abs(lfilter([1.0], [1.0, -0.7], noise)[100:])


def test_risk_is_the_formula_row_by_row():
    """Catches events where steps are asked for, and another level."""
    scores = np.random.default_rng(1).gamma(2.0, size=5000)
    level = np.quantile(scores, 0.95)
    excesses = scores[scores > level] - level
    expected = tail_quantile(
        fit_generalised_pareto(excesses), level, 1e-4 * 5000 / len(excesses)
    )
    made = rule(risk=1e-4, level=0.95)
    assert fit(made, scores) == clear_of(expected)
    assert made.fit_details["method"] == "generalised_pareto"
    assert made.fit_details["num_peaks"] == 250


@pytest.mark.parametrize("shape", [-0.2, 0.0, 0.4])
def test_extrapolates_to_the_known_quantile(shape):
    """Catches a threshold that stays inside the scores seen."""
    found = [
        fit(
            rule(risk=1e-5),
            genpareto.rvs(shape, size=20_000, random_state=seed),
        )
        for seed in range(15)
    ]
    expected = genpareto.isf(1e-5, shape)
    assert np.median(found) == pytest.approx(expected, rel=0.35)


@pytest.mark.parametrize("per_1000", [0.5, 2.0])
@pytest.mark.parametrize("kind", ["peaks_over_threshold", "quantile"])
def test_unseen_scores_give_the_wanted_alarms(kind, per_1000):
    """Catches steps counted as alarms: three times too many here."""
    if kind == "quantile":
        made = Quantile(QuantileSettings(alarms_per_1000_steps=per_1000))
    else:
        made = rule(alarms_per_1000_steps=per_1000)
    realised = []
    for seed in range(15):
        generator = np.random.default_rng(seed)
        threshold = fit(made, persistent_scores(generator, 8000))
        unseen = persistent_scores(generator, 100_000)
        realised.append(num_alarms(unseen, threshold) / 100)
    assert per_1000 / 2 < np.median(realised) < per_1000 * 2


def test_one_alarm_in_1000_steps_is_wanted_where_nothing_is():
    """Catches another default, or one that a given wish does not replace."""
    scores = persistent_scores(np.random.default_rng(2), 8000)
    default = fit(rule(), scores)
    assert default == fit(rule(alarms_per_1000_steps=1.0), scores)
    assert default == fit(rule(alarms_per_day=24.0), scores, steps_per_day=24e3)
    assert default != fit(rule(risk=1e-3), scores)
    assert default < fit(rule(alarms_per_1000_steps=0.1), scores)


def test_a_small_tail_is_counted_and_says_so():
    """Catches a fit to a handful of peaks."""
    scores = persistent_scores(np.random.default_rng(3), 500)
    made = rule(alarms_per_1000_steps=4.0)
    counted = Quantile(QuantileSettings(alarms_per_1000_steps=4.0))
    assert fit(made, scores) == fit(counted, scores)
    assert made.fit_details["method"] == "counting"
    assert made.fit_details["num_peaks"] < 30
    assert num_alarms(scores, fit(rule(), scores)) == 0
    by_risk = fit(rule(risk=0.01), scores)
    assert by_risk == clear_of(float(np.quantile(scores, 0.99)))


def test_a_common_wish_is_counted():
    """Catches extrapolating downwards from the level."""
    scores = persistent_scores(np.random.default_rng(4), 8000)
    made = rule(alarms_per_1000_steps=40.0)
    assert num_alarms(scores, fit(made, scores)) == pytest.approx(320, abs=2)
    assert made.fit_details["method"] == "counting"
    assert made.fit_details["num_peaks"] > 30
    made = rule(risk=0.1)
    assert apply(scores, fit(made, scores)).mean() == pytest.approx(0.1)


def test_details_are_those_of_the_last_fit():
    """Catches the first view's tail told for the second."""
    made = rule()
    fit(made, persistent_scores(np.random.default_rng(5), 8000))
    assert made.fit_details["method"] == "generalised_pareto"
    fit(made, np.ones(100))
    assert made.fit_details == {"method": "counting", "num_peaks": 0}


def test_a_tail_beyond_all_numbers_leaves_a_finite_threshold():
    """Catches an infinite threshold, which nothing ever reaches."""
    scores = np.exp(np.linspace(0.0, 700.0, 4000))
    made = rule(risk=1e-9)
    assert np.isfinite(fit(made, scores))
    assert made.fit_details["method"] == "counting"


def test_left_out_scores_break_events():
    """Catches neighbours joined over a label, a gap or an infinite score."""
    scores = np.tile([0.0] * 97 + [5.0] * 3, 40)
    labels = np.zeros(4000, dtype=np.int8)
    made = rule(level=0.9)
    made.fit(scores, labels)
    assert made.fit_details["num_peaks"] == 40
    for mark in ("label", "nan", "infinite"):
        marked, marks = scores.copy(), labels.copy()
        if mark == "label":
            marks[98::100] = 1
        else:
            marked[98::100] = np.nan if mark == "nan" else np.inf
        made.fit(marked, marks)
        assert made.fit_details["num_peaks"] == 80, mark


def test_at_most_one_wish():
    """Catches a flag that silently has no effect."""
    for given in (
        {"risk": 0.1, "alarms_per_day": 1.0},
        {"risk": 0.1, "alarms_per_1000_steps": 1.0},
        {"alarms_per_day": 1.0, "alarms_per_1000_steps": 1.0},
    ):
        with pytest.raises(ValueError, match="at most one"):
            PeaksOverThresholdSettings(**given)
