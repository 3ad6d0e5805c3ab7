"""Sums with missing terms, against a loop."""

import numpy as np
import pytest

from evaluation.known_terms import has_enough, scaled_up


def naive_sum(terms):
    """Sum over known terms scaled up, NaN below half; one row."""
    known = [term for term in terms if not np.isnan(term)]
    if 2 * len(known) < len(terms):
        return np.nan
    return sum(known) * len(terms) / len(known)


@pytest.mark.parametrize("num_columns", [1, 4, 5])
def test_agrees_with_the_naive_twin(num_columns):
    """Catches a missing cell counted as 0, and a row of too few summed."""
    generator = np.random.default_rng(num_columns)
    terms = generator.normal(size=(300, num_columns))
    terms[generator.random(terms.shape) < 0.4] = np.nan
    before = terms.copy()
    sums, scaled = scaled_up(terms)
    expected = np.array([naive_sum(row) for row in terms])
    is_known = ~np.isnan(expected)
    assert 20 < is_known.sum() < 280
    np.testing.assert_allclose(sums, expected)
    np.testing.assert_array_equal(has_enough(terms), is_known)
    np.testing.assert_allclose(np.nansum(scaled[is_known], axis=1),
                               expected[is_known])  # fmt: skip
    np.testing.assert_array_equal(
        np.isnan(scaled), np.isnan(terms) | ~is_known[:, np.newaxis]
    )
    np.testing.assert_array_equal(terms, before)


def test_edges():
    """Catches an infinite term lost, and no rows as an error."""
    sums, _ = scaled_up(np.array([[np.inf, np.nan], [0.0, 0.0]]))
    np.testing.assert_array_equal(sums, [np.inf, 0.0])
    sums, scaled = scaled_up(np.zeros((0, 3)))
    assert sums.shape == (0,) and scaled.shape == (0, 3)
