"""Filling against pandas and a loop."""

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from trainer.layers.missing import fill_forward, is_observed


def windows_with_holes(shape, dtype="float32"):
    generator = np.random.default_rng(1)
    values = generator.normal(size=shape).astype(dtype)
    values[generator.random(shape) < 0.4] = np.nan
    values[generator.random(shape) < 0.1] = np.inf
    values[generator.random(shape) < 0.1] = -np.inf
    return values


def filled_one_by_one(values, fallback):
    filled = values.copy()
    for window in filled:
        for column in range(window.shape[1]):
            last = fallback[column]
            for step in range(len(window)):
                if not np.isfinite(window[step, column]):
                    window[step, column] = last
                last = window[step, column]
    return filled


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "shape", [(3, 1, 2), (2, 2, 1), (4, 33, 3), (1, 64, 2), (0, 5, 2)]
)
def test_equals_a_loop(shape, dtype, jit):
    """Catches a shift too few, and values of another window or feature."""
    values = windows_with_holes(shape, dtype)
    fallback = np.arange(shape[2], dtype=dtype) + 100
    fill = tf.function(fill_forward, jit_compile=jit)
    filled = fill(tf.constant(values), tf.constant(fallback))
    assert filled.dtype == dtype
    np.testing.assert_array_equal(filled, filled_one_by_one(values, fallback))


def test_equals_pandas():
    """Catches filling from later steps, or the infinite taken for a value."""
    values = windows_with_holes((1, 100, 4), "float64")
    frame = pd.DataFrame(np.where(np.isfinite(values[0]), values[0], np.nan))
    expected = frame.ffill().fillna(7.0).to_numpy()
    filled = fill_forward(tf.constant(values), tf.fill([4], 7.0))
    np.testing.assert_array_equal(filled[0], expected)


def test_a_long_hole_with_any_window_length():
    """Catches a length that must be known when the graph is made."""
    fill = tf.function(
        fill_forward,
        input_signature=[
            tf.TensorSpec([None, None, None]),
            tf.TensorSpec([None]),
        ],
    )
    for num_steps in (1, 2, 3, 257):
        values = np.full((2, num_steps, 3), np.nan, "float32")
        values[0, 0] = 5.0
        filled = fill(values, np.zeros(3, "float32")).numpy()
        assert (filled[0] == 5.0).all()
        assert (filled[1] == 0.0).all()


def test_observed_is_finite():
    """Catches infinity taken for a measurement."""
    values = tf.constant([1.0, np.nan, np.inf, -np.inf, 0.0])
    assert is_observed(values).numpy().tolist() == [True, 0, 0, 0, True]
