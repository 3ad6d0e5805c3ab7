"""Median and spread of columns by their quantiles, exact."""

import dataclasses

import numpy as np

__all__ = ["ColumnQuantiles"]


@dataclasses.dataclass(frozen=True, eq=False)
class ColumnQuantiles:
    """All rows of a pass, for quantiles that no batch border changes.

    The rows are kept, so the quantiles are exact: they take as much memory as
    the residuals of a split, which fits into memory itself. A value, never
    changed; rows merged in any order give the same.

    Attributes:
        rows: `[row, column]`, NaN = not known.

    Example:
        >>> quantiles = ColumnQuantiles(np.array([[1.0], [2.0], [9.0]]))
        >>> quantiles.median(), quantiles.distance(1.0)
        (array([2.]), array([7.]))
    """

    rows: np.ndarray

    @classmethod
    def empty(cls, num_columns: int) -> "ColumnQuantiles":
        """Of no rows: the neutral element of `merge`."""
        return cls(np.zeros((0, num_columns), np.float32))

    @property
    def count(self) -> int:
        """Rows with at least one known entry."""
        return int((~np.isnan(self.rows)).any(axis=1).sum())

    def merge(self, other: "ColumnQuantiles") -> "ColumnQuantiles":
        """The rows of both.

        Raises:
            ValueError: the numbers of columns differ.
        """
        if self.rows.shape[1] != other.rows.shape[1]:
            raise ValueError(
                "Rows to merge must have the same number of columns. Received: "
                f"{self.rows.shape[1]} and {other.rows.shape[1]}. Select the "
                "same columns for both."
            )
        return ColumnQuantiles(np.concatenate([self.rows, other.rows]))

    def quantile(self, fraction: float) -> np.ndarray:
        """The value that a fraction of the entries does not exceed.

        Returns:
            `[column]` float64, linearly interpolated; NaN where a column has
            no finite entry.
        """
        return _quantile(self._finite(), fraction)

    def median(self) -> np.ndarray:
        """`[column]` float64; NaN where a column has no finite entry."""
        return self.quantile(0.5)

    def distance(self, fraction: float) -> np.ndarray:
        """The distance from the median that a fraction does not exceed.

        Returns:
            `[column]` float64; NaN where a column has no finite entry.
        """
        finite = self._finite()
        return _quantile(np.abs(finite - _quantile(finite, 0.5)), fraction)

    def _finite(self) -> np.ndarray:
        rows = self.rows.astype(np.float64)
        return np.where(np.isfinite(rows), rows, np.nan)


def _quantile(rows: np.ndarray, fraction: float) -> np.ndarray:
    result = np.full(rows.shape[1], np.nan)
    has_entry = ~np.isnan(rows).all(axis=0)
    if has_entry.any():
        result[has_entry] = np.nanquantile(rows[:, has_entry], fraction, axis=0)
    return result
