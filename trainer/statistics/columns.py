"""Per-column statistics of raw values, merged in any grouping."""

import dataclasses

import numpy as np

__all__ = ["ColumnStatistics"]


@dataclasses.dataclass(frozen=True)
class ColumnStatistics:
    """What is known of each column; not measured (NaN) cells are counted.

    An immutable value: `merge` returns a new one. Any split of the rows into
    batches, merged in any grouping, equals one pass.

    Attributes:
        count: `[feature]` int64, measured cells.
        missing: `[feature]` int64, cells not measured.
        mean: `[feature]` float64, raw units; 0 where nothing was measured.
        sum_squared_residuals: `[feature]` float64, sum of (x - mean)**2.
        minimum: `[feature]` float64; infinity where nothing was measured.
        maximum: `[feature]` float64; -infinity where nothing was measured.
        has_only_zero_or_one: `[feature]` bool, no measured cell is another.

    Example:
        >>> first = ColumnStatistics.from_batch(np.array([[1.0], [np.nan]]))
        >>> both = first.merge(ColumnStatistics.from_batch(np.array([[3.0]])))
        >>> both.mean, both.variance, both.missing
        (array([2.]), array([2.]), array([1]))

    References:
        Chan, Golub, LeVeque (1983), "Algorithms for Computing the Sample
        Variance", eq. 2.1.
    """

    count: np.ndarray
    missing: np.ndarray
    mean: np.ndarray
    sum_squared_residuals: np.ndarray
    minimum: np.ndarray
    maximum: np.ndarray
    has_only_zero_or_one: np.ndarray

    @classmethod
    def empty(cls, num_features: int) -> "ColumnStatistics":
        """Statistics of no rows."""
        return cls(
            count=np.zeros(num_features, np.int64),
            missing=np.zeros(num_features, np.int64),
            mean=np.zeros(num_features),
            sum_squared_residuals=np.zeros(num_features),
            minimum=np.full(num_features, np.inf),
            maximum=np.full(num_features, -np.inf),
            has_only_zero_or_one=np.ones(num_features, bool),
        )

    @classmethod
    def from_batch(cls, values: np.ndarray) -> "ColumnStatistics":
        """Statistics of one batch.

        Args:
            values: `[time, feature]`, raw units, NaN = not measured. Fastest
                in Fortran order, where a column is contiguous.

        Raises:
            ValueError: not two-dimensional.
        """
        if values.ndim != 2:
            raise ValueError(
                "`values` must have the shape [time, feature]. "
                f"Received: values.shape={values.shape}"
            )
        num_rows, num_features = values.shape
        if num_rows == 0:
            return cls.empty(num_features)
        columns = np.ascontiguousarray(values.T, dtype=np.float64)
        # A sum is NaN where any cell is: cheaper than a mask of all cells.
        if np.isnan(columns.sum(axis=1)).any():
            return cls._from_columns_with_gaps(columns)
        return cls._from_measured_columns(columns)

    @classmethod
    def _from_measured_columns(cls, columns: np.ndarray) -> "ColumnStatistics":
        num_features, num_rows = columns.shape
        minimum, maximum = columns.min(axis=1), columns.max(axis=1)
        mean = columns.mean(axis=1)
        residuals = columns - mean[:, None]
        squares = np.einsum("ij,ij->i", residuals, residuals)
        is_constant = minimum == maximum
        # Rounding of the mean must not make a constant column vary.
        mean = np.where(is_constant, minimum, mean)
        squares[is_constant] = 0.0
        candidates = (minimum >= 0.0) & (maximum <= 1.0)
        is_binary = np.zeros(num_features, bool)
        for position in np.flatnonzero(candidates):
            column = columns[position]
            is_binary[position] = ((column == 0.0) | (column == 1.0)).all()
        return cls(
            count=np.full(num_features, num_rows, np.int64),
            missing=np.zeros(num_features, np.int64),
            mean=mean,
            sum_squared_residuals=squares,
            minimum=minimum,
            maximum=maximum,
            has_only_zero_or_one=is_binary,
        )

    @classmethod
    def _from_columns_with_gaps(cls, columns: np.ndarray) -> "ColumnStatistics":
        parts = []
        for column in columns:
            measured = column[~np.isnan(column)]
            part = (
                cls._from_measured_columns(measured[None])
                if len(measured)
                else cls.empty(1)
            )
            missing = np.array([len(column) - len(measured)], np.int64)
            parts.append(dataclasses.replace(part, missing=missing))
        return cls(
            *(
                np.concatenate([getattr(part, field.name) for part in parts])
                for field in dataclasses.fields(cls)
            )
        )

    def merge(self, other: "ColumnStatistics") -> "ColumnStatistics":
        """Statistics of both sets of rows.

        Args:
            other: statistics of other rows of the same columns.

        Raises:
            ValueError: another number of columns.
        """
        if len(self.count) != len(other.count):
            raise ValueError(
                "`other` must describe the same columns. Received: "
                f"{len(other.count)} columns, not {len(self.count)}"
            )
        count = self.count + other.count
        safe_count = np.maximum(count, 1)
        shift = other.mean - self.mean
        squares = (
            self.sum_squared_residuals
            + other.sum_squared_residuals
            + shift**2 * (self.count * (other.count / safe_count))
        )
        # Where one side is empty its mean of 0 must not enter.
        mean = np.where(
            self.count == 0,
            other.mean,
            self.mean + shift * (other.count / safe_count),
        )
        is_one_sided = (self.count == 0) | (other.count == 0)
        squares = np.where(
            is_one_sided,
            self.sum_squared_residuals + other.sum_squared_residuals,
            squares,
        )
        return ColumnStatistics(
            count=count,
            missing=self.missing + other.missing,
            mean=mean,
            sum_squared_residuals=squares,
            minimum=np.minimum(self.minimum, other.minimum),
            maximum=np.maximum(self.maximum, other.maximum),
            has_only_zero_or_one=(
                self.has_only_zero_or_one & other.has_only_zero_or_one
            ),
        )

    @property
    def variance(self) -> np.ndarray:
        """`[feature]` sample variance (ddof 1); 0 below two cells."""
        return self.sum_squared_residuals / np.maximum(self.count - 1, 1)

    @property
    def is_constant(self) -> np.ndarray:
        """`[feature]` bool: something was measured, and all of it is equal."""
        return (self.count > 0) & (self.minimum == self.maximum)

    @property
    def is_binary(self) -> np.ndarray:
        """`[feature]` bool: something was measured, and all is 0 or 1."""
        return (self.count > 0) & self.has_only_zero_or_one

    def needs_float64(self) -> np.ndarray:
        """`[feature]` bool: float32 would lose what the column says.

        True where the spacing of float32 at the largest magnitude is more
        than 1 % of the spread (maximum - minimum) of a column that varies.
        """
        is_varying = (self.count > 0) & (self.minimum < self.maximum)
        largest = np.where(
            is_varying,
            np.maximum(np.abs(self.minimum), np.abs(self.maximum)),
            1.0,
        )
        spread = np.where(is_varying, self.maximum - self.minimum, 1.0)
        limit = np.finfo(np.float32)
        # Beyond its range float32 would store infinity or zero.
        is_outside = (largest > limit.max) | (largest < limit.tiny)
        # largest = fraction * 2**exponent with a fraction from 0.5 to 1.
        exponent = np.frexp(largest)[1]
        spacing = np.ldexp(1.0, exponent - 1 - limit.nmant)
        is_coarse = spacing > 0.01 * spread
        return is_varying & (is_outside | is_coarse)
