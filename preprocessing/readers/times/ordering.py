"""Time goes forward within a series: repeats and steps back are refused."""

from collections.abc import Mapping, Sequence

import numpy as np

from preprocessing.readers.base import Block
from preprocessing.readers.times.unix_times import shown_time

__all__ = [
    "AN_HOUR_BACK",
    "BACKWARD",
    "MOST_SHARED_ROWS",
    "REPEATED",
    "SHARED",
    "SeriesOrder",
    "overlap_message",
]

REPEATED = "repeated timestamp: the first row is kept"
BACKWARD = "time goes back: rows must be in order of time; sort the file"
AN_HOUR_BACK = (
    "time goes back by about an hour: of local times, say the --time_zone in "
    "which clocks are put back"
)
SHARED = "repeated timestamp: a file before reaches it"

# Rows at the edge of two files that both may hold.
MOST_SHARED_ROWS = 16

_HOUR_MICROSECONDS = 3_600_000_000


class SeriesOrder:
    """Takes the times of each series in one file, row by row.

    A row is refused that does not go on in time from the rows before it in
    its file. So is one that does, but not beyond the end of its series in
    the files before. What a time means is told by its own file alone, so
    that a pass which knows no other file finds the same rows.
    """

    def __init__(
        self, after: Mapping[str, int], is_local: bool = False
    ) -> None:
        """Starts before the first row.

        Args:
            after: series id to its last time in the files before,
                microseconds.
            is_local: times may be those of a zone that was not named.
        """
        self._after = after
        self._is_local = is_local
        self._latest: dict[str, int] = {}
        # Of rows that a file before reaches: the first time, and how many.
        self._shared: dict[str, tuple[int, int]] = {}

    def take_blocks(self, blocks: Sequence[Block]) -> bool:
        """Takes the rows of all blocks, or none where one would be refused.

        Args:
            blocks: of different series.
        """
        latest = {}
        for block in blocks:
            times = block.timestamps
            if times is None:
                continue
            series_id = block.series_id
            start = int(times[0]) - 1
            before = max(
                self._latest.get(series_id, start),
                self._after.get(series_id, start),
            )
            if not np.all(np.diff(times, prepend=before) > 0):
                return False
            latest[series_id] = int(times[-1])
        self._latest |= latest
        return True

    def take_time(self, series_id: str, moments: tuple[int, int]) -> int:
        """Takes the next row of a series.

        Args:
            series_id: which series.
            moments: what its time may mean; the first that goes forward
                counts.

        Raises:
            ValueError: the reason why the row is refused.
        """
        before = self._latest.get(series_id)
        time = _chosen(moments, before)
        if time is None:
            raise ValueError(self._reason(moments, before))
        self._latest[series_id] = time
        if time <= self._after.get(series_id, time - 1):
            first, num_shared = self._shared.get(series_id, (time, 0))
            self._shared[series_id] = first, num_shared + 1
            raise ValueError(SHARED)
        return time

    def check_edges(self, path: str, is_whole: bool) -> None:
        """Refuses a file that cannot follow the files before.

        Args:
            path: the file.
            is_whole: all its rows were taken.

        Raises:
            ValueError: more rows of a series than may be are not beyond its
                end in the files before, or all of them.
        """
        for series_id, (first, num_shared) in self._shared.items():
            before = self._after[series_id]
            is_known = is_whole and self._latest[series_id] <= before
            if num_shared > MOST_SHARED_ROWS or is_known:
                raise ValueError(
                    overlap_message(
                        series_id, f"`{path}`", first, "a file before", before
                    )
                )

    def _reason(self, moments: tuple[int, int], before: int | None) -> str:
        """Why a row is refused that does not go on in time."""
        if before is None or before in moments:
            return REPEATED
        share = (before - moments[-1]) / _HOUR_MICROSECONDS
        return (
            AN_HOUR_BACK if self._is_local and 0.5 <= share <= 1 else BACKWARD
        )

    def take_times(
        self, series_id: str, first: np.ndarray, last: np.ndarray
    ) -> tuple[np.ndarray, dict[int, str]]:
        """Takes the next rows of a series.

        Args:
            series_id: which series.
            first: `[time]` int64 microseconds, what the times may mean first.
            last: `[time]` int64, what they may mean last.

        Returns:
            `[time]` int64 times, and the reasons of the rows refused.
        """
        before = self._latest.get(series_id, int(first[0]) - 1)
        start = max(before, self._after.get(series_id, before))
        highest = np.maximum.accumulate(np.concatenate([[start], first[:-1]]))
        if (first == last).all() and (first > highest).all():
            self._latest[series_id] = int(first[-1])
            return first, {}
        times, reasons = first.copy(), {}
        moments = zip(first.tolist(), last.tolist(), strict=True)
        for row, pair in enumerate(moments):
            try:
                times[row] = self.take_time(series_id, pair)
            except ValueError as error:
                reasons[row] = str(error)
        return times, reasons


def overlap_message(
    series_id: str, path: str, first: int, path_before: str, before: int
) -> str:
    """Why a file of a series cannot follow another one.

    Args:
        series_id: which series.
        path: the file.
        first: its first time, microseconds.
        path_before: the file before.
        before: the last time before, microseconds.
    """
    return (
        "A series that goes on in another file must go on in time, and files "
        f"are read in the order of their paths. Received: series {series_id}, "
        f"which begins in {path} at {shown_time(first)} and ends in "
        f"{path_before} at {shown_time(before)}. Name the files so that they "
        f"sort by time. Two may share at most {MOST_SHARED_ROWS} rows at their "
        "edge, resampled ones none, not even a period."
    )


def _chosen(moments: tuple[int, int], before: int | None) -> int | None:
    first, last = moments
    if before is None or first > before:
        return first
    return last if last > before else None
