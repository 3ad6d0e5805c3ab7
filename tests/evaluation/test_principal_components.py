"""Principal components against an eigenvalue twin."""

import numpy as np
import pytest

from evaluation import principal_components
from evaluation.principal_components import fit_components, unexplained


def correlated(num_rows=400, num_features=5, seed=1):
    """Columns that follow two common causes."""
    generator = np.random.default_rng(seed)
    causes = generator.normal(size=(num_rows, 2))
    mixture = np.random.default_rng(99).normal(size=(2, num_features))
    return causes @ mixture + 0.1 * generator.normal(
        size=(num_rows, num_features)
    )


def fitted(*runs):
    return fit_components(runs, sum(map(len, runs)))


def naive_unexplained(train, values):
    """By eigenvectors of the covariance, for 90 % of the variance."""
    variances, directions = np.linalg.eigh(np.cov(train.T))
    variances, directions = variances[::-1], directions[:, ::-1]
    explained = np.cumsum(variances) / variances.sum()
    directions = directions[:, : int(np.argmax(explained >= 0.9)) + 1]
    centred = values - train.mean(axis=0)
    return centred - centred @ directions @ directions.T


def test_agrees_with_the_naive_twin():
    """Catches too few directions, and a mean left out."""
    train, values = correlated() + 3, correlated(60, seed=2) * 1.1
    found = fitted(train)
    assert found.directions.shape == (2, 5)
    np.testing.assert_allclose(
        unexplained(found, values), naive_unexplained(train, values), atol=1e-9
    )


def test_missing_cells_are_unknown_never_normal():
    """Catches a missing cell left at 0, and a row of too few judged."""
    train, values = correlated(), correlated(300, seed=4)
    gaps = np.random.default_rng(5).random(values.shape) < 0.4
    values[gaps] = np.nan
    expected = naive_unexplained(train, np.where(gaps, 0, values))
    expected[gaps | (gaps.sum(axis=1, keepdims=True) > 2)] = np.nan
    found = unexplained(fitted(train), values)
    np.testing.assert_allclose(found, expected, atol=1e-9)
    # In train they are 0, and rows of too few are left out.
    holes = train.copy()
    holes[:50, 1] = np.nan
    holes[50:90, :3] = np.nan
    filled = np.delete(np.nan_to_num(holes), np.s_[50:90], axis=0)
    np.testing.assert_allclose(
        unexplained(fitted(holes), train),
        unexplained(fitted(filled), train),
        atol=1e-9,
    )


def test_an_infinite_cell_stays_infinite():
    """Catches an infinite cell taken for 0, and neighbours it spoils."""
    train, values = correlated(), correlated(10, seed=10)
    values[4, 1] = -np.inf
    found = unexplained(fitted(train), values)
    assert found[4, 1] == -np.inf
    assert np.isfinite(np.delete(found.ravel(), 4 * 5 + 1)).all()


def test_a_single_column_is_judged_by_its_past():
    """Catches windows that look ahead, or that blame nine rows more."""
    steps = np.arange(600)
    wave = np.sin(2 * np.pi * steps / 25)[:, np.newaxis]
    train = wave + np.random.default_rng(7).normal(0, 0.02, wave.shape)
    values = wave[:60].copy()
    values[40] += 1
    components = fitted(train)
    found = unexplained(components, values)
    assert found.shape == (60, 1)
    np.testing.assert_array_equal(np.isnan(found[:, 0]), steps[:60] < 9)
    assert np.nanargmax(np.abs(found)) == 40
    windows = [
        np.stack([rows[row - 9 : row + 1, 0] for row in range(9, len(rows))])
        for rows in (train, values)
    ]
    expected = naive_unexplained(*windows)[:, -1]
    np.testing.assert_allclose(found[9:, 0], expected, atol=1e-9)
    values[50] = np.nan
    found = unexplained(components, values)
    assert np.isnan(found[50]) and not np.isnan(found[51:]).any()
    # Half of a window must be known, as of any row.
    values[20:26] = np.nan
    found = unexplained(components, values)
    assert np.isnan(found[20:30]).all() and not np.isnan(found[30])


def test_one_direction_is_always_left():
    """Catches an error of 0 for every row: all directions are kept."""
    train = np.random.default_rng(8).normal(size=(500, 2))
    assert unexplained(fitted(train), train).std() > 0.1


def test_constant_rows_have_no_directions():
    """Catches a division by a variance of 0."""
    found = fitted(np.full((20, 3), 4.0))
    assert found.directions.shape == (0, 3)
    values = np.array([[4.0, 4.0, 4.0], [5.0, 4.0, 3.0]])
    np.testing.assert_array_equal(unexplained(found, values), values - 4)


def test_ten_known_rows_are_needed():
    """Catches directions found in next to nothing, or in unknown rows."""
    rows = correlated(15)
    rows[10:, :3] = np.nan
    assert fitted(rows) is not None
    rows[9, :3] = np.nan
    assert fitted(rows) is None
    assert fitted(rows[:0]) is fitted() is fitted(np.zeros((5, 1))) is None


@pytest.mark.parametrize("num_columns", [1, 5])
@pytest.mark.parametrize("num_rows", [0, 1])
def test_hardly_any_rows(num_rows, num_columns):
    """Catches an error where there is no whole window."""
    train = correlated(num_features=num_columns)
    found = unexplained(fitted(train), train[:num_rows])
    assert found.shape == (num_rows, num_columns)
    assert np.isnan(found).all() == (num_columns == 1 or num_rows == 0)


def test_many_rows_are_thinned_evenly(monkeypatch):
    """Catches a choice that starts anew in each run, or takes the first."""
    monkeypatch.setattr(principal_components, "MAX_ROWS", 20)
    train = correlated(46)
    runs = iter([train[:16], train[16:17], train[17:17], train[17:]])
    found = fit_components(runs, 46)
    np.testing.assert_allclose(found.mean, train[::3].mean(axis=0))
