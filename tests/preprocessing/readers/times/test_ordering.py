"""Time that goes forward: many rows at once against one by one."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from preprocessing.readers.base import Block
from preprocessing.readers.times.ordering import (
    BACKWARD,
    REPEATED,
    SHARED,
    SeriesOrder,
)

AFTER = st.none() | st.integers(-1, 6)


def one_by_one(moments, after):
    """Times that are kept, by row, and reasons: a loop over all rows."""
    kept, reasons, before = {}, {}, None
    for row, pair in enumerate(moments):
        later = [time for time in pair if before is None or time > before]
        if not later:
            reasons[row] = REPEATED if before in pair else BACKWARD
            continue
        before = later[0]
        if after is not None and before <= after:
            reasons[row] = SHARED
        else:
            kept[row] = before
    return kept, reasons


@given(
    moments=st.lists(
        st.tuples(st.integers(0, 6), st.sampled_from([0, 0, 0, 2])),
        min_size=1,
        max_size=9,
    ),
    after=AFTER,
    cut=st.integers(1, 8),
)
@settings(max_examples=500, deadline=None, derandomize=True)
def test_many_at_once_equal_one_by_one(moments, after, cut):
    """Catches a time moved on by a refused row, or by the file before."""
    first = np.array([time for time, _ in moments])
    last = first + np.array([later for _, later in moments])
    pairs = list(zip(first.tolist(), last.tolist(), strict=True))
    known = {} if after is None else {"a": after}
    order = SeriesOrder(known | {"b": 99})
    kept, reasons = {}, {}
    for begin, end in ((0, cut), (cut, len(first))):
        if begin < min(end, len(first)):
            times, why = order.take_times(
                "a", first[begin:end], last[begin:end]
            )
            reasons |= {begin + row: reason for row, reason in why.items()}
            kept |= {
                begin + row: time
                for row, time in enumerate(times.tolist())
                if row not in why
            }
    assert (kept, reasons) == one_by_one(pairs, after)


@given(
    times=st.lists(st.integers(0, 6), min_size=1, max_size=5),
    begun=st.none() | st.integers(0, 6),
    after=AFTER,
)
@settings(max_examples=300, deadline=None, derandomize=True)
def test_blocks_are_taken_where_no_row_is_refused(times, begun, after):
    """Catches rows in order at most, taken though some are known."""
    order = SeriesOrder({} if after is None else {"a": after})
    before = [] if begun is None else [(begun, begun)]
    if before:
        order.take_times("a", np.array([begun]), np.array([begun]))
    moments = before + [(time, time) for time in times]
    _, reasons = one_by_one(moments, after)
    is_good = not any(row >= len(before) for row in reasons)
    rows = np.zeros((len(times), 1))
    blocks = [
        Block("a", rows, timestamps=np.array(times)),
        Block("b", rows, timestamps=np.arange(len(times))),
    ]
    assert order.take_blocks(blocks) == is_good
    # Where one block is refused, the other one is not taken either.
    assert order.take_blocks(blocks[1:]) == (not is_good)
