import numpy as np
import pytest
import tensorflow as tf

from trainer.layers.dropout import SeededDropout

SEED = tf.constant([5, 7])


def ways(function):
    """The function as it is, in a graph, and compiled."""
    return {
        "eager": function,
        "graph": tf.function(function),
        "jit": tf.function(function, jit_compile=True),
    }


def test_mask_is_the_same_everywhere():
    """Fractions that XLA makes otherwise: jit and graph that disagree."""
    layer = SeededDropout(0.3, 2)
    values = tf.random.stateless_normal((7, 11, 13), (1, 2))
    expected = layer(values, SEED).numpy()
    for name, function in ways(layer.call).items():
        found = function(values, SEED)
        np.testing.assert_array_equal(found == 0, expected == 0, name)
        np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize("rate", [0.05, 0.5, 0.9])
def test_rate_and_scale(rate):
    """A keep probability taken for a rate; values that are not raised."""
    values = tf.fill((100, 1000), 3.0)
    found = SeededDropout(rate, 0)(values, SEED).numpy()
    # Five standard deviations of 100,000 draws.
    tolerance = 5 * np.sqrt(rate * (1 - rate) / found.size)
    assert np.mean(found == 0) == pytest.approx(rate, abs=tolerance)
    np.testing.assert_allclose(found[found != 0], 3 / (1 - rate), rtol=1e-6)


def test_masks_differ():
    """Two layers, two steps or two cells that share what they drop."""
    values = tf.ones((40, 50))

    def mask(number, seed):
        return SeededDropout(0.5, number)(values, seed).numpy() == 0

    first = mask(0, SEED)
    np.testing.assert_array_equal(first, mask(0, SEED))
    others = [mask(1, SEED), mask(0, SEED + (1, 0)), mask(0, SEED + (0, 1))]
    for other in [*others, np.roll(first, 1, 0), np.roll(first, 1, 1)]:
        assert np.mean(first == other) == pytest.approx(0.5, abs=0.06)


def test_nothing_is_dropped():
    """Dropout at inference; a rate of 0 that still costs, or scales."""
    values = tf.random.stateless_normal((4, 5), (1, 2))
    assert SeededDropout(0.4, 0).call(values) is values
    assert SeededDropout(0.0, 0).call(values, SEED) is values


def test_gradient_follows_the_mask():
    """A gradient of values that were dropped."""
    layer = SeededDropout(0.5, 0)
    values = tf.ones((6, 8))
    with tf.GradientTape() as tape:
        tape.watch(values)
        dropped = layer(values, SEED)
    gradient = tape.gradient(dropped, values)
    np.testing.assert_array_equal(gradient, dropped)


@pytest.mark.parametrize("rate", [-0.1, 1.0, float("nan")])
def test_rates_out_of_bounds(rate):
    """A division by zero, or a rate of NaN that keeps everything."""
    with pytest.raises(ValueError, match="`rate` must be at least 0"):
        SeededDropout(rate, 0)


def test_config_round_trip():
    """A number that is lost, so that two layers share a mask."""
    layer = SeededDropout.from_config(SeededDropout(0.25, 3).get_config())
    assert (layer.rate, layer.number) == (0.25, 3)
