"""Lagged rows against a loop."""

import numpy as np
import pytest

from trainer.statistics.windows import lagged


@pytest.mark.parametrize("length", [1, 2, 5, 6])
@pytest.mark.parametrize("shape", [(3, 7, 2), (1, 7, 1), (0, 7, 2)])
def test_equals_a_loop(shape, length):
    """Catches a row among its own inputs, features mixed up, newest first."""
    values = np.random.default_rng(1).normal(size=shape).astype("float32")
    found = lagged(values, length)
    assert found.shape == (shape[0], 7 - length, length * shape[2])
    assert found.dtype == values.dtype
    for series, rows in enumerate(values):
        for position, step in enumerate(range(length, 7)):
            before = np.concatenate(
                [rows[i] for i in range(step - length, step)]
            )
            np.testing.assert_array_equal(found[series, position], before)


@pytest.mark.parametrize("num_steps", [0, 1, 3])
def test_series_without_a_row_behind_the_lags(num_steps):
    """Catches an error of NumPy, and a negative number of rows."""
    values = np.zeros((2, num_steps, 4), "float32")
    found = lagged(values, 3)
    assert found.shape == (2, 0, 12)
    assert found.dtype == np.float32
