"""Shrinkage against scikit-learn."""

import numpy as np
import pytest
from sklearn.covariance import oas

from trainer.statistics.moments import Moments
from trainer.statistics.shrinkage import oas_covariance


@pytest.mark.parametrize(
    ("num_rows", "num_features"),
    [(2, 3), (5, 30), (50, 5), (1000, 8), (20, 1), (3, 2)],
)
@pytest.mark.parametrize("scale", [1.0, 1e-5, 1e5])
def test_equals_scikit_learn(num_rows, num_features, scale):
    """Catches a sample covariance in place of the population's."""
    generator = np.random.default_rng(num_rows)
    mixing = generator.normal(size=(num_features, num_features))
    rows = generator.normal(size=(num_rows, num_features)) @ mixing * scale
    moments = Moments.from_batch(rows)
    shrunk, shrinkage = oas_covariance(moments.covariance(ddof=0), num_rows)
    expected, expected_shrinkage = oas(rows)
    np.testing.assert_allclose(shrinkage, expected_shrinkage, rtol=1e-12)
    np.testing.assert_allclose(
        shrunk, expected, rtol=1e-12, atol=1e-12 * np.abs(expected).max()
    )


def test_a_multiple_of_the_identity_is_a_fixed_point():
    """Catches 0 / 0 where nothing is left to shrink."""
    for covariance in (np.zeros((3, 3)), 0.1 * np.eye(3)):
        shrunk, shrinkage = oas_covariance(covariance, 10)
        assert shrinkage == 1.0
        np.testing.assert_allclose(shrunk, covariance, rtol=1e-15)


def test_the_argument_is_left_as_it_was():
    """Catches shrinking in place."""
    for num_features in (1, 3):
        covariance = np.eye(num_features)
        shrunk, _ = oas_covariance(covariance, 10)
        shrunk[:] = 7.0
        np.testing.assert_array_equal(covariance, np.eye(num_features))


def test_no_rows_is_an_error():
    """Catches a shrinkage of nothing."""
    with pytest.raises(ValueError, match="num_rows=0"):
        oas_covariance(np.eye(2), 0)
