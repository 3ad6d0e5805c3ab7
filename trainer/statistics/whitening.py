"""Cholesky factor of a covariance, and the distances it gives."""

import numpy as np
import scipy.linalg

__all__ = [
    "cholesky_factor",
    "floored_eigenvalues",
    "mahalanobis_contributions",
    "mahalanobis_distance",
]

# Keeps the factor of an all-zero covariance invertible, its distances finite.
SMALLEST_RIDGE = 1e-24


def cholesky_factor(
    covariance: np.ndarray, relative_ridge: float = 1e-6
) -> np.ndarray:
    """Lower triangular factor of the covariance with a ridge.

    The ridge is a fraction of the mean variance, so other units change the
    factor only by their own scale.

    Args:
        covariance: `[feature, feature]` float64, positive semidefinite.
        relative_ridge: added to the diagonal, in mean variances.

    Returns:
        `[feature, feature]` float64; times its transpose = the covariance.

    Raises:
        ValueError: the covariance is not finite, or not positive definite
            even with the ridge.

    Example:
        >>> cholesky_factor(np.diag([4.0, 9.0]), relative_ridge=0.0)
        array([[2., 0.],
               [0., 3.]])
    """
    num_features = len(covariance)
    ridge = relative_ridge * np.trace(covariance) / num_features
    regular = np.array(covariance, dtype=np.float64)
    regular[np.diag_indices(num_features)] += max(ridge, SMALLEST_RIDGE)
    try:
        return scipy.linalg.cholesky(regular, lower=True)
    except (scipy.linalg.LinAlgError, ValueError) as error:
        raise ValueError(
            "`covariance` must be finite and positive definite. Received: "
            f"{error}. Raise `relative_ridge` (now {relative_ridge:g}), and "
            "check the rows for infinite values."
        ) from error


def floored_eigenvalues(covariance: np.ndarray) -> np.ndarray:
    """Positive semidefinite matrix near one made of pairs.

    Pairs that were not observed in the same rows can contradict each other;
    an eigenvalue is then negative. Its size is what the pairs disagree by,
    so no eigenvalue is trusted below it: all smaller ones are raised to it.
    Raised to 0 alone, the direction would have no spread, and every error
    in it would be infinitely strange.

    Args:
        covariance: `[feature, feature]` float64, symmetric.

    Returns:
        `[feature, feature]` float64; `covariance` itself where no eigenvalue
        is negative.

    Raises:
        ValueError: the covariance is not finite.

    Example:
        >>> floored_eigenvalues(np.array([[1.0, 2.0], [2.0, 1.0]]))
        array([[2., 1.],
               [1., 2.]])
    """
    if not np.isfinite(covariance).all():
        raise ValueError(
            "`covariance` must be finite and positive definite. Received: "
            "an entry that is not finite. Check the rows for infinite values."
        )
    eigenvalues, vectors = np.linalg.eigh(covariance)
    floor = -eigenvalues[0]
    if floor <= 0:
        return covariance
    lifting = vectors * np.sqrt(np.maximum(floor - eigenvalues, 0.0))
    return covariance + lifting @ lifting.T


def mahalanobis_distance(
    rows: np.ndarray, mean: np.ndarray, factor: np.ndarray
) -> np.ndarray:
    """Mahalanobis distance of each row: the root, not the square.

    Args:
        rows: `[row, feature]`.
        mean: `[feature]`.
        factor: `[feature, feature]` from `cholesky_factor`.

    Returns:
        `[row]` float64; NaN where the row holds a NaN.

    Example:
        >>> mahalanobis_distance(
        ...     np.array([[3.0, 4.0]]), np.zeros(2), np.eye(2)
        ... )
        array([5.])
    """
    whitened = _solve(factor, (rows - mean).T)
    return np.sqrt(np.einsum("fr,fr->r", whitened, whitened))


def mahalanobis_contributions(
    rows: np.ndarray, mean: np.ndarray, factor: np.ndarray
) -> np.ndarray:
    """Each feature's term of the squared Mahalanobis distance.

    A term is the deviation of the feature times that feature of the
    precision-weighted deviation. Correlated features can have terms below 0.

    Args:
        rows: `[row, feature]`.
        mean: `[feature]`.
        factor: `[feature, feature]` from `cholesky_factor`.

    Returns:
        `[row, feature]` float64; a row sums to the squared distance.
    """
    deviation = (rows - mean).T
    weighted = _solve(factor, _solve(factor, deviation), transposed=True)
    return (deviation * weighted).T


def _solve(
    factor: np.ndarray, columns: np.ndarray, transposed: bool = False
) -> np.ndarray:
    # NaN rows are allowed: each column is solved by itself and stays NaN.
    return scipy.linalg.solve_triangular(
        factor,
        columns,
        lower=True,
        trans="T" if transposed else "N",
        check_finite=False,
    )
