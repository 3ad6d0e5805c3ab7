"""The quantile rule against NumPy and the definition."""

import numpy as np
import pytest

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
