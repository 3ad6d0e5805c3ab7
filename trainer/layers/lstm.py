"""LSTM with the weights of Keras' and a gradient written by hand for CPUs."""

import keras
import tensorflow as tf
from tensorflow.python.ops import control_flow_util

from trainer.layers.lstm_loops import (
    block_kernel,
    compiled_loop,
    lstm_step,
    tanh_scale,
)

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

    def call(self, values, initial_state=None, is_portable=False):
        """Runs over all steps.

        Args:
            values: `[batch, time, feature]` float32, of at least one step.
            initial_state: hidden and cell state before the first step,
                `[batch, units]` each; None = zeros.
            is_portable: whether the graph may run where it was not made, as
                an exported one: cuDNN is known to GPUs alone.

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
        takes_cudnn = has_gpu and not (is_compiled or is_portable)
        if self.implementation == "keras" or (
            self.implementation == "auto" and takes_cudnn
        ):
            outputs, *state = self._keras(values, initial_state=initial_state)
            return outputs, tuple(state)
        run = compiled_loop if is_compiled else block_kernel
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
        scale = tanh_scale(self.units)
        kernel, recurrent_kernel, bias = map(
            tf.convert_to_tensor,
            (cell.kernel, cell.recurrent_kernel, cell.bias),
        )
        weights = tf.concat([kernel, recurrent_kernel], axis=0) * scale
        bias *= scale

        def step(values, hidden, cell):
            sums = tf.concat([values, hidden], axis=1) @ weights + bias
            after = lstm_step(sums, cell, scale)
            return after.hidden, after.cell

        return step

    def get_config(self):
        """The constructor's arguments."""
        return super().get_config() | {
            "units": self.units,
            "seed": self.seed,
            "implementation": self.implementation,
        }
