"""Raw units to units of each column's own spread."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from trainer.statistics.scaling import ROUNDING, column_scale

__all__ = ["Scaling"]


@keras.saving.register_keras_serializable("residua")
class Scaling(keras.layers.Layer):
    """z = (x - mean) / max(sd, 0.01 (maximum - minimum)), of train.

    The rule of `trainer.statistics.scaling`, which `call` repeats in
    TensorFlow. Nothing is clipped. A column that is constant in train has no
    spread: its z is 0 where the value is still the constant, up to the
    rounding of float32, else measured in hundredths of the constant; where
    that is 0, z is +1 or -1. So a factor between units leaves z as it was, up
    to its sign, and an offset changes constant columns alone.

    Weights (`[feature]` float64): mean, scale, and is_constant (1 or 0).

    Args:
        num_features: number of columns.
        **kwargs: of the Keras layer.
    """

    def __init__(self, num_features: int, **kwargs: Any) -> None:
        super().__init__(**({"autocast": False} | kwargs))
        self.num_features = num_features
        self.mean = self._weight("mean", "zeros")
        self.scale = self._weight("scale", "ones")
        self.is_constant = self._weight("is_constant", "zeros")
        self.built = True

    def _weight(self, name: str, initializer: str) -> keras.Variable:
        return self.add_weight(
            name=name,
            shape=(self.num_features,),
            initializer=initializer,
            dtype="float64",
            trainable=False,
            autocast=False,
        )

    def set_from(
        self,
        mean: np.ndarray,
        variance: np.ndarray,
        minimum: np.ndarray,
        maximum: np.ndarray,
        is_constant: np.ndarray,
    ) -> None:
        """Takes over the columns' statistics of train, in raw units.

        Args:
            mean: `[feature]`.
            variance: `[feature]`, sample variance.
            minimum: `[feature]`.
            maximum: `[feature]`.
            is_constant: `[feature]` bool, all measured values are equal.

        Raises:
            ValueError: a number is not finite, or a column that is not
                constant has no spread.
        """
        scale = column_scale(mean, variance, minimum, maximum, is_constant)
        self.mean.assign(np.asarray(mean, dtype=np.float64))
        self.scale.assign(scale)
        self.is_constant.assign(np.asarray(is_constant, bool).astype(float))

    def call(self, values: tf.Tensor) -> tf.Tensor:
        """Scales values.

        Args:
            values: `[..., feature]` float32 or float64, raw units.

        Returns:
            `[..., feature]` float32, scaled units; NaN stays NaN.
        """
        mean = tf.convert_to_tensor(self.mean)
        # In float64: float32 would round away small steps on a large offset.
        deviation = tf.cast(values, tf.float64) - mean
        is_still = tf.abs(deviation) <= ROUNDING * tf.abs(mean)
        scaled = deviation / tf.convert_to_tensor(self.scale)
        moved = tf.where(tf.equal(mean, 0.0), tf.sign(deviation), scaled)
        moved = tf.where(is_still, tf.zeros_like(moved), moved)
        is_constant = tf.convert_to_tensor(self.is_constant) > 0
        return tf.cast(tf.where(is_constant, moved, scaled), tf.float32)

    def get_config(self) -> dict[str, Any]:
        """Arguments of the constructor."""
        return super().get_config() | {"num_features": self.num_features}
