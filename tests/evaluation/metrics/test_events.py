"""Stretches of labelled rows."""

import itertools

import numpy as np
import pytest

from evaluation.metrics.events import events


@pytest.mark.parametrize(
    "labels, expected",
    [
        ([], []),
        ([0, 0], []),
        ([1], [[0, 1]]),
        ([1, 1, 0, 0, 1], [[0, 2], [4, 5]]),
        ([1, -1, 1], [[0, 1], [2, 3]]),
        ([True, False, True], [[0, 1], [2, 3]]),
    ],
)
def test_edges(labels, expected):
    """An event lost at the first or last row; unknown rows bridged."""
    found = events(np.array(labels))
    assert found.tolist() == expected
    assert found.shape == (len(expected), 2)
    assert found.dtype == np.int64


def test_events_are_the_labelled_rows():
    """Rows lost or gained, over all labels of nine rows."""
    for labels in itertools.product([0, 1], repeat=9):
        found = events(np.array(labels))
        rows = [row for begin, end in found for row in range(begin, end)]
        assert rows == np.flatnonzero(labels).tolist()
        assert (found[1:, 0] > found[:-1, 1]).all()
