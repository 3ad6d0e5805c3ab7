"""Labels given as stretches of rows or of time."""

import dataclasses
from collections.abc import Iterable

import numpy as np

__all__ = ["LabelRanges"]


@dataclasses.dataclass(frozen=True)
class LabelRanges:
    """The anomalous stretches of one series; all other rows are normal.

    Attributes:
        ranges: half-open `[start, stop)`, row numbers from 0 or microseconds;
            they may overlap. None given = the whole series is normal.
        are_times: they are microseconds, not row numbers.
        is_in_one_file: the series is, so that each stretch must meet its rows.

    Example:
        >>> LabelRanges.closed([(1, 2)]).labels(0, 4)
        array([0, 1, 1, 0], dtype=int8)
    """

    ranges: tuple[tuple[int, int], ...] = ()
    are_times: bool = False
    is_in_one_file: bool = True

    def __post_init__(self) -> None:
        for start, stop in self.ranges:
            if stop <= start or (start < 0 and not self.are_times):
                raise ValueError(
                    "A label range must end at or after its start, and rows "
                    f"count from 0. Received: {start} to {stop - 1}. Correct "
                    "it in the file of labels."
                )

    @classmethod
    def closed(
        cls, ranges: Iterable[tuple[int, int]], are_times: bool = False
    ) -> "LabelRanges":
        """From ranges whose end is counted in.

        Args:
            ranges: first and last row or microsecond of each.
            are_times: they are microseconds.

        Raises:
            ValueError: one ends before it starts, or before row 0.
        """
        return cls(tuple((start, end + 1) for start, end in ranges), are_times)

    def labels(
        self,
        first_row: int,
        num_rows: int,
        timestamps: np.ndarray | None = None,
    ) -> np.ndarray:
        """Labels of consecutive rows.

        Args:
            first_row: number of the first row in its series.
            num_rows: how many.
            timestamps: `[time]` int64 microseconds, where ranges are times.

        Returns:
            `[time]` int8, 0 or 1.
        """
        if self.are_times:
            places = np.asarray(timestamps)
        else:
            places = np.arange(first_row, first_row + num_rows)
        labels = np.zeros(num_rows, np.int8)
        for start, stop in self.ranges:
            labels[(places >= start) & (places < stop)] = 1
        return labels
