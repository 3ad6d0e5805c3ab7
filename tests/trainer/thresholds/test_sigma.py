"""The sigma rule: its formula, and where it must fail."""

import numpy as np
import pytest

from trainer.thresholds.constant import apply
from trainer.thresholds.sigma import Sigma, SigmaSettings


def test_is_the_mean_plus_sample_deviations():
    """Catches the population's deviation and a variance for a deviation."""
    scores = np.array([1.0, 3.0, 8.0])
    rule = Sigma(SigmaSettings(num_deviations=2.0))
    assert rule.fit(scores, np.zeros(3)) == pytest.approx(4 + 2 * 13**0.5)


@pytest.mark.parametrize(
    ("fraction", "is_found"), [(0.05, True), (0.15, True), (0.30, False)]
)
def test_breaks_down_where_the_closed_form_says(fraction, is_found):
    """Catches a silent change of the rule: at 2 deviations 20 % is the end.

    With two far modes the threshold passes the upper one as soon as the
    fraction exceeds 1 / (1 + 2**2), however far it is.
    """
    generator = np.random.default_rng(2)
    num_anomalous = int(1000 * fraction)
    scores = generator.normal(size=1000)
    scores[:num_anomalous] += 1e4
    threshold = Sigma(SigmaSettings(num_deviations=2.0)).fit(
        scores, np.full(1000, -1)
    )
    flags = apply(scores, threshold)
    assert flags[:num_anomalous].all() == is_found
    assert flags.any() == is_found
