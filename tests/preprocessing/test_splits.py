"""Split borders by property."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preprocessing.splits import cut_into_splits, parts_between

TAIL = ("validation", "statistics", "tuning", "test")


@given(
    st.integers(0, 500),
    st.lists(st.floats(0, 0.24), min_size=4, max_size=4),
    st.integers(0, 30),
)
def test_parts_are_disjoint_with_gaps(num_rows, fractions, gap_rows):
    """Catches a row in two splits and neighbours without a gap."""
    parts = cut_into_splits(
        num_rows, list(zip(TAIL, fractions, strict=True)), gap_rows
    )
    assert all(0 <= part.start < part.stop <= num_rows for part in parts)
    for before, after in zip(parts, parts[1:], strict=False):
        assert after.start - before.stop == gap_rows
    order = ["train", *TAIL]
    positions = [order.index(part.split) for part in parts]
    assert positions == sorted(set(positions))


def test_lengths_are_fractions_of_the_series():
    """Catches fractions of the rest, which shrink from split to split."""
    tail = [("validation", 0.1), ("statistics", 0.1), ("test", 0.2)]
    lengths = [p.stop - p.start for p in cut_into_splits(1000, tail, 10)]
    assert lengths == [570, 100, 100, 200]


@given(st.integers(0, 120), st.integers(0, 120))
def test_parts_between_equals_row_by_row(start, length):
    """Catches off-by-one borders."""
    parts = cut_into_splits(100, [("validation", 0.2), ("test", 0.3)], 5)
    found = {}
    for part, begin, end in parts_between(parts, start, start + length):
        found |= dict.fromkeys(range(begin, end), part.split)
    expected = {
        row: part.split
        for row in range(start, start + length)
        for part in parts
        if part.start <= row < part.stop
    }
    assert found == expected


def test_unknown_split_is_refused():
    """Catches a spelling that would drop rows in silence."""
    with pytest.raises(ValueError, match="Received: 'valid'"):
        cut_into_splits(10, [("valid", 0.1)], 0)
