"""Segments hold every window once, whatever their length and halo."""

import collections

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from preprocessing.readers.base import Block
from preprocessing.segments import SegmentCutter
from preprocessing.splits import cut_into_splits

TAIL = [("validation", 0.2), ("test", 0.25)]


def _cut(rows, block_lengths, segment_rows, halo, gap_rows, times=None):
    parts = cut_into_splits(rows, TAIL, gap_rows)
    cutter = SegmentCutter("a", parts, segment_rows, halo, longest_step=5.0)
    values = np.arange(rows, dtype=float)[:, None]
    bounds = np.minimum(np.cumsum([0, *block_lengths, rows]), rows)
    segments = []
    for begin, end in zip(bounds, bounds[1:], strict=False):
        if end > begin:
            block = Block(
                "a",
                values[begin:end],
                np.zeros(end - begin, np.int8),
                timestamps=None if times is None else times[begin:end],
            )
            segments += cutter.add(block)
    segments += cutter.finish()
    return parts, segments, cutter


def _windows_of(segments, length):
    """Windows as the trainer cuts them: the halo only gives context."""
    windows = collections.Counter()
    for segment in segments:
        skipped = max(segment.halo - (length - 1), 0)
        rows = segment.values[skipped:, 0].astype(int)
        assert rows.tolist() == list(range(rows[0], rows[-1] + 1))
        for begin in range(len(rows) - length + 1):
            windows[segment.split, int(rows[begin])] += 1
    return windows


@settings(deadline=None)
@given(
    rows=st.integers(1, 120),
    block_lengths=st.lists(st.integers(1, 40), max_size=6),
    segment_rows=st.integers(1, 50),
    halo=st.integers(2, 20),
    gap_rows=st.integers(0, 5),
    holes=st.sets(st.integers(1, 119), max_size=3),
    data=st.data(),
)
def test_windows_equal_those_of_whole_splits(
    rows, block_lengths, segment_rows, halo, gap_rows, holes, data
):
    """Catches windows lost or doubled at segments, over splits or gaps."""
    steps = np.ones(rows, np.int64)
    steps[[hole for hole in holes if hole < rows]] = 6
    parts, segments, cutter = _cut(
        rows, block_lengths, segment_rows, halo, gap_rows, np.cumsum(steps)
    )
    length = data.draw(st.integers(1, halo))
    expected = collections.Counter(
        (part.split, begin)
        for part in parts
        for begin in range(part.start, part.stop - length + 1)
        if (steps[begin + 1 : begin + length] == 1).all()
    )
    assert _windows_of(segments, length) == expected
    stored = [
        row
        for segment in segments
        for row in segment.values[segment.halo :, 0].astype(int).tolist()
    ]
    assert len(stored) == len(set(stored))
    assert len(stored) + cutter.num_unused_rows == rows
    firsts = {part.start for part in parts} | (holes & set(range(rows)))
    for segment in segments:
        assert segment.start == segment.values[0, 0]
        assert segment.follows_gap == (segment.start in firsts) or segment.halo
        assert not (segment.follows_gap and segment.halo)
        assert len(segment.labels) == len(segment.timestamps)
        assert len(segment.labels) == len(segment.values)


def test_five_periods_are_no_gap():
    """Catches `>=` where a gap is more than five periods."""
    times = np.array([0, 1, 6, 7, 13])
    _, segments, _ = _cut(5, [], 100, 3, 0, times)
    starts = [segment.start for segment in segments if segment.halo == 0]
    assert starts == [0, 3, 4]
    # Rows 0-2 are train in spite of the step of 5; 4 follows a step of 6.
    assert [len(segment.values) for segment in segments] == [3, 1, 1]


def test_offset_numbers_rows_of_a_continued_series():
    """Catches row numbers that start again with each file."""
    parts = cut_into_splits(10, [], 0)
    cutter = SegmentCutter("a", parts, 100, 3, offset=6)
    segments = [*cutter.add(Block("a", np.zeros((4, 1)))), *cutter.finish()]
    assert [(s.start, s.halo, len(s.values)) for s in segments] == [(6, 0, 4)]
