"""Ratios of scores to thresholds."""

import numpy as np
import pytest

from evaluation.threshold_ratios import threshold_ratios


@pytest.mark.parametrize("threshold", [0.0, -3.0])
def test_thresholds_without_a_ratio(threshold):
    """Catches a sign that turns the order round, and a division by 0."""
    scores = threshold + np.array([-1.0, 0.0, -2.0, 4.0, -0.5])
    ratios = threshold_ratios(scores, threshold)
    np.testing.assert_array_equal(ratios, [0.0, 1.0, -1.0, 5.0, 0.5])


def test_ratio_is_1_at_the_threshold():
    """Catches a rule that flags and ratios that disagree."""
    generator = np.random.default_rng(1)
    scores, thresholds = generator.normal(size=(2, 500))
    thresholds[::7] = 0
    scores[:50] = thresholds[:50]
    ratios = threshold_ratios(scores, thresholds)
    np.testing.assert_array_equal(ratios >= 1, scores >= thresholds)


@pytest.mark.parametrize(
    "score, threshold, expected",
    [
        (6, 4, 1.5),
        (0.0, 2.0, 0.0),
        (np.nan, 2.0, np.nan),
        (1.0, np.nan, np.nan),
        (np.inf, 2.0, np.inf),
        (np.inf, 0.0, np.inf),
        (np.inf, np.inf, np.nan),
        (1.0, np.inf, 0.0),
        (1.0, 1e-320, np.inf),
    ],
)
def test_what_is_unknown_is_no_ratio(score, threshold, expected):
    """Catches NaN made a number, whole numbers, and infinity made NaN."""
    for thresholds in (threshold, np.array([threshold])):
        ratios = threshold_ratios(np.array([score]), thresholds)
        assert ratios.dtype == np.float64
        np.testing.assert_array_equal(ratios, [expected])


def test_no_rows():
    """Catches an error where nothing is scored."""
    assert threshold_ratios([], 2.0).shape == (0,)
