"""Mahalanobis distance with its statistics as weights."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from trainer.layers.marginal_distance import squared_distances
from trainer.statistics.pairwise import PairwiseMoments
from trainer.statistics.shrinkage import oas_covariance
from trainer.statistics.whitening import cholesky_factor, floored_eigenvalues

__all__ = ["MahalanobisDistance"]

# As float64, so that TensorFlow does not take them for float32.
NAN, INFINITY = np.float64(np.nan), np.float64(np.inf)


@keras.saving.register_keras_serializable("residua")
class MahalanobisDistance(keras.layers.Layer):
    """Distance of rows from the mean, in units of their covariance.

    Where entries of a row are unknown, the distance is that of the observed
    entries under their own marginal distribution, times
    sqrt(features / observed). With fewer than half of them observed, and
    before the statistics are set, a row is not scored.

    Weights (float64): count (scalar), mean `[feature]`, and factor
    `[feature, feature]`, the Cholesky factor of the covariance.

    Args:
        num_features: entries of a row.
        relative_ridge: added to the covariance's diagonal, in mean variances.
        shrink: whether the covariance is shrunk (OAS).
        num_groups: kinds of rows, each with statistics of its own: weights
            get a leading axis `[group]`, and rows are `[..., group, feature]`.
            None = all are of one kind, without such an axis.
        **kwargs: of the Keras layer.
    """

    def __init__(
        self,
        num_features: int,
        relative_ridge: float = 1e-6,
        shrink: bool = True,
        num_groups: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**({"autocast": False} | kwargs))
        self.num_features = num_features
        self.relative_ridge = relative_ridge
        self.shrink = shrink
        self.num_groups = num_groups
        self.count = self._weight("count", ())
        self.mean = self._weight("mean", (num_features,))
        self.factor = self._weight("factor", (num_features, num_features))
        self.built = True
        self.reset()

    def _weight(self, name: str, shape: tuple[int, ...]) -> keras.Variable:
        return self.add_weight(
            name=name,
            shape=self._groups + shape,
            initializer="zeros",
            dtype="float64",
            trainable=False,
            autocast=False,
        )

    @property
    def _groups(self) -> tuple[int, ...]:
        return () if self.num_groups is None else (self.num_groups,)

    def reset(self) -> None:
        """Forgets the statistics: no row is scored any more."""
        nothing = np.zeros(()), np.zeros(self.num_features)
        self.set_weights(
            [
                np.broadcast_to(each, self._groups + each.shape)
                for each in (*nothing, np.eye(self.num_features))
            ]
        )

    def set_from(self, moments: PairwiseMoments) -> None:
        """Takes over the moments of rows of normal data.

        Raises:
            ValueError: as `weights_from`; the weights stay as they were.
        """
        self.set_weights(self.weights_from(moments))

    def weights_from(self, moments: PairwiseMoments) -> list[np.ndarray]:
        """Weights that moments of normal rows give.

        Args:
            moments: of at least 2 rows of `num_features` entries; missing
                entries are fine where each was observed twice.

        Returns:
            Count, mean and factor.

        Raises:
            ValueError: too few rows, another number of entries, an entry
                hardly ever observed, or rows that were not finite.
        """
        if moments.num_features != self.num_features:
            raise ValueError(
                f"`moments` must have {self.num_features} features. Received: "
                f"moments.num_features={moments.num_features}. Collect them "
                "with the window length and columns of this model."
            )
        covariance = moments.covariance(ddof=1)
        if self.shrink:
            covariance, _ = oas_covariance(
                moments.covariance(ddof=0), moments.smallest_count
            )
        if moments.num_partial:
            covariance = floored_eigenvalues(covariance)
        factor = cholesky_factor(covariance, self.relative_ridge)
        return [np.float64(moments.count), moments.mean, factor]

    def call(self, rows: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Measures rows.

        Args:
            rows: `[..., feature]` float; NaN = unknown.

        Returns:
            distance: `[...]` float64, the root; NaN where not scored,
                infinite where an observed entry is.
            is_scored: `[...]` bool.
            contributions: `[..., feature]` float64; those of the observed
                entries sum to the squared distance. NaN where the entry is
                unknown or the row not scored.
        """
        leading_shape = tf.shape(rows)[:-1]
        shape = [-1, *self._groups, self.num_features]
        flat = self._swapped(tf.reshape(tf.cast(rows, tf.float64), shape))
        is_known = tf.logical_not(tf.math.is_nan(flat))
        num_known = tf.reduce_sum(tf.cast(is_known, tf.float64), axis=-1)
        is_scored = tf.logical_and(
            2 * num_known >= self.num_features,
            tf.convert_to_tensor(self.count)[..., tf.newaxis] > 0,
        )
        square, terms = self._measure(flat, num_known)
        distance = tf.where(is_scored, tf.sqrt(square), NAN)
        terms = tf.where(is_known & is_scored[..., tf.newaxis], terms, NAN)
        return (
            tf.reshape(self._swapped(distance), leading_shape),
            tf.reshape(self._swapped(is_scored), leading_shape),
            tf.reshape(self._swapped(terms), tf.shape(rows)),
        )

    def _swapped(self, values: tf.Tensor) -> tf.Tensor:
        """Rows of each group to groups of each row, and back."""
        if self.num_groups is None:
            return values
        return tf.transpose(values, [1, 0, 2][: values.shape.rank])

    def _measure(
        self, flat: tf.Tensor, num_known: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        mean = tf.convert_to_tensor(self.mean)[..., tf.newaxis, :]
        deviation = flat - mean
        square, terms = squared_distances(
            deviation, tf.convert_to_tensor(self.factor)
        )
        rescaling = self.num_features / tf.maximum(num_known, 1.0)
        is_infinite = tf.math.is_inf(flat)
        square = tf.where(
            tf.reduce_any(is_infinite, axis=-1), INFINITY, square * rescaling
        )
        terms = tf.where(
            is_infinite, INFINITY, terms * rescaling[..., tf.newaxis]
        )
        return square, terms

    def get_config(self) -> dict[str, Any]:
        """Arguments of the constructor."""
        return super().get_config() | {
            "num_features": self.num_features,
            "relative_ridge": self.relative_ridge,
            "shrink": self.shrink,
            "num_groups": self.num_groups,
        }
