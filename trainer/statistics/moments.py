"""Count, mean and scatter of rows, merged from any split of the data."""

import dataclasses

import numpy as np

__all__ = ["Moments", "add_exactly"]

BLOCK_ROWS = 4096


@dataclasses.dataclass(frozen=True, eq=False)
class Moments:
    """Centred first and second moments of rows; a value, never changed.

    Any partition of the rows into batches, merged in any grouping, gives
    the moments of all rows to 1e-10 relative.

    Attributes:
        count: number of rows.
        mean: `[feature]` float64.
        scatter: `[feature, feature]` float64, sum over the rows of the outer
            product of what deviates from the mean; symmetric.
        mean_remainder: `[feature]` float64, what rounding left off `mean`.
            Without it, merging rows of spread 1 at an offset of 1e6 would
            lose six digits of the scatter.

    Example:
        >>> rows = np.array([[1.0, 2.0], [3.0, 2.0], [5.0, 8.0]])
        >>> parts = Moments.from_batch(rows[:1]), Moments.from_batch(rows[1:])
        >>> parts[0].merge(parts[1]).covariance()
        array([[ 4.,  6.],
               [ 6., 12.]])

    References:
        Chan, Golub, LeVeque (1983), Algorithms for computing the sample
        variance, equation 2.1; here for matrices.
    """

    count: int
    mean: np.ndarray
    scatter: np.ndarray
    mean_remainder: np.ndarray | float = 0.0

    @classmethod
    def empty(cls, num_features: int) -> "Moments":
        """Moments of no rows: the neutral element of `merge`."""
        return cls(
            0, np.zeros(num_features), np.zeros((num_features, num_features))
        )

    @classmethod
    def from_batch(cls, rows: np.ndarray) -> "Moments":
        """Moments of `rows`.

        Args:
            rows: `[row, feature]`, any real dtype; no rows are fine. A NaN
                makes its column's numbers NaN.

        Raises:
            ValueError: `rows` is not a matrix.
        """
        if rows.ndim != 2:
            raise ValueError(
                "`rows` must have the shape [row, feature]. Received: "
                f"rows.shape={rows.shape}. Reshape them first."
            )
        count, num_features = rows.shape
        if not count:
            return cls.empty(num_features)
        shift = rows[:BLOCK_ROWS].mean(axis=0, dtype=np.float64)
        total, scatter = _shifted_sums(rows, shift)
        mean, remainder = add_exactly(shift, total / count)
        scatter -= np.outer(total, total) / count
        return cls(count, mean, scatter, remainder)

    @property
    def num_features(self) -> int:
        """Number of columns."""
        return len(self.mean)

    def merge(self, other: "Moments") -> "Moments":
        """Moments of the rows of both; the order does not matter.

        Raises:
            ValueError: the numbers of columns differ.
        """
        if self.num_features != other.num_features:
            raise ValueError(
                "Moments to merge must have the same number of features. "
                f"Received: {self.num_features} and {other.num_features}. "
                "Select the same columns for both."
            )
        if not other.count:
            return self
        if not self.count:
            return other
        count = self.count + other.count
        delta = (other.mean - self.mean) + (
            other.mean_remainder - self.mean_remainder
        )
        mean, remainder = add_exactly(
            self.mean, delta * (other.count / count) + self.mean_remainder
        )
        between = np.outer(delta, delta) * (self.count * other.count / count)
        scatter = self.scatter + other.scatter + between
        return Moments(count, mean, scatter, remainder)

    def covariance(self, ddof: int = 1) -> np.ndarray:
        """Covariance `[feature, feature]`, divided by `count - ddof`.

        Args:
            ddof: 1 = sample, 0 = population.

        Raises:
            ValueError: too few rows.
        """
        if self.count <= ddof:
            raise ValueError(
                f"A covariance needs at least {ddof + 1} rows. Received: "
                f"count={self.count}. Give the pass more rows, or "
                "choose a shorter window."
            )
        return self.scatter / (self.count - ddof)


def _shifted_sums(
    rows: np.ndarray, shift: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Sum and sum of outer products of `rows - shift`, block by block."""
    num_features = rows.shape[1]
    block_rows = min(BLOCK_ROWS, len(rows))
    # A full tile subtracts faster than a broadcast row, most with few columns.
    tile = np.tile(shift, (block_rows, 1))
    shifted = np.empty_like(tile)
    ones = np.ones(block_rows)
    total = np.zeros(num_features)
    scatter = np.zeros((num_features, num_features))
    for start in range(0, len(rows), block_rows):
        block = rows[start : start + block_rows]
        part = np.subtract(block, tile[: len(block)], out=shifted[: len(block)])
        total += ones[: len(block)] @ part
        scatter += part.T @ part
    return total, scatter


def add_exactly(
    left: np.ndarray, right: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Sum of two arrays and what rounding took from it (Knuth's TwoSum).

    Args:
        left: float64.
        right: float64, broadcasts against `left`.

    Returns:
        Sum and remainder; added exactly they give `left + right`.
    """
    total = left + right
    right_seen = total - left
    remainder = (left - (total - right_seen)) + (right - right_seen)
    return total, remainder
