"""What the replicas' parts of a batch come to together."""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

__all__ = ["apply_summed", "whole_batch"]


def whole_batch(
    loss: Any, observed: Any, gradients: Sequence[Any] = ()
) -> tuple[Any, Any, list[Any]]:
    """Puts the replicas' parts of a batch together, in one exchange.

    A network's loss is a mean over the observed cells it is given. So the
    mean over the whole batch is the mean of the replicas' losses, each
    weighted by its observed cells, whatever is missing and however unevenly
    the batch was split. On one replica nothing is changed.

    Args:
        loss: scalar float32, of this replica's part of the batch.
        observed: `[batch, time, scored feature]` bool, of the same part; it
            may have no windows.
        gradients: of `loss`, float32.

    Returns:
        Loss, number of windows and gradients of the whole batch, the same on
        all replicas.
    """
    context = tf.distribute.get_replica_context()
    num_windows = tf.shape(observed)[0]
    if context.num_replicas_in_sync == 1:
        return loss, num_windows, list(gradients)
    num_cells = tf.reduce_sum(tf.cast(observed, loss.dtype))

    def weighted(mean):
        # The mean of nothing may be NaN.
        return tf.where(tf.equal(num_cells, 0), 0.0, mean * num_cells)

    numbers = num_cells, tf.cast(num_windows, loss.dtype), weighted(loss)
    parts = [*(weighted(each) for each in gradients), tf.stack(numbers)]
    *sums, numbers = context.all_reduce(tf.distribute.ReduceOp.SUM, parts)
    all_cells, all_windows, loss_sum = tf.unstack(numbers)
    all_cells = tf.maximum(all_cells, 1)
    means = [each / all_cells for each in sums]
    return loss_sum / all_cells, all_windows, means


def apply_summed(
    optimizer: Any, gradients: Sequence[Any], weights: Sequence[Any]
) -> None:
    """Applies gradients that all replicas share already.

    Args:
        optimizer: of Keras; it no longer sums gradients over the replicas.
        gradients: of the whole batch.
        weights: trainable variables in the same order.
    """
    # Else Keras would sum them once more. It offers no other way to say so.
    optimizer._all_reduce_sum_gradients = list
    optimizer.apply(gradients, weights)
