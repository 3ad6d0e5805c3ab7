"""LSTM with the weights of Keras' and a gradient written by hand for CPUs."""

from typing import NamedTuple

import keras
import tensorflow as tf
from tensorflow.python.ops import control_flow_util

__all__ = ["LSTM"]


@keras.saving.register_keras_serializable("residua")
class LSTM(keras.layers.Layer):
    """A layer of long short-term memory, quick to train on CPUs.

    Weights and their initial values are those of `keras.layers.LSTM`, and so
    are the numbers that come out: either takes the other's `get_weights()`.

    Args:
        units: width of the output.
        seed: of the initial weights.
        implementation: "fast": of this file; "keras": Keras' own, which takes
            cuDNN on a GPU; "auto": "keras" where TensorFlow sees a GPU when
            the graph is made, but not under XLA, which has no cuDNN.

    References:
        Gers, Schmidhuber, Cummins (2000), Learning to Forget, equations
        2.1 to 2.8, without peepholes.
    """

    def __init__(self, units, seed=None, implementation="auto", **kwargs):
        super().__init__(**kwargs)
        if implementation not in ("auto", "fast", "keras"):
            raise ValueError(
                "`implementation` must be auto, fast or keras. Received: "
                f"implementation={implementation!r}. Leave it out."
            )
        self.units = units
        self.seed = seed
        self.implementation = implementation
        self._keras = keras.layers.LSTM(
            units,
            kernel_initializer=keras.initializers.GlorotUniform(seed),
            recurrent_initializer=keras.initializers.Orthogonal(seed=seed),
            # Of nothing, but a variable that checkpoints keep.
            seed=seed,
            return_sequences=True,
            return_state=True,
        )

    def build(self, input_shape):
        """Makes the weights for inputs `[batch, time, feature]`."""
        self._keras.build(input_shape)
        self.built = True

    def call(self, values, initial_state=None):
        """Runs over all steps.

        Args:
            values: `[batch, time, feature]` float32, of at least one step.
            initial_state: hidden and cell state before the first step,
                `[batch, units]` each; None = zeros.

        Returns:
            Outputs `[batch, time, units]`; hidden and cell state after the
            last step, `[batch, units]` each.
        """
        if initial_state is None:
            shape = tf.shape(values)[0], self.units
            initial_state = tf.zeros(shape), tf.zeros(shape)
        is_compiled = control_flow_util.GraphOrParentsInXlaContext(
            tf.compat.v1.get_default_graph()
        )
        has_gpu = bool(tf.config.get_visible_devices("GPU"))
        if self.implementation == "keras" or (
            self.implementation == "auto" and has_gpu and not is_compiled
        ):
            outputs, *state = self._keras(values, initial_state=initial_state)
            return outputs, tuple(state)
        run = _loop if is_compiled else _block
        cell = self._keras.cell
        outputs, *state = run(
            tf.transpose(values, (1, 0, 2)),
            tf.convert_to_tensor(cell.kernel),
            tf.convert_to_tensor(cell.recurrent_kernel),
            tf.convert_to_tensor(cell.bias),
            *initial_state,
        )
        return tf.transpose(outputs, (1, 0, 2)), tuple(state)

    def step_function(self):
        """One step, for loops that read what they gave before.

        Returns:
            A function of values `[batch, feature]`, hidden and cell state
            `[batch, units]`, to the two states after, the first of which is
            the output. Made outside of the loop, it prepares the weights once.
        """
        cell = self._keras.cell
        scale = _tanh_scale(self.units)
        kernel, recurrent_kernel, bias = map(
            tf.convert_to_tensor,
            (cell.kernel, cell.recurrent_kernel, cell.bias),
        )
        weights = tf.concat([kernel, recurrent_kernel], axis=0) * scale
        bias *= scale

        def step(values, hidden, cell):
            sums = tf.concat([values, hidden], axis=1) @ weights + bias
            after = _step(sums, cell, scale)
            return after.hidden, after.cell

        return step

    def get_config(self):
        """The constructor's arguments."""
        return super().get_config() | {
            "units": self.units,
            "seed": self.seed,
            "implementation": self.implementation,
        }


# `_block` and `_loop` take values `[time, batch, feature]`, kernel, recurrent
# kernel, bias, and the hidden and cell state `[batch, units]`; both return
# outputs `[time, batch, units]` and the two states after the last step.


@tf.custom_gradient
def _block(values, kernel, recurrent_kernel, bias, hidden, cell):
    """TensorFlow's kernel of the whole loop, which XLA does not know."""
    num_features, units = kernel.shape[0], recurrent_kernel.shape[0]
    no_peephole = tf.zeros((units,))
    arguments = {
        "seq_len_max": tf.shape(values, tf.int64)[0],
        "x": values,
        "cs_prev": cell,
        "h_prev": hidden,
        "w": tf.concat([kernel, recurrent_kernel], axis=0),
        "wci": no_peephole,
        "wcf": no_peephole,
        "wco": no_peephole,
        "b": bias,
        "use_peephole": False,
    }
    run = tf.raw_ops.BlockLSTMV2(cell_clip=0.0, **arguments)

    def gradient(of_outputs, of_hidden, of_cell):
        last = tf.concat([of_outputs[:-1], of_outputs[-1:] + of_hidden], 0)
        before = tf.zeros_like(run.cs[:-1])
        found = tf.raw_ops.BlockLSTMGradV2(
            **arguments,
            **run._asdict(),
            h_grad=last,
            cs_grad=tf.concat([before, of_cell[tf.newaxis]], 0),
        )
        # Of no windows the kernel leaves what was in memory.
        has_windows = tf.shape(values)[1] > 0
        of_weights = tf.where(has_windows, found.w_grad, 0.0)
        return (
            found.x_grad,
            of_weights[:num_features],
            of_weights[num_features:],
            tf.where(has_windows, found.b_grad, 0.0),
            found.h_prev_grad,
            found.cs_prev_grad,
        )

    return (run.h, run.h[-1], run.cs[-1]), gradient


class _Step(NamedTuple):
    """What a step leaves, `[batch, units]`; the gates `[batch, 4 units]`."""

    gates: tf.Tensor
    squashed_cell: tf.Tensor
    hidden: tf.Tensor
    cell: tf.Tensor


class _Gradient(NamedTuple):
    """Of what a step's gates were given, and of the states before it."""

    of_sums: tf.Tensor
    of_hidden: tf.Tensor
    of_cell: tf.Tensor


def _tanh_scale(units):
    """Of each gate's sums, so that all of them can take one tanh.

    `sigmoid(sum) = tanh(sum / 2) / 2 + 1 / 2`, in Keras' order of gates: in,
    forget, new values, out.
    """
    return tf.repeat([0.5, 0.5, 1.0, 0.5], units)


def _step(sums, cell, scale):
    """A step, from sums times `scale` and the cell state before."""
    gates = tf.tanh(sums) * scale + (1 - scale)
    entered, kept, new, shown = tf.split(gates, 4, axis=-1)
    cell = kept * cell + entered * new
    squashed = tf.tanh(cell)
    return _Step(gates, squashed, shown * squashed, cell)


def _step_gradient(after, of_output, step, cell_before, recurrent_kernel):
    """Gradient of a step, from that of the step after it.

    Args:
        after: `_Gradient` of the step after.
        of_output: gradient of the step's output.
        step: the `_Step`.
        cell_before: the cell state before it.
        recurrent_kernel: transposed, `[4 units, units]`.
    """
    entered, kept, new, shown = tf.split(step.gates, 4, axis=-1)
    of_hidden = after.of_hidden + of_output
    of_squashed = of_hidden * shown
    of_cell = after.of_cell + of_squashed * (1 - step.squashed_cell**2)
    of_sums = tf.concat(
        [
            of_cell * new * entered * (1 - entered),
            of_cell * cell_before * kept * (1 - kept),
            of_cell * entered * (1 - new**2),
            of_hidden * step.squashed_cell * shown * (1 - shown),
        ],
        axis=-1,
    )
    return _Gradient(of_sums, of_sums @ recurrent_kernel, of_cell * kept)


@tf.custom_gradient
def _loop(values, kernel, recurrent_kernel, bias, hidden, cell):
    """A loop for XLA, with only what must be in it."""
    scale = _tanh_scale(recurrent_kernel.shape[0])
    projected = _times(values, kernel * scale) + bias * scale
    recurrent = recurrent_kernel * scale
    steps = tf.scan(
        lambda before, sums: _step(
            sums + before.hidden @ recurrent, before.cell, scale
        ),
        projected,
        _Step(tf.zeros_like(projected[0]), cell, hidden, cell),
    )

    def gradient(of_outputs, of_hidden, of_cell):
        cells_before = tf.concat([cell[tf.newaxis], steps.cell[:-1]], 0)
        # Outside of the loop: each of its steps would transpose it anew.
        transposed = tf.transpose(recurrent_kernel)
        found = tf.scan(
            lambda after, given: _step_gradient(after, *given, transposed),
            (of_outputs, steps, cells_before),
            _Gradient(tf.zeros_like(projected[0]), of_hidden, of_cell),
            reverse=True,
        )
        hidden_before = tf.concat([hidden[tf.newaxis], steps.hidden[:-1]], 0)
        return (
            _times(found.of_sums, tf.transpose(kernel)),
            _product(values, found.of_sums),
            _product(hidden_before, found.of_sums),
            tf.reduce_sum(found.of_sums, (0, 1)),
            found.of_hidden[0],
            found.of_cell[0],
        )

    return (steps.hidden, steps.hidden[-1], steps.cell[-1]), gradient


def _times(values, matrix):
    """Each `[feature]` of `[time, batch, feature]` times a matrix."""
    return tf.tensordot(values, matrix, 1)


def _product(left, right):
    """Sum over time and batch of the outer products of the features."""
    return tf.tensordot(left, right, ((0, 1), (0, 1)))
