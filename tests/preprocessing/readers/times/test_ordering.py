"""Time that goes forward: many rows at once against one by one."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from preprocessing.readers.times.ordering import (
    BACKWARD,
    REPEATED,
    forward_time,
    forward_times,
)


@given(
    moments=st.lists(
        st.tuples(st.integers(0, 6), st.sampled_from([0, 0, 0, 2])),
        min_size=1,
        max_size=9,
    ),
    before=st.none() | st.integers(-1, 6),
)
@settings(max_examples=500, deadline=None, derandomize=True)
def test_many_at_once_equal_one_by_one(moments, before):
    """Catches a refused row that still moves the time on."""
    first = np.array([time for time, _ in moments])
    last = first + np.array([later for _, later in moments])
    times, refused = forward_times(first, last, before)
    for row, pair in enumerate(zip(first.tolist(), last.tolist(), strict=True)):
        try:
            before = forward_time(pair, before)
            assert (refused[row], times[row]) == (0, before)
        except ValueError as error:
            assert refused[row] == {REPEATED: 1, BACKWARD: 2}[str(error)]
