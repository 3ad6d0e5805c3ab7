"""The rule of gaps, row by row."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from preprocessing.gaps import breaks_in, longest_step, period_of


@given(
    times=st.lists(st.integers(0, 30), min_size=1, max_size=20),
    before=st.none() | st.integers(0, 30),
    longest=st.sampled_from([0.5, 1.0, 5.0, np.inf]),
)
def test_breaks_equal_a_loop(times, before, longest):
    """Catches a break shifted by one, and a first row always or never one."""
    naive, last = [], before
    for row, time in enumerate(times):
        if last is not None and not 0 < time - last <= longest:
            naive.append(row)
        last = time
    assert breaks_in(np.array(times), before, longest) == naive


def test_period_leaves_out_steps_back():
    """Catches a median of steps that repeat or go back; NaN of one row."""
    times = np.array([0, 0, 0, 0, 10, 20, 5, 15]) * 1_000_000
    assert period_of(times) == 10.0
    assert period_of(times[:1]) == period_of(times[:4]) == 0.0
    assert period_of(None) == 0.0


def test_longest_step():
    """Catches seconds for microseconds, and a gap of an unknown period."""
    assert longest_step(2.0) == 10_000_000
    assert longest_step(0.0) == np.inf
