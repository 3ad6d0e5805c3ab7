"""What was measured in each period: mergeable sums, counts and last cells."""

import dataclasses

import numpy as np

from preprocessing.readers.base import Block

__all__ = ["Periods"]


@dataclasses.dataclass(frozen=True)
class Periods:
    """What was measured in each period that has a row.

    Attributes:
        index: `[period]` int64, periods since 1970, ascending.
        shifts: `[period, feature]` float64, first measured cell or NaN.
        sums: `[period, feature]` float64, of the measured cells less the
            shift: exact for a constant column, whatever other periods hold.
        counts: `[period, feature]` int64, measured cells.
        lasts: `[period, feature]` float64, last measured cell or NaN.
        labels: `[period]` int8, the highest label; None = no labels.
    """

    index: np.ndarray
    shifts: np.ndarray
    sums: np.ndarray
    counts: np.ndarray
    lasts: np.ndarray
    labels: np.ndarray | None

    @classmethod
    def of(cls, block: Block, period_microseconds: int) -> "Periods":
        """Of rows in order of time.

        Args:
            block: the rows.
            period_microseconds: of each.

        Raises:
            ValueError: the rows have no timestamps.
        """
        if block.timestamps is None:
            raise ValueError(
                "Resampling needs timestamps. Received: series "
                f"{block.series_id} without. Name a --timestamp_column."
            )
        index = block.timestamps // period_microseconds
        starts = np.flatnonzero(np.diff(index, prepend=index[0] - 1))
        values = block.values
        is_measured = ~np.isnan(values)
        rows = np.arange(len(values))[:, None]
        latest = np.maximum.reduceat(np.where(is_measured, rows, -1), starts)
        earliest = np.minimum.reduceat(
            np.where(is_measured, rows, len(values) - 1), starts
        )
        shifts = np.take_along_axis(values, earliest, axis=0)
        lasts = np.take_along_axis(values, np.maximum(latest, 0), axis=0)
        lengths = np.diff(starts, append=len(values))
        rests = values - np.repeat(shifts, lengths, axis=0)
        return cls(
            index[starts],
            np.where(latest < 0, np.nan, shifts),
            np.add.reduceat(np.where(is_measured, rests, 0.0), starts),
            np.add.reduceat(is_measured.astype(np.int64), starts),
            np.where(latest < 0, np.nan, lasts),
            None
            if block.labels is None
            else np.maximum.reduceat(block.labels, starts),
        )

    def part(self, which: slice) -> "Periods":
        """Some of the periods."""
        return Periods(
            self.index[which],
            self.shifts[which],
            self.sums[which],
            self.counts[which],
            self.lasts[which],
            None if self.labels is None else self.labels[which],
        )

    def followed_by(self, later: "Periods") -> "Periods":
        """Joins one open period to those after it.

        Args:
            later: the periods of the next rows; the first may be the same.
        """
        if self.index[-1] == later.index[0]:
            shifts, sums = later.shifts.copy(), later.sums.copy()
            counts, lasts = later.counts.copy(), later.lasts.copy()
            is_begun = self.counts[-1] > 0
            shifts[0] = np.where(is_begun, self.shifts[-1], shifts[0])
            moved = counts[0] * (later.shifts[0] - shifts[0])
            sums[0] += np.where(counts[0] > 0, moved, 0.0) + self.sums[-1]
            counts[0] += self.counts[-1]
            lasts[0] = np.where(np.isnan(lasts[0]), self.lasts[-1], lasts[0])
            labels = later.labels
            if labels is not None and self.labels is not None:
                labels = labels.copy()
                labels[0] = max(labels[0], self.labels[-1])
            return Periods(later.index, shifts, sums, counts, lasts, labels)
        return Periods(
            np.concatenate([self.index, later.index]),
            np.concatenate([self.shifts, later.shifts]),
            np.concatenate([self.sums, later.sums]),
            np.concatenate([self.counts, later.counts]),
            np.concatenate([self.lasts, later.lasts]),
            None
            if self.labels is None or later.labels is None
            else np.concatenate([self.labels, later.labels]),
        )

    def cells(self, how: str) -> np.ndarray:
        """`[period, feature]` float64, NaN where nothing was measured.

        Args:
            how: "mean", "last" or "sum".
        """
        if how == "last":
            return self.lasts
        if how == "mean":
            cells = self.shifts + self.sums / np.maximum(self.counts, 1)
        else:
            cells = self.counts * self.shifts + self.sums
        return np.where(self.counts > 0, cells, np.nan)
