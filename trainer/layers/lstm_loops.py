"""The loop of an LSTM over time, in the two forms that are quick on CPUs."""

from typing import NamedTuple

import tensorflow as tf

__all__ = [
    "Step",
    "block_kernel",
    "compiled_loop",
    "lstm_step",
    "tanh_scale",
]


@tf.custom_gradient
def block_kernel(values, kernel, recurrent_kernel, bias, hidden, cell):
    """TensorFlow's kernel of the whole loop, which XLA does not know.

    Args:
        values: `[time, batch, feature]` float32.
        kernel: `[feature, 4 units]`, in Keras' order of gates.
        recurrent_kernel: `[units, 4 units]`.
        bias: `[4 units]`.
        hidden: `[batch, units]`, before the first step.
        cell: `[batch, units]`, before the first step.

    Returns:
        Outputs `[time, batch, units]`; hidden and cell state after the last
        step.
    """
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


class Step(NamedTuple):
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


def tanh_scale(units):
    """Of each gate's sums, so that all of them can take one tanh.

    `sigmoid(sum) = tanh(sum / 2) / 2 + 1 / 2`, in Keras' order of gates: in,
    forget, new values, out.
    """
    return tf.repeat([0.5, 0.5, 1.0, 0.5], units)


def lstm_step(sums, cell, scale):
    """A step, from sums times `scale` and the cell state before.

    Args:
        sums: `[batch, 4 units]`, of all that the gates are given.
        cell: `[batch, units]`.
        scale: of `tanh_scale`, `[4 units]`.
    """
    gates = tf.tanh(sums) * scale + (1 - scale)
    entered, kept, new, shown = tf.split(gates, 4, axis=-1)
    cell = kept * cell + entered * new
    squashed = tf.tanh(cell)
    return Step(gates, squashed, shown * squashed, cell)


def _step_gradient(after, of_output, step, cell_before, recurrent_kernel):
    """Gradient of a step, from that of the step after it.

    Args:
        after: `_Gradient` of the step after.
        of_output: gradient of the step's output.
        step: the `Step`.
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
def compiled_loop(values, kernel, recurrent_kernel, bias, hidden, cell):
    """A loop for XLA, with only what must be in it; as `block_kernel`."""
    scale = tanh_scale(recurrent_kernel.shape[0])
    projected = _times(values, kernel * scale) + bias * scale
    recurrent = recurrent_kernel * scale
    steps = tf.scan(
        lambda before, sums: lstm_step(
            sums + before.hidden @ recurrent, before.cell, scale
        ),
        projected,
        Step(tf.zeros_like(projected[0]), cell, hidden, cell),
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
