"""What networks read, and learn, where nothing was measured."""

import tensorflow as tf

__all__ = ["fill_forward", "is_observed", "masked_mean_square"]


def is_observed(values: tf.Tensor) -> tf.Tensor:
    """True where a value was measured: neither NaN nor infinite.

    Args:
        values: any shape, float.

    Returns:
        Booleans in the shape of `values`.
    """
    return tf.math.is_finite(values)


def fill_forward(values: tf.Tensor, fallback: tf.Tensor) -> tf.Tensor:
    """Replaces what was not measured by the last measured value.

    Args:
        values: `[batch, time, feature]` float; NaN or infinite = not
            measured.
        fallback: `[feature]`, taken where nothing was measured before in
            the same window.

    Returns:
        `[batch, time, feature]` in the dtype of `values`, all finite.
    """
    return tf.cond(
        tf.reduce_all(is_observed(values)),
        lambda: tf.identity(values),
        lambda: _fill(values, tf.cast(fallback, values.dtype)),
    )


def _fill(values: tf.Tensor, fallback: tf.Tensor) -> tf.Tensor:
    num_steps = tf.shape(values)[1]

    # After the shifts 1, 2, 4, ... a step has seen all steps before it.
    def look_back(
        shift: tf.Tensor, filled: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        # The first step stands in for earlier ones: it has seen no more.
        earlier_step = tf.maximum(tf.range(num_steps) - shift, 0)
        earlier = tf.gather(filled, earlier_step, axis=1)
        earlier.set_shape(values.shape)
        return 2 * shift, tf.where(is_observed(filled), filled, earlier)

    _, filled = tf.while_loop(
        lambda shift, _: shift < num_steps, look_back, (1, values)
    )
    return tf.where(is_observed(filled), filled, fallback)


def masked_mean_square(residuals: tf.Tensor, observed: tf.Tensor) -> tf.Tensor:
    """Mean of the squared residuals that were observed; 0 of none.

    Args:
        residuals: any shape, float.
        observed: bool, shape of `residuals`.
    """
    mask = tf.cast(observed, residuals.dtype)
    count = tf.maximum(tf.reduce_sum(mask), 1.0)
    return tf.reduce_sum(mask * tf.square(residuals)) / count
