"""The robust rule against SciPy and under contamination."""

import numpy as np
import pytest
import scipy.stats

from trainer.thresholds.constant import apply
from trainer.thresholds.robust_sigma import RobustSigma, RobustSigmaSettings


def fit(scores, num_deviations=3.0):
    rule = RobustSigma(RobustSigmaSettings(num_deviations=num_deviations))
    return rule.fit(scores, np.full(len(scores), -1))


def test_equals_scipy():
    """Catches deviations from the mean, or the factor upside down."""
    scores = np.random.default_rng(1).gamma(2.0, size=501)
    deviation = scipy.stats.median_abs_deviation(scores, scale="normal")
    expected = np.median(scores) + 2.5 * deviation
    assert fit(scores, 2.5) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("fraction", [0.05, 0.15, 0.30])
def test_holds_under_contamination(fraction):
    """Catches a spread that the anomalies inflate."""
    scores = np.random.default_rng(2).normal(size=2000)
    num_anomalous = int(2000 * fraction)
    scores[:num_anomalous] += 1e4
    flags = apply(scores, fit(scores))
    assert flags[:num_anomalous].all()
    assert flags[num_anomalous:].mean() < 0.01


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
