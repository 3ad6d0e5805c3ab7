"""What one replica's part of a batch counts for."""

import tensorflow as tf

__all__ = ["ReplicaShare"]


class ReplicaShare:
    """The weight of this replica's loss in that of the whole batch.

    A network's loss is a mean over the observed cells it is given. So the
    mean over the whole batch is the mean of the replicas' losses, each
    weighted by its observed cells, whatever is missing and however unevenly
    the batch was split. On one replica nothing is changed.

    Args:
        loss: scalar, of this replica's part of the batch.
        observed: `[batch, time, scored feature]` bool, of the same part; it
            may have no windows.

    Attributes:
        loss: of the whole batch, the same on all replicas.
        num_windows: of the whole batch.
    """

    def __init__(self, loss, observed):
        context = tf.distribute.get_replica_context()
        num_windows = tf.shape(observed)[0]
        self._is_alone = context.num_replicas_in_sync == 1
        if self._is_alone:
            self.loss, self.num_windows = loss, num_windows
            return
        num_cells = tf.reduce_sum(tf.cast(observed, tf.float64))
        self._is_empty = tf.equal(num_cells, 0)
        numbers = (
            num_cells,
            tf.cast(num_windows, tf.float64),
            self._or_zero(tf.cast(loss, tf.float64) * num_cells),
        )
        all_cells, self.num_windows, loss_sum = tf.unstack(
            context.all_reduce(tf.distribute.ReduceOp.SUM, tf.stack(numbers))
        )
        all_cells = tf.maximum(all_cells, 1)
        self._weight = num_cells / all_cells
        self.loss = tf.cast(loss_sum / all_cells, loss.dtype)

    def weighted(self, gradient):
        """`gradient` such that the sum over replicas is the batch's."""
        if self._is_alone:
            return gradient
        return self._or_zero(gradient * tf.cast(self._weight, gradient.dtype))

    def _or_zero(self, value):
        # The mean of nothing may be NaN.
        return tf.where(self._is_empty, tf.zeros_like(value), value)
