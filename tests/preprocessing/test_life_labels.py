"""Labels by position in a life, against one row after another."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from preprocessing.life_labels import Life

fractions = st.floats(0.01, 0.5)


@given(st.integers(0, 200), fractions, fractions, st.data())
@example(3, 0.5, 0.5, None)
def test_labels_equal_row_by_row(num_rows, normal, anomalous, data):
    """Catches borders off by one, and labels that count from a part's start."""
    expected = [-1] * num_rows
    for row in range(round(normal * num_rows)):
        expected[row] = 0
    for row in range(round(anomalous * num_rows)):
        expected[num_rows - 1 - row] = 1
    life = Life.of(num_rows, normal, anomalous)
    start = data.draw(st.integers(0, num_rows)) if data else 0
    labels = life.labels(start, num_rows - start)
    assert labels.dtype == np.int8
    np.testing.assert_array_equal(labels, expected[start:])


@pytest.mark.parametrize(
    ("num_rows", "expected"),
    [(1, [-1]), (2, [-1, -1]), (3, [0, -1, 1]), (7, [0, 0, -1, -1, -1, 1, 1])],
)
def test_few_rows(num_rows, expected):
    """Catches labels for rows of which too little is known."""
    labels = Life.of(num_rows, 0.25, 0.25).labels(0, num_rows)
    np.testing.assert_array_equal(labels, expected)


def test_a_life_without_a_middle():
    """Catches an unknown row between fractions whose sum is 1."""
    labels = Life.of(10, 0.7, 0.3).labels(0, 10)
    np.testing.assert_array_equal(labels, [0] * 7 + [1] * 3)
