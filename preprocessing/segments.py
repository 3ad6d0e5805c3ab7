"""Blocks of one series in, stored segments with their halo out."""

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np

from preprocessing.gaps import breaks_in
from preprocessing.readers.base import Block
from preprocessing.splits import Part, parts_between

__all__ = ["Segment", "SegmentCutter"]


@dataclasses.dataclass(frozen=True)
class Segment:
    """Contiguous rows of one series and split, as they are stored.

    Attributes:
        split: which split.
        series_id: which series.
        start: row number of the first stored row in its series.
        halo: leading rows that repeat the end of the previous segment.
        follows_gap: nothing that its first row goes on from is stored before
            it; else it continues the segment before, maybe of another file.
        values: `[time, feature]`, raw units, NaN = not measured.
        labels: `[time]` int8, 0, 1 or -1 unknown; None = no labels.
        sequence_label: label of a whole series; None = not labelled so.
        timestamps: `[time]` int64 microseconds; None = no timestamps.
    """

    split: str
    series_id: str
    start: int
    halo: int
    follows_gap: bool
    values: np.ndarray
    labels: np.ndarray | None = None
    sequence_label: int | None = None
    timestamps: np.ndarray | None = None


class SegmentCutter:
    """Cuts the blocks of one series into segments.

    Rows pile up until a segment is full, its split ends or a gap follows.
    A segment after a full one starts with the last `halo` rows of its run,
    so that a window of up to `halo` rows ending at any row lies whole in
    the segment that holds this row behind its halo. The first segment of a
    file has no halo: `follows_gap` says whether it continues the last one of
    the file before.
    """

    def __init__(
        self,
        series_id: str,
        parts: Sequence[Part],
        segment_rows: int,
        halo: int,
        offset: int = 0,
        longest_step: float = np.inf,
        last_timestamp: int | None = None,
    ) -> None:
        """Starts before the first row.

        Args:
            series_id: which series.
            parts: its splits, disjoint, in order of time.
            segment_rows: new rows of a full segment.
            halo: rows repeated at most.
            offset: row number of the first row to come.
            longest_step: a longer step of time ends a segment; microseconds.
            last_timestamp: of the row before the first one, microseconds;
                None = there is none.
        """
        self._series_id = series_id
        self._parts = parts
        self._segment_rows = segment_rows
        self._halo = halo
        self._next_row = offset
        self._longest_step = longest_step
        self._last_timestamp = last_timestamp
        self._part: Part | None = None
        self._pending: list[Block] = []
        self._num_pending = 0
        self._num_halo = 0
        self._follows_gap = True
        self.num_unused_rows = 0

    def add(self, block: Block) -> Iterator[Segment]:
        """Takes the next rows; yields the segments they complete."""
        for run, breaks_before in self._runs(block):
            if breaks_before:
                yield from self.finish()
            start = self._next_row
            stop = start + len(run.values)
            self._next_row = stop
            used = 0
            for part, begin, end in parts_between(self._parts, start, stop):
                used += end - begin
                if part is not self._part:
                    yield from self.finish()
                    self._part = part
                if not self._pending:
                    self._follows_gap = begin == part.start or (
                        breaks_before and begin == start
                    )
                yield from self._append(
                    _slice(run, begin - start, end - start), begin
                )
            self.num_unused_rows += stop - start - used

    @property
    def num_new_rows(self) -> int:
        """Rows that wait for their segment, without its halo."""
        return self._num_pending - self._num_halo

    def cut(self) -> Iterator[Segment]:
        """Yields what is pending, before it is full; the next goes on."""
        if self.num_new_rows > 0:
            segment = self._segment()
            yield segment
            self._start_with_halo_of(segment)

    def finish(self) -> Iterator[Segment]:
        """Yields what is pending; what follows starts without a halo."""
        if self.num_new_rows > 0:
            yield self._segment()
        self._pending = []
        self._num_pending = self._num_halo = 0

    def _runs(self, block: Block) -> Iterator[tuple[Block, bool]]:
        """Splits a block at its gaps; True where one lies before."""
        if block.timestamps is None:
            yield block, False
            return
        breaks = set(
            breaks_in(
                block.timestamps, self._last_timestamp, self._longest_step
            )
        )
        self._last_timestamp = int(block.timestamps[-1])
        bounds = sorted({0, *breaks, len(block.timestamps)})
        for begin, end in zip(bounds, bounds[1:], strict=False):
            yield _slice(block, begin, end), begin in breaks

    def _append(self, block: Block, first_row: int) -> Iterator[Segment]:
        begin = 0
        while begin < len(block.values):
            room = self._segment_rows + self._num_halo - self._num_pending
            end = min(begin + room, len(block.values))
            if not self._pending:
                self._first_row = first_row + begin
            self._pending.append(_slice(block, begin, end))
            self._num_pending += end - begin
            begin = end
            if self._num_pending == self._segment_rows + self._num_halo:
                segment = self._segment()
                yield segment
                self._start_with_halo_of(segment)

    def _segment(self) -> Segment:
        parts = self._pending
        return Segment(
            split=self._part.split,
            series_id=self._series_id,
            start=self._first_row,
            halo=self._num_halo,
            follows_gap=self._follows_gap,
            values=np.concatenate([part.values for part in parts]),
            labels=_joined([part.labels for part in parts]),
            timestamps=_joined([part.timestamps for part in parts]),
        )

    def _start_with_halo_of(self, segment: Segment) -> None:
        length = len(segment.values)
        keep = min(self._halo, length)
        block = Block(
            segment.series_id,
            segment.values,
            segment.labels,
            timestamps=segment.timestamps,
        )
        self._first_row = segment.start + length - keep
        self._pending = [_slice(block, length - keep, length)]
        self._num_pending = self._num_halo = keep
        self._follows_gap = False


def _slice(block: Block, begin: int, end: int) -> Block:
    if begin == 0 and end == len(block.values):
        return block
    return dataclasses.replace(
        block,
        values=block.values[begin:end],
        labels=None if block.labels is None else block.labels[begin:end],
        timestamps=None
        if block.timestamps is None
        else block.timestamps[begin:end],
    )


def _joined(parts: list[np.ndarray | None]) -> np.ndarray | None:
    return None if parts[0] is None else np.concatenate(parts)
