import numpy as np
import pytest
import tensorflow as tf

from trainer.models.dense_autoencoder import DenseAutoencoder, Settings


def make(window_length=6, num_inputs=4, scored=(0, 2), **settings):
    network = DenseAutoencoder(settings, window_length, num_inputs, scored, 1)
    network.build(None)
    return network


def windows(batch=5, length=6, width=4):
    rng = np.random.default_rng(0)
    return tf.constant(rng.standard_normal((batch, length, width)), "float32")


def naive_forward(branch, rows):
    for layer in branch.layers:
        rows = rows @ layer.kernel.numpy() + layer.bias.numpy()
        if layer.activation.__name__ == "relu":
            rows = np.maximum(rows, 0)
    return rows


def test_residuals_are_observed_minus_reconstructed():
    """Sign turned round, or a view given back in the other's order."""
    network, values = make(), windows()
    parts = network(values)
    scored = values.numpy()[:, :, [0, 2]]
    for step in range(6):
        expected = naive_forward(network._time, values[:, step].numpy())
        np.testing.assert_allclose(
            parts["time_view"][:, step], scored[:, step] - expected, atol=1e-6
        )
    for position in range(2):
        rows = scored[:, :, position]
        np.testing.assert_allclose(
            parts["feature_view"][:, :, position],
            rows - naive_forward(network._feature, rows),
            atol=1e-6,
        )


def test_output_can_be_negative():
    """A ReLU output, which reaches no negative value (fault B3)."""
    network, values = make(), windows(200)
    parts = network(values)
    scored = tf.gather(values, [0, 2], axis=-1)
    for residual in parts.values():
        assert (scored - residual).numpy().min() < 0


def test_decoder_widths_are_used_as_given():
    """The decoder built in reverse (fault B2)."""
    network = make(encoder_units=(9, 7), decoder_units=(5, 11))
    widths = [layer.units for layer in network._time.layers]
    assert widths == [9, 7, 1, 5, 11, 2]
    widths = [layer.units for layer in network._feature.layers]
    assert widths == [9, 7, 3, 5, 11, 6]


@pytest.mark.parametrize("name", ["time_latent_size", "feature_latent_size"])
def test_latent_below_input_width(name):
    """A latent as wide as the input, which learns to copy (fault B4)."""
    width = {"time_latent_size": 2, "feature_latent_size": 6}[name]
    make(**{name: width - 1})
    with pytest.raises(ValueError, match=f"`{name}` must be below the width"):
        make(**{name: width})


def test_each_branch_has_its_own_loss():
    """A loss on the blend, which trains neither branch alone."""
    observed = tf.ones((1, 2, 2), bool)
    residuals = {
        "time_view": tf.fill((1, 2, 2), 2.0),
        "feature_view": tf.fill((1, 2, 2), -2.0),
    }
    network = make(time_weight=1.0, feature_weight=3.0)
    assert float(network.loss(residuals, observed)) == pytest.approx(4.0)
    residuals["feature_view"] *= 0
    assert float(network.loss(residuals, observed)) == pytest.approx(1.0)


def test_cells_not_observed_do_not_count():
    """A filled cell that the network is rewarded for."""
    residuals = tf.constant([[[1.0, 100.0]]])
    observed = tf.constant([[[True, False]]])
    parts = {"time_view": residuals, "feature_view": residuals}
    assert float(make().loss(parts, observed)) == pytest.approx(1.0)
    nothing = make().loss(parts, tf.zeros_like(observed))
    assert float(nothing) == 0.0


def test_config_round_trip_and_seed():
    """A setting lost on reload; weights that ignore the seed."""
    network = make(encoder_units=(8,), decoder_units=(8,))
    again = DenseAutoencoder.from_config(network.get_config())
    again.build(None)
    assert again.settings == Settings(encoder_units=(8,), decoder_units=(8,))
    for one, other in zip(network.weights, again.weights, strict=True):
        np.testing.assert_array_equal(one, other)


def test_weights_must_not_both_be_zero():
    """A division by zero in the loss."""
    with pytest.raises(ValueError, match="both 0"):
        make(time_weight=0.0, feature_weight=0.0)
