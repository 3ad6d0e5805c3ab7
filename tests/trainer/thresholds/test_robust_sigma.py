"""The robust rule against closed forms and under contamination."""

import numpy as np
import pytest

from trainer.thresholds.constant import apply
from trainer.thresholds.robust_sigma import RobustSigma, RobustSigmaSettings
from trainer.thresholds.sigma import Sigma, SigmaSettings


def fit(scores, num_deviations=3.0):
    rule = RobustSigma(RobustSigmaSettings(num_deviations=num_deviations))
    return rule.fit(scores, np.full(len(scores), -1))


def test_centre_and_deviations():
    """Catches deviations from another centre, or another number of them."""
    scores = np.array([1.0, 2.0, 3.0, 4.5, 6.0, 9.0])
    assert fit(scores, 2.5) == pytest.approx(2.0 + 2.5 * 1.4826)


def test_each_view_has_its_own_number():
    """Catches the deviations of one view taken for both."""
    scores = np.array([1.0, 2.0, 3.0, 4.5, 6.0, 9.0])
    settings = RobustSigmaSettings(
        num_deviations=2.0, feature_num_deviations=4.0
    )
    for view, number in (("time", 2.0), ("feature", 4.0)):
        rule = RobustSigma(settings)
        threshold = rule.fit(scores, np.zeros(6), view=view)
        assert threshold == pytest.approx(2.0 + number * 1.4826)
        assert rule.fit_details == {
            "centre": 2.0,
            "deviation": 1.4826,
            "num_deviations": number,
            "spared_median": 3.75,
        }


@pytest.mark.parametrize("fraction", [0.05, 0.15, 0.30, 0.50])
def test_holds_under_contamination(fraction):
    """Catches a spread that the anomalies inflate."""
    scores = np.random.default_rng(2).normal(size=2000)
    num_anomalous = int(2000 * fraction)
    scores[:num_anomalous] += 1e4
    flags = apply(scores, fit(scores))
    assert flags[:num_anomalous].all()
    assert flags[num_anomalous:].mean() < 0.01


@pytest.mark.parametrize("fraction", [0.05, 0.15, 0.30, 0.50])
def test_where_two_standard_deviations_fail(fraction):
    """Catches a rule that is robust in name alone.

    The mean plus two standard deviations exceeds the anomalies themselves
    above a fraction of 1 / (1 + 2**2).
    """
    distances = np.random.default_rng(3).chisquare(5, size=(2000, 30)) ** 0.5
    scores = distances.max(axis=1)
    num_anomalous = int(2000 * fraction)
    scores[:num_anomalous] += 100
    labels = np.full(2000, -1)
    plain = Sigma(SigmaSettings(num_deviations=2.0)).fit(scores, labels)
    assert apply(scores, plain)[:num_anomalous].all() == (fraction < 0.2)
    flagged = apply(scores, fit(scores)).mean()
    assert flagged == pytest.approx(fraction, abs=0.02)


def test_without_spread_of_the_middle_the_mean_deviation_serves():
    """Catches a threshold at the median, which flags most of the scores."""
    scores = np.array([2.0] * 9 + [12.0])
    expected = 2.0 + 3 * 1.2533 * 1.0
    assert fit(scores) == pytest.approx(expected)
    assert apply(scores, fit(scores)).sum() == 1


def test_zero_deviations_spare_the_median():
    """Catches flagging the centre itself."""
    scores = np.array([1.0, 2.0, 3.0])
    assert apply(scores, fit(scores, 0.0)).tolist() == [False, False, True]
