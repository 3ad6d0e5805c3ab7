"""Oracle approximating shrinkage of a covariance."""

import numpy as np

__all__ = ["oas_covariance"]


def oas_covariance(
    covariance_population: np.ndarray, num_rows: int
) -> tuple[np.ndarray, float]:
    """Shrinks a covariance towards a multiple of the identity.

    The fewer rows there are for a feature, the more the sample covariance
    spreads its eigenvalues; shrinkage takes that back. The factor 2 / feature
    of the reference is left out, as in scikit-learn.

    Args:
        covariance_population: `[feature, feature]` float64, divided by the
            number of rows (ddof 0).
        num_rows: how many rows it was made from.

    Returns:
        The shrunk covariance `[feature, feature]` float64, and the
        shrinkage: 0 = unchanged, 1 = only the mean variance is left.

    Raises:
        ValueError: `num_rows` is below 1.

    Example:
        >>> shrunk, shrinkage = oas_covariance(np.diag([1.0, 3.0]), 25)
        >>> round(shrinkage, 12)
        0.5
        >>> shrunk
        array([[1.5, 0. ],
               [0. , 2.5]])

    References:
        Chen, Wiesel, Eldar, Hero (2010), Shrinkage algorithms for MMSE
        covariance estimation, equations 3, 4 and 23.
    """
    if num_rows < 1:
        raise ValueError(
            "`num_rows` must be at least 1. Received: "
            f"num_rows={num_rows}. Accumulate rows first."
        )
    num_features = len(covariance_population)
    if num_features == 1:
        return covariance_population.copy(), 0.0
    mean_variance = np.trace(covariance_population) / num_features
    mean_square = np.mean(covariance_population**2)
    spread = (num_rows + 1) * (mean_square - mean_variance**2 / num_features)
    shrinkage = 1.0
    # Rounding may leave a multiple of the identity a spread just below 0.
    if spread > 0:
        shrinkage = min((mean_square + mean_variance**2) / spread, 1.0)
    shrunk = (1 - shrinkage) * covariance_population
    shrunk[np.diag_indices(num_features)] += shrinkage * mean_variance
    return shrunk, float(shrinkage)
