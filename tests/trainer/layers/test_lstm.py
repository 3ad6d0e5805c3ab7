import keras
import numpy as np
import pytest
import tensorflow as tf

from trainer.layers.lstm import LSTM

SIZES = [
    # windows, steps, features, units
    (4, 7, 3, 5),
    (1, 1, 1, 1),
    (3, 20, 2, 16),
]
WAYS = {
    "eager": lambda function: function,
    "graph": tf.function,
    "jit": lambda function: tf.function(function, jit_compile=True),
}


def normal(*shape, seed=0):
    rng = np.random.default_rng((seed, *shape))
    return tf.constant(rng.normal(size=shape), tf.float32)


def make(num_features, units, **options):
    layer = LSTM(units, seed=3, **options)
    layer.build((None, None, num_features))
    # A bias of 0 and 1 would hide gates that were exchanged.
    layer.set_weights([normal(*weight.shape) for weight in layer.weights])
    return layer


def make_keras(layer):
    """Keras' layer with the same weights."""
    other = keras.layers.LSTM(
        layer.units, return_sequences=True, return_state=True
    )
    other.build((None, None, layer.weights[0].shape[0]))
    other.set_weights(layer.get_weights())
    return other


def gradients(run, weights, values, hidden, cell):
    """Outputs, states, and gradients of a sum in which each has its weight."""
    weights = [weight.value for weight in weights]
    with tf.GradientTape() as tape:
        tape.watch([values, hidden, cell])
        found = run(values, hidden, cell)
        total = tf.add_n(
            [tf.reduce_sum(each * normal(*each.shape)) for each in found]
        )
    of = [values, hidden, cell, *weights]
    return [*found, *tape.gradient(total, of)]


def of_keras(layer):
    return lambda values, *state: layer(values, initial_state=list(state))


def of_ours(layer):
    def run(values, *state):
        outputs, after = layer(values, state)
        return outputs, *after

    return run


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_gradients_are_those_of_keras(size, way):
    """A wrong term, gate or step in the gradient that is written by hand."""
    num_windows, num_steps, num_features, units = size
    layer = make(num_features, units)
    reference = make_keras(layer)
    given = (
        normal(num_windows, num_steps, num_features),
        normal(num_windows, units, seed=1),
        normal(num_windows, units, seed=2),
    )
    expected = gradients(of_keras(reference), reference.weights, *given)
    found = WAYS[way](
        lambda *given: gradients(of_ours(layer), layer.weights, *given)
    )(*given)
    assert len(found) == 9
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)


def test_weights_go_either_way():
    """Other names, shapes or order than Keras', or another forget bias."""
    layer = LSTM(5, seed=3)
    layer.build((None, 7, 3))
    reference = make_keras(layer)
    names = [weight.name for weight in reference.weights]
    assert [weight.name for weight in layer.weights] == names
    assert names == ["kernel", "recurrent_kernel", "bias"]
    np.testing.assert_array_equal(
        layer.weights[2], np.repeat([0.0, 1.0, 0.0], [5, 5, 10])
    )
    reference.set_weights([normal(*each.shape) for each in reference.weights])
    layer.set_weights(reference.get_weights())
    values = normal(4, 7, 3)
    outputs, (hidden, cell) = layer(values)
    for one, other in zip(
        (outputs, hidden, cell), reference(values), strict=True
    ):
        np.testing.assert_allclose(one, other, atol=1e-6)
    np.testing.assert_array_equal(outputs[:, -1], hidden)


@pytest.mark.parametrize("way", WAYS)
def test_no_windows(way):
    """What a kernel left in memory, as the gradient of an empty share."""
    layer = make(3, 5)
    found = WAYS[way](
        lambda *given: gradients(of_ours(layer), layer.weights, *given)
    )(tf.zeros((0, 7, 3)), tf.zeros((0, 5)), tf.zeros((0, 5)))
    assert found[0].shape == (0, 7, 5)
    for gradient in found[6:]:
        np.testing.assert_array_equal(gradient, np.zeros(gradient.shape))


@pytest.mark.parametrize("is_jitted", [False, True])
def test_any_number_of_windows_and_steps(is_jitted):
    """A shape that is taken from the first call."""
    layer = make(3, 5)
    signature = [tf.TensorSpec((None, None, 3))]
    compiled = tf.function(
        lambda values: layer(values)[0],
        input_signature=signature,
        jit_compile=is_jitted,
    )
    for shape in ((2, 7, 3), (5, 1, 3), (0, 4, 3)):
        values = normal(*shape)
        np.testing.assert_allclose(
            compiled(values), layer(values)[0], atol=1e-6
        )


def test_a_step_at_a_time():
    """A step that feeds a loop with other numbers than the layer's."""
    layer = make(3, 5)
    values = normal(4, 7, 3)
    expected, _ = layer(values)
    step = layer.step_function()
    state = tf.zeros((4, 5)), tf.zeros((4, 5))
    for position in range(7):
        state = step(values[:, position], *state)
        np.testing.assert_allclose(state[0], expected[:, position], atol=1e-6)


def operations(layer, is_jitted):
    """Types of the operations in the layer's graph, loops included."""
    compiled = tf.function(
        lambda values: layer(values)[0], jit_compile=is_jitted
    )
    return operations_of(compiled, normal(2, 3, 3))


def operations_of(function, *given):
    """Types of the operations in a function's graph, loops included."""
    graph = function.get_concrete_function(*given).graph
    nodes = [*graph.as_graph_def().node]
    for function in graph.as_graph_def().library.function:
        nodes += function.node_def
    return {node.op for node in nodes}


@pytest.mark.parametrize(
    "implementation, has_gpu, in_graph, in_xla",
    [
        ("auto", False, "block", "loop"),
        ("auto", True, "keras", "loop"),
        ("fast", True, "block", "loop"),
        ("keras", False, "keras", "keras"),
    ],
)
def test_which_implementation(
    implementation, has_gpu, in_graph, in_xla, monkeypatch
):
    """A GPU without cuDNN; a kernel that XLA cannot compile."""
    monkeypatch.setattr(
        tf.config, "get_visible_devices", lambda kind: ["gpu"] * has_gpu
    )
    layer = make(3, 5, implementation=implementation)
    for expected, is_jitted in ((in_graph, False), (in_xla, True)):
        found = operations(layer, is_jitted)
        # Keras has a sigmoid; ours makes one of a tanh.
        name = "keras" if "Sigmoid" in found else "loop"
        name = "block" if "BlockLSTMV2" in found else name
        assert name == expected


def test_a_portable_graph_holds_no_kernel_of_gpus(monkeypatch):
    """An exported model that only the machine it was made on can run."""
    monkeypatch.setattr(tf.config, "get_visible_devices", lambda kind: ["gpu"])
    layer = make(3, 5)
    function = tf.function(lambda values: layer(values, is_portable=True))
    assert "BlockLSTMV2" in operations_of(function, normal(2, 3, 3))


def test_unknown_implementation():
    """A typing error that is taken for a wish."""
    with pytest.raises(ValueError, match="`implementation` must be"):
        LSTM(5, implementation="cudnn")


def test_within_a_strategy():
    """A gradient that strategies cannot sum, or a loop lost in a replica."""
    strategy = tf.distribute.MirroredStrategy(["CPU:0"])
    with strategy.scope():
        layer = make(3, 5)
    given = normal(4, 7, 3), normal(4, 5), normal(4, 5, seed=1)

    @tf.function
    def run(*given):
        return strategy.run(
            lambda *given: gradients(of_ours(layer), layer.weights, *given),
            args=given,
        )

    expected = gradients(of_ours(layer), layer.weights, *given)
    for one, other in zip(run(*given), expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_saved_model(tmp_path):
    """An operation of our own in the graph, or a gradient that cannot go."""
    layer = make(3, 5)
    module = tf.Module()
    module.layer = layer
    module.run = tf.function(
        lambda values: layer(values)[0],
        input_signature=[tf.TensorSpec((None, 7, 3))],
    )
    tf.saved_model.save(module, str(tmp_path))
    loaded = tf.saved_model.load(str(tmp_path))
    values = normal(4, 7, 3)
    np.testing.assert_allclose(loaded.run(values), layer(values)[0], atol=1e-6)


def test_config_round_trip_and_seed():
    """Weights that ignore the seed; an argument lost on reload."""
    layers = [LSTM(5, seed=seed, implementation="fast") for seed in (3, 3, 4)]
    layers.append(LSTM.from_config(layers[0].get_config()))
    for layer in layers:
        layer.build((None, 7, 3))
    first, same, other, again = (layer.get_weights() for layer in layers)
    assert layers[3].implementation == "fast"
    for position in range(3):
        np.testing.assert_array_equal(first[position], same[position])
        np.testing.assert_array_equal(first[position], again[position])
    for position in range(2):
        assert (first[position] != other[position]).all()
