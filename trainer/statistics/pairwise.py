"""Moments of rows with missing entries, each pair of columns by itself."""

import dataclasses

import numpy as np

from trainer.statistics.moments import Moments, add_exactly

__all__ = ["PairwiseMoments"]


@dataclasses.dataclass(frozen=True, eq=False)
class PairwiseMoments:
    """Centred moments from all rows in which a pair of columns was observed.

    With many columns hardly a row is complete, so dropping rows for one
    missing entry would leave nothing. Complete rows are kept apart: they
    cost no more than in `Moments`, and alone they give its numbers exactly.
    A value, never changed; any partition of the rows into batches, merged in
    any grouping, gives the same to 1e-10 relative.

    Attributes:
        complete: moments of the rows without a missing entry.
        partial: pair by pair, moments of all other rows.
        num_partial: how many rows those are.

    Example:
        >>> nan = np.nan
        >>> moments = PairwiseMoments.from_batch(
        ...     np.array([[1.0, 0.0], [3.0, 2.0], [8.0, nan], [nan, 4.0]])
        ... )
        >>> moments.count, moments.mean
        (4, array([4., 2.]))
        >>> moments.covariance()
        array([[13.,  2.],
               [ 2.,  4.]])

    References:
        Chan, Golub, LeVeque (1983), Algorithms for computing the sample
        variance, equation 2.1; here for each pair.
    """

    complete: Moments
    partial: "_Pairs"
    num_partial: int = 0

    @classmethod
    def empty(cls, num_features: int) -> "PairwiseMoments":
        """Moments of no rows: the neutral element of `merge`."""
        return cls(Moments.empty(num_features), _Pairs.empty(num_features))

    @classmethod
    def from_batch(cls, rows: np.ndarray) -> "PairwiseMoments":
        """Moments of `rows`.

        Args:
            rows: `[row, feature]`, any real dtype, NaN = not observed; no
                rows are fine.

        Raises:
            ValueError: `rows` is not a matrix.
        """
        complete = Moments.from_batch(rows)
        partial = _Pairs.empty(complete.num_features)
        # NaN reaches the mean: complete rows need no search for it.
        if not np.isnan(complete.mean).any():
            return cls(complete, partial)
        is_observed = ~np.isnan(rows)
        is_complete = is_observed.all(axis=1)
        is_partial = is_observed.any(axis=1) & ~is_complete
        num_partial = int(np.count_nonzero(is_partial))
        if num_partial:
            partial = _Pairs.from_batch(
                rows[is_partial], is_observed[is_partial]
            )
        complete = Moments.from_batch(rows[is_complete])
        return cls(complete, partial, num_partial)

    @property
    def count(self) -> int:
        """Rows with at least one observed entry."""
        return self.complete.count + self.num_partial

    @property
    def num_features(self) -> int:
        """Number of columns."""
        return self.complete.num_features

    @property
    def mean(self) -> np.ndarray:
        """`[feature]` float64, over all rows where the column was observed.

        0 where it never was.
        """
        if not self.num_partial:
            return self.complete.mean
        return np.diag(self._pairs().mean).copy()

    @property
    def smallest_count(self) -> int:
        """Rows behind the least known covariance that is not set to 0."""
        if not self.num_partial:
            return self.complete.count
        count = self._pairs().count
        return int(count.min(where=count > 1, initial=self.count))

    def merge(self, other: "PairwiseMoments") -> "PairwiseMoments":
        """Moments of the rows of both; the order does not matter.

        Raises:
            ValueError: the numbers of columns differ.
        """
        complete = self.complete.merge(other.complete)
        if not other.num_partial:
            partial = self.partial
        elif not self.num_partial:
            partial = other.partial
        else:
            partial = self.partial.merge(other.partial)
        num_partial = self.num_partial + other.num_partial
        return PairwiseMoments(complete, partial, num_partial)

    def merge_half_known(self, rows: np.ndarray) -> "PairwiseMoments":
        """Moments with more rows, of those that are at least half known.

        Args:
            rows: `[..., feature]`, NaN = not observed.
        """
        rows = rows.reshape(-1, rows.shape[-1])
        is_used = 2 * np.isnan(rows).sum(axis=1) <= rows.shape[1]
        if not is_used.all():
            rows = rows[is_used]
        return self.merge(PairwiseMoments.from_batch(rows))

    def covariance(self, ddof: int = 1) -> np.ndarray:
        """Covariance `[feature, feature]`, each pair over its own rows.

        A pair that was never observed together, or in no more than `ddof`
        rows, has covariance 0. With missing entries the matrix need not be
        positive semidefinite: see `whitening.floored_eigenvalues`.

        Args:
            ddof: 1 = sample, 0 = population.

        Raises:
            ValueError: too few rows, or a column that was hardly observed.
        """
        if not self.num_partial:
            return self.complete.covariance(ddof)
        pairs = self._pairs()
        observed = np.diag(pairs.count)
        if observed.min() <= ddof:
            column = int(np.argmin(observed))
            raise ValueError(
                f"A covariance needs at least {ddof + 1} observed entries in "
                f"every column. Received: {observed[column]:g} in column "
                f"{column} of {self.num_features}, in {self.count} rows. "
                "Choose a shorter window, or give a feature that is hardly "
                "measured the role `ignored`."
            )
        return pairs.scatter / np.maximum(pairs.count - ddof, 1)

    def _pairs(self) -> "_Pairs":
        if not self.complete.count:
            return self.partial
        return self.partial.merge(_Pairs.from_moments(self.complete))


@dataclasses.dataclass(frozen=True, eq=False)
class _Pairs:
    """Moments of each pair of columns, over the rows that hold both.

    Attributes:
        count: `[feature, feature]` float64, symmetric.
        mean: `[feature, feature]` float64; at i, j the mean of i over the
            rows where j was observed too.
        mean_remainder: what rounding left off `mean`.
        scatter: `[feature, feature]` float64, symmetric.
    """

    count: np.ndarray
    mean: np.ndarray
    mean_remainder: np.ndarray
    scatter: np.ndarray

    @classmethod
    def empty(cls, num_features: int) -> "_Pairs":
        return cls(*np.zeros((4, num_features, num_features)))

    @classmethod
    def from_moments(cls, moments: Moments) -> "_Pairs":
        shape = moments.scatter.shape

        def of_rows(column: np.ndarray | float) -> np.ndarray:
            return np.broadcast_to(np.reshape(column, (-1, 1)), shape)

        return cls(
            np.full(shape, float(moments.count)),
            of_rows(moments.mean),
            of_rows(moments.mean_remainder),
            moments.scatter,
        )

    @classmethod
    def from_batch(cls, rows: np.ndarray, is_observed: np.ndarray) -> "_Pairs":
        observed = is_observed.astype(np.float64)
        filled = np.where(is_observed, rows.astype(np.float64), 0.0)
        shift = filled.sum(axis=0) / np.maximum(observed.sum(axis=0), 1)
        shifted = (filled - shift) * observed
        count = observed.T @ observed
        total = shifted.T @ observed
        safe_count = np.maximum(count, 1)
        mean, remainder = add_exactly(shift[:, np.newaxis], total / safe_count)
        scatter = shifted.T @ shifted - total * total.T / safe_count
        return cls(count, mean, remainder, scatter)

    def merge(self, other: "_Pairs") -> "_Pairs":
        count = self.count + other.count
        # A pair without rows has a mean that says nothing.
        is_new = self.count == 0
        mean = np.where(is_new, other.mean, self.mean)
        remainder = np.where(is_new, other.mean_remainder, self.mean_remainder)
        delta = (other.mean - mean) + (other.mean_remainder - remainder)
        weight = other.count / np.maximum(count, 1)
        between = delta * delta.T * (self.count * weight)
        return _Pairs(
            count,
            *add_exactly(mean, delta * weight + remainder),
            self.scatter + other.scatter + between,
        )
