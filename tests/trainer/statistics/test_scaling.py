"""The scaling rule: its formula, and that the layer has the same."""

import numpy as np
import pytest

from trainer.layers.scaling import Scaling
from trainer.statistics.scaling import column_scale, scaled


def statistics_of(train):
    """Mean, variance, minimum, maximum, is_constant of `[row, feature]`."""
    return (
        train.mean(axis=0),
        train.var(axis=0, ddof=1),
        train.min(axis=0),
        train.max(axis=0),
        np.ptp(train, axis=0) == 0,
    )


def train_rows():
    """A wide column, one that is nearly always still, two constant ones."""
    train = np.random.default_rng(1).normal(size=(100_000, 4))
    train[:, 1] = 0.0
    train[0, 1] = 1.0
    train[:, 2] = 0.1
    train[:, 3] = 0.0
    return train


def test_scale_is_the_larger_of_spread_and_part_of_the_range():
    """Catches a variance for a deviation, and a spread of nearly nothing."""
    train = train_rows()
    scale = column_scale(*statistics_of(train))
    deviation = train[:, 0].std(ddof=1)
    np.testing.assert_allclose(scale, [deviation, 0.01, 0.001, 1.0])
    assert scale.dtype == np.float64


def test_layer_has_the_same_rule():
    """Catches a rule changed in one of the two places."""
    train = train_rows()
    statistics = statistics_of(train)
    values = np.random.default_rng(2).normal(size=(50, 4, 4)) * 3
    values[0] = train[0]
    values[1, :, 2] = np.float32(0.1)
    values[2, 0] = np.nan
    values[3, 0] = np.inf
    values[4, :, 2] = 0.1 * (1 + 2e-6)
    layer = Scaling(4)
    layer.set_from(*statistics)
    expected = layer(values).numpy()
    mean, is_constant = statistics[0], statistics[-1]
    found = scaled(values, mean, column_scale(*statistics), is_constant)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-7)


def test_a_constant_column_is_measured_by_its_constant():
    """Catches a division by 0, and rounding taken for a change."""
    values = np.array([[0.1, 0.0], [0.2, 1e-30], [-5e9, -2.0], [np.nan] * 2])
    statistics = statistics_of(np.full((10, 2), [0.1, 0.0]))
    scale = column_scale(*statistics)
    expected = [[0, 0], [100, 1], [-5e12 - 100, -1], [np.nan, np.nan]]
    for dtype in (np.float64, np.float32):
        found = scaled(
            values.astype(dtype), statistics[0], scale, statistics[-1]
        )
        np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_small_steps_on_a_large_offset_survive():
    """Catches a deviation taken in float32."""
    train = np.random.default_rng(3).normal(size=(1000, 1)) + 1e9
    statistics = statistics_of(train)
    found = scaled(train, statistics[0], column_scale(*statistics), False)
    assert found.std(ddof=1) == pytest.approx(1.0, rel=1e-6)


def test_no_rows_and_whole_numbers():
    """Catches an empty run as an error, and a division of integers."""
    one, no = np.ones(2), np.zeros(2, bool)
    assert scaled(np.zeros((0, 2)), one, one, no).shape == (0, 2)
    found = scaled(np.array([[3, 4]]), np.array([1, 1]), np.array([4, 4]), no)
    np.testing.assert_array_equal(found, [[0.5, 0.75]])


@pytest.mark.parametrize(
    "mean, variance",
    [
        ([0.0, np.nan], [1.0, 1.0]),
        ([0.0, 0.0], [1.0, np.inf]),
        ([0.0, 0.0], [1.0, 0.0]),
    ],
)
def test_unusable_columns_are_errors(mean, variance):
    """Catches a scale of 0 or NaN, with which nothing is ever scored."""
    one, no = np.ones(2), np.zeros(2, bool)
    with pytest.raises(ValueError, match="in column 1"):
        column_scale(mean, variance, one, one, no)
