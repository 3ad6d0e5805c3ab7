"""Raw units to units of each column's own spread: the rule, in NumPy."""

import numpy as np

__all__ = ["ROUNDING", "SMALLEST_SPREAD", "column_scale", "scaled"]

# A spread below this part of the range is taken for one: a column that is
# nearly always still would otherwise turn any step into a huge number.
SMALLEST_SPREAD = 0.01

# What float32 storage can move a constant by, relative to it.
ROUNDING = 1e-6


def column_scale(
    mean: np.ndarray,
    variance: np.ndarray,
    minimum: np.ndarray,
    maximum: np.ndarray,
    is_constant: np.ndarray,
) -> np.ndarray:
    """The spread to measure by: max(sd, 0.01 (maximum - minimum)).

    A constant column has none. The one magnitude known of it is the constant:
    0.01 of that takes the place.

    Args:
        mean: `[feature]`, raw units, as all that follow.
        variance: `[feature]`, sample variance.
        minimum: `[feature]`.
        maximum: `[feature]`.
        is_constant: `[feature]` bool, all measured values are equal.

    Returns:
        `[feature]` float64, above 0; 1 for a column that is always 0.

    Raises:
        ValueError: a number is not finite, or a column that is not
            constant has no spread.

    Example:
        >>> column_scale([0., 4.], [9., 0.], [-5., 4.], [5., 4.], [0, 1])
        array([3.  , 0.04])
    """
    mean, variance, minimum, maximum = (
        np.asarray(array, dtype=np.float64)
        for array in (mean, variance, minimum, maximum)
    )
    scale = np.maximum(np.sqrt(variance), SMALLEST_SPREAD * (maximum - minimum))
    size = SMALLEST_SPREAD * np.abs(mean)
    of_constant = np.where(size > 0, size, 1.0)
    scale = np.where(np.asarray(is_constant, bool), of_constant, scale)
    is_usable = np.isfinite(mean) & np.isfinite(scale) & (scale > 0)
    if not is_usable.all():
        column = int(np.argmin(is_usable))
        raise ValueError(
            "Each column needs a finite mean and a finite spread above 0, "
            f"or to be constant. Received: mean={mean[column]}, "
            f"variance={variance[column]} in column {column}. Give it "
            "the role `ignored`, or preprocess the data again."
        )
    return scale


def scaled(
    values: np.ndarray,
    mean: np.ndarray,
    scale: np.ndarray,
    is_constant: np.ndarray,
) -> np.ndarray:
    """Scales: z = (x - mean) / scale; a constant column by its own rule.

    A column that is constant in train has z = 0 where the value is still the
    constant, up to the rounding of float32. One that was always 0 has no
    magnitude to measure by: its z is +1 or -1 elsewhere, whatever the
    distance.

    Args:
        values: `[..., feature]`, raw units.
        mean: `[feature]`.
        scale: `[feature]`, of `column_scale`.
        is_constant: `[feature]` bool.

    Returns:
        `[..., feature]` float64, scaled units; NaN stays NaN.

    Example:
        >>> scaled([[3.0, 4.5]], [0.0, 4.0], [2.0, 0.04], [False, True])
        array([[ 1.5, 12.5]])
    """
    deviation = np.asarray(values, dtype=np.float64) - mean
    is_still = np.abs(deviation) <= ROUNDING * np.abs(mean)
    has_size = np.asarray(mean) != 0
    moved = np.where(has_size, deviation / scale, np.sign(deviation))
    moved = np.where(is_still, 0.0, moved)
    return np.where(is_constant, moved, deviation / scale)
