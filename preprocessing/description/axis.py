"""Where the rows of a series lie on the x axis of its plot."""

import dataclasses
import itertools
from collections.abc import Mapping

import numpy as np

from preprocessing.description.parts import SeriesPart

__all__ = ["Axis", "axis_of"]


@dataclasses.dataclass(frozen=True)
class Axis:
    """A time axis, or an axis of row numbers.

    Attributes:
        is_time: positions are milliseconds since 1970, else rows.
        shifts: split to what is added to its row numbers, so that files
            which count from 0 each do not cover one another.
    """

    is_time: bool
    shifts: Mapping[str, int]

    @property
    def title(self) -> str:
        """What the axis shows, and from where a split counts."""
        if self.is_time:
            return "time (UTC)"
        shifted = [
            f"{split} counts from 0 in its own files, drawn from {shift:,} on"
            for split, shift in self.shifts.items()
            if shift
        ]
        return "; ".join(["row", *shifted])

    def positions(
        self, split: str, start: int, num_rows: int, times: np.ndarray | None
    ) -> np.ndarray:
        """Positions of the rows of one stretch.

        Args:
            split: it lies in.
            start: row number of its first row.
            num_rows: of the stretch.
            times: `[num_rows]` int64 microseconds, or None.

        Returns:
            `[num_rows]` ascending.
        """
        if self.is_time and times is not None:
            return times / 1000
        return np.arange(num_rows) + (start + self.shifts.get(split, 0))


def axis_of(parts: Mapping[str, SeriesPart]) -> Axis:
    """Takes time where all splits have one and no two overlap, else rows.

    Args:
        parts: split to part, in order of the splits.
    """
    times = [part.times for part in parts.values() if part.times is not None]
    if len(times) == len(parts) and _are_apart(times):
        return Axis(True, {})
    shifts = {}
    end = 0
    for split, part in parts.items():
        # Row numbers that go back are those of another file.
        shifts[split] = end - part.start if part.start < end else 0
        end = part.stop + shifts[split]
    return Axis(False, shifts)


def _are_apart(times: list[tuple[int, int]]) -> bool:
    return all(
        before[1] < after[0]
        for before, after in itertools.pairwise(sorted(times))
    )
