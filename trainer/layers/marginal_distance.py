"""Squared Mahalanobis distances of rows with entries left out."""

from typing import Any

import tensorflow as tf

__all__ = ["squared_distances"]

# Bounds the memory for rows with entries left out: entries of the covariances
# that are factored at once, and rows.
CHUNK_ENTRIES = 2**18
CHUNK_ROWS = 64


def squared_distances(
    deviation: tf.Tensor, factor: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Squared distances, of each row over its finite entries alone.

    Args:
        deviation: `[..., row, feature]` float64, row minus mean; entries that
            are not finite are left out.
        factor: `[..., feature, feature]` float64, Cholesky factor of the
            covariance, of all rows or of those of each group.

    Returns:
        The squares `[..., row]` float64 under the marginal distribution of
        the finite entries, and their terms `[..., row, feature]`, which sum
        to them.
    """
    is_usable = tf.math.is_finite(deviation)
    whole = _measure_whole(tf.where(is_usable, deviation, 0.0), factor)
    return tf.cond(
        tf.reduce_all(is_usable),
        lambda: whole,
        lambda: _replace_partial(*whole, deviation, is_usable, factor),
    )


def _measure_whole(
    deviation: tf.Tensor, factor: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Squared distances `[..., row]` and terms `[..., row, feature]`."""
    columns = tf.linalg.matrix_transpose(deviation)
    whitened = tf.linalg.triangular_solve(factor, columns)
    weighted = tf.linalg.triangular_solve(factor, whitened, adjoint=True)
    square = tf.reduce_sum(tf.square(whitened), axis=-2)
    return square, deviation * tf.linalg.matrix_transpose(weighted)


def _measure_partial(
    deviation: tf.Tensor, is_usable: tf.Tensor, covariance: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """The same from the usable entries of each row alone.

    With the identity in the rows and columns of the other entries, and 0 for
    their deviation, the covariance of each row keeps its size, and what is
    left is the marginal distribution of the usable entries.
    """
    is_pair = is_usable[:, :, tf.newaxis] & is_usable[:, tf.newaxis, :]
    identity = tf.eye(deviation.shape[1], dtype=tf.float64)
    factors = tf.linalg.cholesky(tf.where(is_pair, covariance, identity))
    kept = tf.where(is_usable, deviation, 0.0)
    whitened = tf.linalg.triangular_solve(factors, kept[:, :, tf.newaxis])
    weighted = tf.linalg.triangular_solve(factors, whitened, adjoint=True)
    square = tf.reduce_sum(tf.square(whitened), axis=[1, 2])
    return square, kept * weighted[:, :, 0]


def _replace_partial(
    square: tf.Tensor,
    terms: tf.Tensor,
    deviation: tf.Tensor,
    is_usable: tf.Tensor,
    factor: tf.Tensor,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Measures rows with unusable entries anew, some at a time."""
    num_features = factor.shape[-1]
    chunk = max(1, min(CHUNK_ROWS, CHUNK_ENTRIES // num_features**2))
    is_partial = tf.logical_not(tf.reduce_all(is_usable, axis=-1))
    # These rows come first, so that all chunks after theirs cost nothing.
    order = tf.argsort(
        tf.cast(tf.reshape(is_partial, [-1]), tf.int32), direction="DESCENDING"
    )
    padding = [[0, -tf.size(order) % chunk], [0, 0]]
    group = order // tf.shape(deviation)[-2]
    deviation, is_usable = (
        tf.gather(tf.reshape(each, [-1, num_features]), order)
        for each in (deviation, is_usable)
    )
    chunks = (
        tf.pad(deviation, padding),
        tf.pad(is_usable, padding, constant_values=True),
        tf.pad(group[:, tf.newaxis], padding),
    )
    covariances = tf.reshape(
        tf.matmul(factor, factor, transpose_b=True),
        [-1, num_features, num_features],
    )

    def measure(part: tuple[tf.Tensor, tf.Tensor, tf.Tensor]) -> Any:
        return tf.cond(
            tf.reduce_all(part[1]),
            lambda: (tf.zeros([chunk], tf.float64), tf.zeros_like(part[0])),
            lambda: _measure_partial(
                *part[:2], tf.gather(covariances, part[2][:, 0])
            ),
        )

    new_square, new_terms = tf.map_fn(
        measure,
        tuple(tf.reshape(x, [-1, chunk, x.shape[-1]]) for x in chunks),
        fn_output_signature=(tf.float64, tf.float64),
    )
    place = tf.argsort(order)
    new_square = tf.gather(tf.reshape(new_square, [-1]), place)
    new_terms = tf.gather(tf.reshape(new_terms, [-1, num_features]), place)
    return (
        tf.where(is_partial, tf.reshape(new_square, tf.shape(square)), square),
        tf.where(
            is_partial[..., tf.newaxis],
            tf.reshape(new_terms, tf.shape(terms)),
            terms,
        ),
    )
