"""Distances against SciPy, one row at a time."""

import numpy as np
import pytest
import scipy.spatial.distance

from trainer.statistics.whitening import (
    cholesky_factor,
    floored_eigenvalues,
    mahalanobis_contributions,
    mahalanobis_distance,
)


def sample(num_rows, num_features, seed=1):
    generator = np.random.default_rng(seed)
    mixing = generator.normal(size=(num_features, num_features))
    return generator.normal(size=(num_rows, num_features)) @ mixing + 3.0


@pytest.mark.parametrize("num_features", [1, 2, 8])
def test_distance_equals_scipy(num_features):
    """Catches the square, an upper factor or a transposed solve."""
    rows = sample(200, num_features)
    covariance = np.atleast_2d(np.cov(rows, rowvar=False))
    factor = cholesky_factor(covariance, relative_ridge=0.0)
    mean = rows.mean(axis=0)
    precision = np.linalg.inv(covariance)
    expected = [
        scipy.spatial.distance.mahalanobis(row, mean, precision) for row in rows
    ]
    distance = mahalanobis_distance(rows, mean, factor)
    np.testing.assert_allclose(distance, expected, rtol=1e-9)
    contributions = mahalanobis_contributions(rows, mean, factor)
    np.testing.assert_allclose(
        contributions,
        (rows - mean) * ((rows - mean) @ precision),
        rtol=1e-8,
        atol=1e-9,
    )


def test_contributions_sum_to_the_squared_distance():
    """Catches terms of the whitened, rotated features."""
    rows = sample(50, 4)
    mean, factor = rows.mean(axis=0), cholesky_factor(np.cov(rows.T))
    np.testing.assert_allclose(
        mahalanobis_contributions(rows, mean, factor).sum(axis=1),
        mahalanobis_distance(rows, mean, factor) ** 2,
        rtol=1e-10,
    )


def test_many_rows_need_no_square_matrix():
    """Catches a product of all rows with all rows, here 3.2 GB."""
    rows = sample(20_000, 5)
    mean, factor = rows.mean(axis=0), cholesky_factor(np.cov(rows.T))
    distance = mahalanobis_distance(rows, mean, factor)
    # The mean square of distances to their own moments is known.
    np.testing.assert_allclose(
        np.mean(distance**2), 5 * (1 - 1 / 20_000), rtol=1e-5
    )


@pytest.mark.parametrize("scale", [0.0, 1e-7, 1.0, 1e7])
def test_singular_covariance_gives_finite_distances(scale):
    """Catches a ridge that other units turn into nothing."""
    column = np.random.default_rng(2).normal(size=100) * scale
    rows = np.stack([column, 2 * column, np.zeros(100)], axis=1)
    factor = cholesky_factor(np.cov(rows.T))
    distance = mahalanobis_distance(rows + 1.0, rows.mean(axis=0), factor)
    assert np.isfinite(distance).all()
    assert (distance > 0).all()


def test_other_units_scale_the_factor():
    """Catches an absolute ridge."""
    covariance = np.cov(sample(30, 3).T)
    np.testing.assert_allclose(
        cholesky_factor(covariance * 1e-10),
        cholesky_factor(covariance) * 1e-5,
        rtol=1e-8,
    )


def test_an_unknown_entry_makes_only_its_row_unknown():
    """Catches NaN spreading to other rows, or becoming a number."""
    rows = sample(100, 4)
    mean, factor = rows.mean(axis=0), cholesky_factor(np.cov(rows.T))
    whole = mahalanobis_distance(rows, mean, factor)
    rows[7, 2] = np.nan
    distance = mahalanobis_distance(rows, mean, factor)
    assert np.flatnonzero(np.isnan(distance)).tolist() == [7]
    np.testing.assert_allclose(
        np.delete(distance, 7), np.delete(whole, 7), rtol=1e-12
    )


def test_eigenvalues_are_floored_by_the_worst_contradiction():
    """Catches a floor of 0, which makes one direction infinitely strange."""
    signs = np.array([[1, 1, -1], [1, 1, 1], [-1, 1, 1]])
    covariance = np.where(np.eye(3) > 0, 1.0, 0.9 * signs)
    np.testing.assert_allclose(np.linalg.eigvalsh(covariance), [-0.8, 1.9, 1.9])
    floored = floored_eigenvalues(covariance)
    np.testing.assert_allclose(np.linalg.eigvalsh(floored), [0.8, 1.9, 1.9])
    np.testing.assert_array_equal(floored, floored.T)
    proper = np.cov(sample(30, 3).T)
    np.testing.assert_array_equal(floored_eigenvalues(proper), proper)
    with pytest.raises(ValueError, match="must be finite"):
        floored_eigenvalues(np.diag([1.0, np.nan]))


def test_no_rows_give_no_distances():
    """Catches a solver that refuses empty input."""
    rows = np.zeros((0, 3))
    assert mahalanobis_distance(rows, np.zeros(3), np.eye(3)).shape == (0,)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -1.0])
def test_a_covariance_that_is_none_is_an_error(bad):
    """Catches a factor of NaN, which calls every row unknown for ever."""
    with pytest.raises(ValueError, match="Raise `relative_ridge`"):
        cholesky_factor(np.diag([1.0, bad]))
