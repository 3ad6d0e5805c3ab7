"""Stretches of labelled rows."""

import itertools

import numpy as np
import pytest

from evaluation.metrics.events import events, merged


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


def naive_merged(ranges, distance):
    """One after the other, joined to the last where that is near."""
    found = []
    for start, stop in ranges:
        if found and start - found[-1][1] < distance:
            found[-1][1] = stop
        else:
            found.append([start, stop])
    return found


@pytest.mark.parametrize("distance", [0, 1, 2, 2.5, 3, 100])
def test_merging_agrees_with_the_naive_twin(distance):
    """Gaps counted with their ends; a range lost; none at all."""
    generator = np.random.default_rng(1)
    for num_rows in (0, 1, 2, *[40] * 50):
        ranges = events(generator.random(num_rows) < 0.4)
        found = merged(ranges, distance)
        assert found.tolist() == naive_merged(ranges.tolist(), distance)
        assert found.shape == (len(found), 2)
        assert found.dtype == np.int64


def test_merging_leaves_its_argument():
    """Ranges of the caller changed in place."""
    ranges = np.array([[0, 2], [3, 4]])
    assert merged(ranges, 2).tolist() == [[0, 4]]
    assert ranges.tolist() == [[0, 2], [3, 4]]
