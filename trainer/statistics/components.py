"""Principal components of moments, and how well they predict cells."""

from typing import NamedTuple

import numpy as np
import scipy.linalg

from trainer.statistics.whitening import floored_eigenvalues

__all__ = [
    "Components",
    "best_num_components",
    "cell_errors",
    "leftover_projection",
    "principal_components",
]

# Below it a cell's own direction is known to less than half of its digits.
_LEAST_SHARE = 1e-16
_ROUNDING = 1e-12


class Components(NamedTuple):
    """All principal components of rows, the largest first.

    Attributes:
        mean: `[feature]`.
        directions: `[feature, component]`, orthonormal columns.
        variances: `[component]`, of the rows along each direction.
    """

    mean: np.ndarray
    directions: np.ndarray
    variances: np.ndarray

    @property
    def explained_ratio(self) -> np.ndarray:
        """Each component's part of the variance; NaN where there is none."""
        total = self.variances.sum()
        nothing = np.full(len(self.variances), np.nan)
        return np.divide(self.variances, total, out=nothing, where=total > 0)


def principal_components(
    mean: np.ndarray, covariance: np.ndarray
) -> Components:
    """Directions of falling variance.

    With missing entries a covariance can have negative eigenvalues; they are
    no variances, and become 0.

    Args:
        mean: `[feature]`.
        covariance: `[feature, feature]`, symmetric.

    Returns:
        As many components as features, float64. Of the entries of a direction
        the first of the largest size is positive.

    Raises:
        ValueError: a number is not finite.

    Example:
        >>> found = principal_components(np.zeros(2), np.diag([1.0, 9.0]))
        >>> found.variances
        array([9., 1.])

    References:
        Jolliffe (2002), Principal Component Analysis, section 1.1.
    """
    if not (np.isfinite(mean).all() and np.isfinite(covariance).all()):
        raise ValueError(
            "Principal components need finite moments. Received: infinite "
            "ones, from values that are too large. Give such columns the role "
            "`ignored`."
        )
    variances, directions = scipy.linalg.eigh(covariance)
    variances = np.maximum(variances[::-1], 0.0)
    directions = directions[:, ::-1]
    sizes = np.abs(directions)
    # Sizes that are equal but for rounding must not change places.
    largest = np.argmax(sizes > (1 - 1e-6) * sizes.max(axis=0), axis=0)
    signs = np.sign(np.take_along_axis(directions, largest[np.newaxis], 0))
    return Components(mean, directions * signs, variances)


def leftover_projection(
    directions: np.ndarray, num_components: int
) -> np.ndarray:
    """Matrix that leaves of a centred row what the first components do not.

    Args:
        directions: `[feature, component]`, orthonormal columns.
        num_components: that are taken away; with all of them nothing is left.

    Returns:
        `[feature, feature]`, symmetric.
    """
    left = directions[:, num_components:]
    return left @ left.T


def cell_errors(
    components: Components, mean: np.ndarray, covariance: np.ndarray
) -> np.ndarray:
    """Mean squared error of cells, each predicted from its row's others.

    The scores of k components are fitted to the other cells of the row by
    least squares. With Q = I - V V' the error of cell j is then its residual
    over Q[j, j], so the moments of rows give the errors of all k at once:
    that of cell j is the mean of (Q x)[j]**2 = (Q M Q)[j, j], over
    Q[j, j]**2. Unlike the plain residual, which a further component can only
    shrink, this error grows again once components follow noise.

    A cell that is nearly a component of its own (Q[j, j] near 0) cannot be
    told from the others; the fit would then be wrong without bounds. Where
    components predict a cell worse than the mean does, the mean is taken: no
    error is above the cell's variance.

    Args:
        components: of other rows, best.
        mean: `[feature]`, of the rows that are predicted.
        covariance: `[feature, feature]`, of them, divided by their number.

    Returns:
        `[feature]`: at k the error with the first k components, averaged over
        cells. At 0 it is the variance around the components' mean.

    Raises:
        ValueError: the covariance is not finite.

    References:
        Bro, Kjeldahl, Smilde, Kiers (2008), Cross-validation of component
        models: a critical look at current methods; Josse, Husson (2012),
        Selecting the number of components in principal component analysis
        using cross-validation approximations.
    """
    offset = mean - components.mean
    moment = floored_eigenvalues(covariance) + np.outer(offset, offset)
    variance = np.diag(moment)
    num_features = len(mean)
    left, product = np.zeros((2, num_features, num_features))
    errors = np.zeros(num_features)
    for number in reversed(range(num_features)):
        direction = components.directions[:, number]
        # From the last one on: little by little, nothing cancels.
        left += np.outer(direction, direction)
        product += np.outer(moment @ direction, direction)
        share = np.diag(left)
        squared = np.einsum("ij,ij->j", left, product)
        error = np.divide(
            squared,
            share**2,
            out=np.full(num_features, np.inf),
            where=share > _LEAST_SHARE,
        )
        errors[number] = np.clip(error, 0.0, variance).mean()
    return errors


def best_num_components(errors: np.ndarray) -> int:
    """The smallest number of components whose error is the least.

    Two directions are left over where there are three: what is left of all
    rows along a single one has the same shape, whatever happens.

    Args:
        errors: `[feature]` of `cell_errors`.

    Returns:
        From 1 to two below the number of features; 1 of two, 0 of one.

    Example:
        >>> best_num_components(np.array([4.0, 2.0, 1.0, 1.0, 0.5]))
        2
    """
    if len(errors) == 1:
        return 0
    candidates = errors[1 : max(2, len(errors) - 1)]
    least = candidates.min() + _ROUNDING * errors[0]
    return 1 + int(np.argmax(candidates <= least))
