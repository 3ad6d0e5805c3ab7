import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from trainer.layers.dropout import SeededDropout
from trainer.models.lstm_autoencoder import LSTMAutoencoder, Settings

SEED = tf.constant([5, 7])
SMALL = {"encoder_units": (6, 4), "decoder_units": (3, 5)}


def make(length=6, num_inputs=4, scored=(0, 2), seed=1, **settings):
    network = LSTMAutoencoder(
        SMALL | settings, length, num_inputs, scored, seed
    )
    network.build(None)
    return network


def windows(batch=5, length=6, width=4):
    rng = np.random.default_rng(0)
    return tf.constant(rng.standard_normal((batch, length, width)), "float32")


def sigmoid(values):
    return 1 / (1 + np.exp(-values))


class NaiveStack:
    """LSTM layers, one window and one step at a time."""

    def __init__(self, layers, state=None):
        self.weights = [
            [weight.numpy().astype("f8") for weight in layer.weights]
            for layer in layers
        ]
        self.states = [
            [np.zeros(len(kernel)), np.zeros(len(kernel))]
            for _, kernel, _ in self.weights
        ]
        if state is not None:
            self.states[0] = state

    def step(self, values, masks=None):
        """The last layer's output; `masks` are what dropout multiplies by."""
        for position, (kernel, recurrent, bias) in enumerate(self.weights):
            hidden, cell = self.states[position]
            sums = values @ kernel + hidden @ recurrent + bias
            entered, kept, new, shown = np.split(sums, 4)
            cell = sigmoid(kept) * cell + sigmoid(entered) * np.tanh(new)
            hidden = sigmoid(shown) * np.tanh(cell)
            self.states[position] = [hidden, cell]
            values = hidden if masks is None else hidden * masks[position]
        return values


def naive_residuals(network, window, is_forced, masks=None):
    """Residuals of one window `[time, input feature]`, step by step.

    Args:
        network: with one mask for each layer at most.
        window: NumPy.
        is_forced: whether the decoder is given what was true.
        masks: of the encoder's and of the decoder's layers, `[time, units]`.
    """
    encoder = NaiveStack(network._encoder)
    of_encoder, of_decoder = masks or (None, None)
    for step, values in enumerate(window):
        encoder.step(values, of_encoder and [each[step] for each in of_encoder])
    state = [
        each @ bridge.kernel.numpy() + bridge.bias.numpy()
        for each, bridge in zip(
            encoder.states[-1], network._bridges, strict=True
        )
    ]
    target = window[:, list(network.scored)]
    if network.settings.reverses_target:
        target = target[::-1]
    decoder = NaiveStack(network._decoder, state)
    predicted = []
    for step in range(len(target)):
        given = np.zeros(target.shape[1])
        if step:
            given = target[step - 1] if is_forced else predicted[-1]
        masks = of_decoder and [each[step] for each in of_decoder]
        values = decoder.step(given, masks)
        for layer in network._head:
            values = values @ layer.kernel.numpy() + layer.bias.numpy()
            if layer.activation.__name__ == "relu":
                values = np.maximum(values, 0)
        predicted.append(values)
    residuals = target - np.array(predicted)
    return residuals[::-1] if network.settings.reverses_target else residuals


@pytest.mark.parametrize("reverses", [True, False])
@pytest.mark.parametrize("head", [(), (7,)])
@pytest.mark.parametrize("seed", [None, SEED], ids=["free", "forced"])
def test_residuals_equal_a_naive_twin(reverses, head, seed):
    """Faults LSTM-a, LSTM-b: a target that leaks, a second head; the wrong
    end of the window first; the state of another layer; a covariate that is
    not read, or given back."""
    network = make(reverses_target=reverses, head_units=head)
    values = windows()
    parts = network(values, seed=seed)
    assert tuple(parts) == network.parts
    assert parts["time_view"] is parts["feature_view"]
    for window, found in zip(values.numpy(), parts["time_view"], strict=True):
        expected = naive_residuals(network, window, seed is not None)
        np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("seed", [None, SEED], ids=["free", "forced"])
def test_compiled_or_not(seed):
    """One loop in the graph and another one under XLA that differ."""
    network = make(length=40, keep_probabilities=(0.8, 0.9))
    values = windows(length=40)
    expected = network(values, seed=seed)["time_view"]
    for is_jitted in (False, True):
        run = tf.function(
            lambda values: network(values, seed=seed)["time_view"],
            jit_compile=is_jitted,
        )
        np.testing.assert_allclose(run(values), expected, atol=1e-5)


def test_dropout_is_of_outputs_alone():
    """Dropped states; masks that layers share; a keep probability taken for
    a rate (fault LSTM-c)."""
    keep = (0.9, 0.6)
    network = make(keep_probabilities=keep)
    values = windows()
    widths = (*SMALL["encoder_units"], *SMALL["decoder_units"])
    masks = [
        SeededDropout(1 - keep[number % 2], number)(
            tf.ones((5, 6, width)), SEED
        ).numpy()
        for number, width in enumerate(widths)
    ]
    found = network(values, seed=SEED)["time_view"]
    for position, window in enumerate(values.numpy()):
        of_window = [mask[position] for mask in masks]
        expected = naive_residuals(
            network, window, True, (of_window[:2], of_window[2:])
        )
        np.testing.assert_allclose(found[position], expected, atol=1e-5)


def test_nothing_is_random_without_a_seed():
    """Dropout when scoring (fault LSTM-c), or the same mask every step."""
    dropping, whole = make(keep_probabilities=(0.5, 0.5)), make()
    values = windows()
    expected = whole(values)["time_view"]
    np.testing.assert_array_equal(dropping(values)["time_view"], expected)
    first = dropping(values, seed=SEED)["time_view"].numpy()
    assert (first == dropping(values, seed=SEED)["time_view"].numpy()).all()
    other = dropping(values, seed=SEED + (1, 0))["time_view"].numpy()
    assert np.abs(first - other).max() > 1e-3


def test_both_views_have_one_loss():
    """A residual that counts twice, or cells that were not observed."""
    residuals = tf.constant([[[1.0, 100.0]]])
    observed = tf.constant([[[True, False]]])
    parts = {"time_view": residuals, "feature_view": residuals}
    network = make()
    assert float(network.loss(parts, observed)) == pytest.approx(1.0)
    assert float(network.loss(parts, tf.zeros_like(observed))) == 0.0


def test_learns_to_run_freely():
    """A decoder that can only copy what it is given (fault LSTM-a)."""
    rng = np.random.default_rng(1)
    steps = np.arange(12)[:, None]
    waves = np.sin(steps * (1.0, 1.7)) * 1.4
    values = waves + 0.2 * rng.standard_normal((64, 12, 2))
    values = tf.constant(values, tf.float32)
    observed = tf.ones_like(values, tf.bool)
    network = make(12, 2, (0, 1), encoder_units=(16,), decoder_units=(16,))
    optimizer = tf.keras.optimizers.Adam(0.01)

    @tf.function
    def train(step):
        with tf.GradientTape() as tape:
            residuals = network(values, seed=tf.stack([step, 0]))
            loss = network.loss(residuals, observed)
        weights = network.trainable_variables
        optimizer.apply(tape.gradient(loss, weights), weights)

    for step in tf.range(200):
        train(step)
    residuals = network(values)["time_view"]
    error = float(tf.sqrt(network.loss({"time_view": residuals}, observed)))
    assert error < 0.3 < 0.5 * values.numpy().std()


def test_one_step_of_one_feature(caplog):
    """A window that is too short to shift; a copy that nobody tells of."""
    network = make(1, 1, (0,))
    assert "no bottleneck for the 1 cells" in caplog.text
    values = windows(3, 1, 1)
    for seed in (None, SEED):
        found = network(values, seed=seed)["time_view"]
        for position, window in enumerate(values.numpy()):
            expected = naive_residuals(network, window, seed is not None)
            np.testing.assert_allclose(found[position], expected, atol=1e-5)
    make(5, 2, (0, 1))
    assert caplog.text.count("no bottleneck") == 1


def test_no_windows():
    """A replica whose share of a batch is empty."""
    network = make()
    for seed in (None, SEED):
        found = network(tf.zeros((0, 6, 4)), seed=seed)["time_view"]
        assert found.shape == (0, 6, 2)


@pytest.mark.parametrize("name", ["encoder_units", "decoder_units"])
def test_list_lengths_that_do_not_match(name):
    """A layer without dropout, or a probability that nothing uses."""
    settings = {"encoder_units": (4, 4), "decoder_units": (4, 4)}
    settings |= {name: (4,), "keep_probabilities": (0.9, 0.9)}
    with pytest.raises(ValueError, match=f"2 numbers, {name}=\\(4,\\)"):
        Settings(**settings)
    # Without dropout both stacks are free.
    Settings(**settings | {"keep_probabilities": ()})
    with pytest.raises(ValueError, match=f"`{name}` must name"):
        Settings(**{name: ()})


@pytest.mark.parametrize("probability", [0.0, -0.5, 1.5, float("nan")])
def test_probabilities_out_of_bounds(probability):
    """A layer that gives nothing, or more than it has."""
    with pytest.raises(ValueError, match="`keep_probabilities` must be at"):
        Settings(keep_probabilities=(1.0, probability, 1.0))


def test_config_round_trip_and_seed():
    """A setting lost on reload; weights that ignore the seed."""
    network = make(keep_probabilities=(0.9, 1.0), head_units=(8,))
    again = LSTMAutoencoder.from_config(network.get_config())
    again.build(None)
    assert again.settings == network.settings
    assert dataclasses.asdict(again.settings)["keep_probabilities"] == (0.9, 1)
    for one, other in zip(network.weights, again.weights, strict=True):
        np.testing.assert_array_equal(one, other)
    for one, other in zip(
        network.weights,
        make(head_units=(8,), seed=2).weights,
        strict=True,
    ):
        assert one.name == "bias" or (one.numpy() != other.numpy()).all()
