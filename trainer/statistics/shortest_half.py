"""Centre and spread of the lower half of numbers, some of them too large."""

import numpy as np

__all__ = ["shortest_half"]

# Makes half the length estimate the deviation of a normal distribution.
NORMAL_SCALE = 1.4826


def shortest_half(values: np.ndarray) -> tuple[float, float]:
    """Middle and spread of the shortest interval that holds half of `values`.

    It begins in the lowest quarter. So up to half of the numbers may be
    larger than they should be, however much: neither result depends on them.

    Args:
        values: `[value]` float64, finite, at least one.

    Returns:
        The interval's middle, and 1.4826 times half its length: for a normal
        distribution, mean and standard deviation. Of intervals equally short
        the lowest counts.

    Example:
        >>> shortest_half(np.array([1.0, 2.0, 3.0, 90.0, 95.0, 99.0]))
        (2.0, 1.4826)

    References:
        Rousseeuw, Leroy (1987), Robust Regression and Outlier Detection,
        section 4.1 (least median of squares in one dimension; there the
        interval may begin anywhere).
    """
    ordered = np.sort(values)
    size = -(-len(ordered) // 2)
    num_starts = min(len(ordered) - size, len(ordered) // 4) + 1
    lower = ordered[:num_starts]
    upper = ordered[size - 1 : size - 1 + num_starts]
    # Halves first: the difference of the largest numbers overflows.
    half_lengths = upper / 2 - lower / 2
    first = int(np.argmin(half_lengths))
    middle = lower[first] / 2 + upper[first] / 2
    return float(middle), float(NORMAL_SCALE * half_lengths[first])
