import keras
import numpy as np
import pytest
import tensorflow as tf

from trainer.models import lstm_forecaster
from trainer.models.lstm_forecaster import LSTMForecaster, Settings

SMALL = {"units": (6, 3), "dropout": 0.5, "context_length": 5, "horizon": 6}
SCORED = (2, 0)
SEED = tf.constant([5, 7])


def make(length=17, num_inputs=4, scored=SCORED, seed=1, **settings):
    network = LSTMForecaster(SMALL | settings, length, num_inputs, scored, seed)
    network.build(None)
    return network


def windows(length=17, batch=3):
    rng = np.random.default_rng(0)
    return rng.standard_normal((batch, length, 4)).astype("float32")


def keras_twin(network):
    """The same network of Keras' own layers, of one context."""
    horizon, units = network.settings.horizon, network.settings.widths
    layers = [
        keras.layers.LSTM(width, return_sequences=position + 1 < len(units))
        for position, width in enumerate(units)
    ]
    twin = keras.Sequential(
        [
            keras.Input((network.settings.context_length, 4)),
            *layers,
            keras.layers.Dense(horizon * len(network.scored)),
            keras.layers.Reshape((horizon, len(network.scored))),
        ]
    )
    twin.set_weights([weight.numpy() for weight in network.trainable_weights])
    return twin


def forecasts_of(twin, window, row):
    """Each step's forecast and its horizon, from rows up to `row` alone."""
    return twin(window[np.newaxis, row - 5 : row]).numpy()[0]


def test_all_steps_of_the_horizon_are_learned():
    """Catches a target that is shifted, or the inputs forecast too."""
    network = make()
    values = windows(length=5 + 6)
    found = network.learn(tf.constant(values))["forecast"]
    expected = values[:, 5:, SCORED] - keras_twin(network)(values[:, :5])
    np.testing.assert_allclose(found, expected, atol=1e-5)
    observed = np.random.default_rng(1).random(found.shape) < 0.7
    loss = network.loss({"forecast": found}, tf.constant(observed))
    mean = np.mean(np.square(expected.numpy()[observed]))
    assert float(loss) == pytest.approx(mean, rel=1e-5)


@pytest.mark.parametrize("stride", [1, 4, 6])
def test_the_newest_forecast_counts(stride):
    """Catches a forecast that knows its step, or one older than need be.

    Of 12 steps behind the context the last block of 4 is whole, of 6 too;
    with 17 - 1 rows it is not.
    """
    network = make(forecast_stride=stride)
    assert network.context_length == 5
    twin = keras_twin(network)
    for length in (17, 16, 6):
        values = windows(length)
        found = network(tf.constant(values))["forecast"].numpy()
        assert found.shape == (3, length - 5, 2)
        for window, residuals in zip(values, found, strict=True):
            for row in range(5, length):
                begin = row - (row - 5) % stride
                forecast = forecasts_of(twin, window, begin)[row - begin]
                expected = window[row, list(SCORED)] - forecast
                np.testing.assert_allclose(
                    residuals[row - 5], expected, atol=1e-5
                )


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_the_mean_of_all_forecasts_of_a_step(stride):
    """Catches horizons that are exchanged, and forecasts made too late."""
    network = make(forecast_stride=stride, overlap="mean")
    num_context = 5 + 6 - stride
    assert network.context_length == num_context
    twin = keras_twin(network)
    window = windows()[0]
    found = network(tf.constant(window[np.newaxis]))["forecast"][0]
    for row in range(num_context, 17):
        newest = row - (row - num_context) % stride
        begins = range(newest, row - 6, -stride)
        told = [forecasts_of(twin, window, each)[row - each] for each in begins]
        assert len(told) == 6 // stride
        expected = window[row, list(SCORED)] - np.mean(told, axis=0)
        np.testing.assert_allclose(
            found[row - num_context], expected, atol=1e-5
        )


@pytest.mark.parametrize("at_once", [1, 4, 7, 100])
@pytest.mark.parametrize("jit_compile", [False, True])
def test_contexts_are_told_some_at_a_time(monkeypatch, at_once, jit_compile):
    """Catches forecasts lost where groups are not full, and shapes for XLA."""
    network = make(forecast_stride=2)
    values = tf.constant(windows())
    expected = network(values)["forecast"]
    monkeypatch.setattr(lstm_forecaster, "_CONTEXTS_AT_ONCE", at_once)
    compiled = tf.function(
        lambda values: network(values)["forecast"], jit_compile=jit_compile
    )
    np.testing.assert_allclose(compiled(values), expected, atol=1e-6)
    if not jit_compile:
        spec = tf.TensorSpec((None, None, 4))
        of_any_size = compiled.get_concrete_function(spec)
        np.testing.assert_allclose(of_any_size(values), expected, atol=1e-6)
        assert of_any_size(values[:0]).shape == (0, 12, 2)


def test_dropout_is_in_training_alone():
    """Catches chance in serving, and a rate taken for what is kept."""
    network, values = make(units=(400,)), tf.constant(windows(11))
    calm = network.learn(values)["forecast"]
    np.testing.assert_array_equal(calm, network.learn(values)["forecast"])
    one, again = (network.learn(values, SEED)["forecast"] for _ in range(2))
    np.testing.assert_array_equal(one, again)
    assert np.abs(one - calm).max() > 0.01
    none = make(units=(400,), dropout=0.0)
    np.testing.assert_array_equal(
        none.learn(values, SEED)["forecast"], none.learn(values)["forecast"]
    )


def test_one_width_is_that_of_all_layers():
    """Catches a search that sets the number of layers in vain."""
    assert Settings(units=(8,), num_layers=3).widths == (8, 8, 8)
    assert Settings(units=(8, 4), num_layers=3).widths == (8, 4)
    assert len(make(units=(8,), num_layers=3).trainable_weights) == 3 * 3 + 2


def test_covariates_are_read():
    """Catches a forecast from the scored features alone."""
    network, values = make(), windows()
    changed = values.copy()
    changed[:, :, 1] += 1
    found = network(tf.constant(values))["forecast"]
    assert np.abs(network(tf.constant(changed))["forecast"] - found).min() > 0


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"units": ()}, "at least one layer"),
        ({"forecast_stride": 7}, "not be above `horizon`"),
        ({"overlap": "mean", "forecast_stride": 4}, "multiple"),
        ({"dropout": 1.0}, "dropout"),
        ({"horizon": 0}, "horizon"),
        ({"overlap": "oldest"}, "overlap"),
    ],
)
def test_settings_are_checked(settings, told):
    """Catches a mistake that shows only when training has begun."""
    with pytest.raises(ValueError, match=told):
        Settings(**(SMALL | settings))


def test_a_window_needs_a_step_to_forecast():
    """Catches a network that tells nothing."""
    with pytest.raises(ValueError, match="`window_length` must be above"):
        make(length=5)
    assert Settings(**SMALL).usual_window_length(10) == 5 + 6 + 10
    with pytest.raises(ValueError, match="10 such steps"):
        make(length=10, forecast_stride=1, overlap="mean")
