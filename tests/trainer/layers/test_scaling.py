"""Scaling: its formula, and that units do not matter."""

import hypothesis
import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import strategies as st

from trainer.layers.scaling import Scaling


def fitted_to(train):
    """A layer with the statistics of `train` `[row, feature]`."""
    layer = Scaling(train.shape[1])
    layer.set_from(
        train.mean(axis=0),
        train.var(axis=0, ddof=1),
        train.min(axis=0),
        train.max(axis=0),
        train.min(axis=0) == train.max(axis=0),
    )
    return layer


def train_rows():
    """A wide column, one that is nearly always still, one always 0."""
    generator = np.random.default_rng(1)
    train = generator.normal(size=(100_000, 3))
    train[:, 1] = 0.0
    train[0, 1] = 1.0
    train[:, 2] = 0.0
    return train


def test_is_the_formula():
    """Catches a variance for a deviation, and a spread of nearly nothing."""
    train = train_rows()
    scaled = fitted_to(train)(np.array([[2.0, 0.5, 0.0]]))
    assert scaled.dtype == tf.float32
    mean, deviation = train.mean(axis=0), train.std(axis=0, ddof=1)
    assert deviation[1] < 0.01
    expected = [
        (2.0 - mean[0]) / deviation[0],
        (0.5 - mean[1]) / 0.01,
        0.0,
    ]
    np.testing.assert_allclose(scaled[0], expected, rtol=1e-6)


@hypothesis.settings(max_examples=50, deadline=None, derandomize=True)
@hypothesis.given(
    st.sampled_from([1e-5, 0.25, -1.0, 3.0, 1e5, -1e5]),
    st.sampled_from([0.0, 1.0, -273.15, 1e4]),
)
def test_other_units_change_at_most_the_sign(factor, offset):
    """Catches an absolute floor: it means something else in other units."""
    train = train_rows()[:500, :2]
    values = np.array([[1.5, 0.3], [-9.0, 1.0], [0.0, 0.0]])
    # An offset that dwarfs the spread leaves float64 nothing to work with.
    offset *= abs(factor)
    before = fitted_to(train)(values).numpy()
    after = fitted_to(train * factor + offset)(values * factor + offset)
    np.testing.assert_allclose(
        after.numpy(), np.sign(factor) * before, rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize("factor", [1e-5, 0.25, -1.0, 1e5])
@pytest.mark.parametrize("constant", [0.0, 4.0, -0.3])
def test_a_factor_changes_no_constant_column(constant, factor):
    """Catches a distance from a constant measured in raw units."""
    train = np.full((10, 1), constant)
    values = np.array([[constant], [6.0], [-80.0]])
    before = fitted_to(train)(values).numpy()
    after = fitted_to(train * factor)(values * factor).numpy()
    np.testing.assert_allclose(after, np.sign(factor) * before, rtol=1e-6)


def test_a_constant_column_is_measured_by_its_constant():
    """Catches a division by 0, and rounding taken for a change."""
    layer = fitted_to(np.full((10, 2), [0.1, 0.0]))
    values = np.array([[0.1, 0.0], [0.2, 1e-30], [-5e9, -2.0], [np.nan] * 2])
    expected = [[0, 0], [100, 1], [-5e12 - 100, -1], [np.nan, np.nan]]
    for given in (values, values.astype("float32")):
        np.testing.assert_allclose(layer(given), expected, rtol=1e-5)


def test_small_steps_on_a_large_offset_survive():
    """Catches float64 input cast to float32 before the mean is taken off."""
    train = np.random.default_rng(2).normal(size=(1000, 1)) + 1e9
    scaled = fitted_to(train)(train).numpy()
    assert np.std(scaled, ddof=1) == pytest.approx(1.0, rel=1e-5)
    assert scaled.mean() == pytest.approx(0.0, abs=1e-5)


@pytest.mark.parametrize("jit", [False, True])
def test_compiled_equals_numpy(jit):
    """Catches an operation that one of the drivers cannot compile."""
    train = train_rows()[:500]
    layer = fitted_to(train)
    values = train[:60].reshape(4, 5, 3, 3).astype("float32")
    scaled = tf.function(lambda x: layer(x), jit_compile=jit)(values)
    mean, scale = layer.mean.numpy(), layer.scale.numpy()
    np.testing.assert_allclose(
        scaled, (values - mean) / scale, rtol=1e-6, atol=1e-6
    )


def test_unusable_columns_are_errors_and_change_nothing():
    """Catches weights of NaN, with which nothing is ever scored."""
    layer = fitted_to(train_rows())
    before = layer.get_weights()
    one, no = np.ones(3), np.zeros(3, bool)
    for mean, variance in (
        ([0.0, np.nan, 0.0], one),
        (one, [1.0, np.inf, 1.0]),
        (one, [1.0, 0.0, 1.0]),
    ):
        with pytest.raises(ValueError, match="in column 1"):
            layer.set_from(mean, variance, one, one, no)
    for old, new in zip(before, layer.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_config_and_weights_round_trip(tmp_path):
    """Catches numbers kept outside the weights, or in float32."""
    layer = fitted_to(train_rows() + 1e-9)
    inputs = keras.Input((3,), dtype="float64")
    model = keras.Model(inputs, layer(inputs))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    values = np.random.default_rng(3).normal(size=(5, 3))
    np.testing.assert_array_equal(model(values), loaded(values))
    for old, new in zip(model.get_weights(), loaded.get_weights(), strict=True):
        assert new.dtype == np.float64
        np.testing.assert_array_equal(old, new)
    assert not model.trainable_weights
