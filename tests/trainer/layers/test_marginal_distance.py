"""Rows with holes against a submatrix for each row."""

import numpy as np
import pytest
import tensorflow as tf

from trainer.layers import marginal_distance


def squared_by_submatrix(deviation, covariance):
    """Squares and terms, from the inverse of what each row has left."""
    square = np.zeros(len(deviation))
    terms = np.zeros_like(deviation)
    for row, values in enumerate(deviation):
        kept = np.flatnonzero(np.isfinite(values))
        precision = np.linalg.inv(covariance[np.ix_(kept, kept)])
        terms[row, kept] = values[kept] * (precision @ values[kept])
        square[row] = terms[row].sum()
    return square, terms


@pytest.mark.parametrize(
    ("num_rows", "num_features", "fraction", "jit"),
    [
        (200, 5, 0.0, False),
        (200, 5, 0.02, False),
        (130, 5, 0.5, False),
        (130, 5, 0.5, True),
        (3, 1, 0.3, False),
        (40, 12, 0.3, False),
    ],
)
def test_equals_submatrices(num_rows, num_features, fraction, jit):
    """Catches a conditional distribution, a wrong order and a lost chunk."""
    generator = np.random.default_rng(num_rows)
    mixing = generator.normal(size=(num_features, 2 * num_features))
    covariance = mixing @ mixing.T
    deviation = generator.normal(size=(num_rows, num_features)) * 3
    deviation[generator.random(deviation.shape) < fraction] = np.nan
    measure = tf.function(marginal_distance.squared_distances, jit_compile=jit)
    square, terms = measure(deviation, np.linalg.cholesky(covariance))
    expected_square, expected_terms = squared_by_submatrix(
        deviation, covariance
    )
    np.testing.assert_allclose(square, expected_square, rtol=1e-9)
    np.testing.assert_allclose(
        terms, expected_terms, rtol=1e-9, atol=1e-9 * expected_square.max()
    )


@pytest.mark.parametrize("num_rows", [0, 1, 3, 4, 5, 9])
def test_chunks_of_any_remainder(num_rows, monkeypatch):
    """Catches padding that is measured, or rows cut off the last chunk."""
    monkeypatch.setattr(marginal_distance, "CHUNK_ROWS", 4)
    deviation = np.random.default_rng(1).normal(size=(num_rows, 3))
    deviation[::2, 1] = np.nan
    square, terms = marginal_distance.squared_distances(
        tf.constant(deviation), tf.eye(3, dtype=tf.float64)
    )
    expected = np.nan_to_num(deviation**2)
    np.testing.assert_allclose(square, expected.sum(axis=1), rtol=1e-12)
    np.testing.assert_allclose(terms, expected, rtol=1e-12)
