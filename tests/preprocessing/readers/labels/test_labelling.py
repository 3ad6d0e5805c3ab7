"""Ranges of rows or of time to labels, and ranges that do not fit."""

import dataclasses

import numpy as np
import pytest

from preprocessing.readers.base import BadRow, Block, Source
from preprocessing.readers.labels.label_ranges import LabelRanges
from preprocessing.readers.labels.labelling import labelled


def _labels(ranges, blocks):
    source = Source("a.csv", label_ranges={"a": ranges})
    items = list(labelled(blocks, source))
    return np.concatenate(
        [item.labels for item in items if isinstance(item, Block)]
    ).tolist()


def _block(num_rows, first_second=None):
    times = None
    if first_second is not None:
        times = (first_second + np.arange(num_rows)) * 10**6
    return Block("a", np.zeros((num_rows, 1)), timestamps=times)


def test_the_end_is_counted_in_over_blocks():
    """Catches an end left out, and rows counted anew in each block."""
    ranges = LabelRanges.closed([(2, 4), (4, 5)])
    letter = BadRow("a.csv", 1, "", "", has_place=True)
    assert _labels(ranges, [_block(3), letter, _block(4)]) == [
        0,
        0,
        1,
        1,
        1,
        1,
        0,
    ]


def test_ranges_of_time():
    """Catches times compared with row numbers."""
    ranges = LabelRanges.closed([(101 * 10**6, 102 * 10**6)], are_times=True)
    assert _labels(ranges, [_block(4, 100)]) == [0, 1, 1, 0]


def test_a_series_without_ranges_keeps_its_labels():
    """Catches unknown labels that become normal."""
    source = Source("a.csv", label_ranges={"b": LabelRanges()})
    assert next(labelled([_block(2)], source)).labels is None
    assert _labels(LabelRanges(), [_block(2)]) == [0, 0]


@pytest.mark.parametrize(
    "ranges, second",
    [
        (LabelRanges.closed([(0, 4)]), None),
        (LabelRanges.closed([(0, 10**6)], are_times=True), 100),
        (LabelRanges.closed([(200 * 10**6, 201 * 10**6)], True), 100),
    ],
)
def test_ranges_beyond_the_series_are_refused(ranges, second):
    """Catches the labels of another series, taken in silence."""
    with pytest.raises(ValueError, match="must lie within its series"):
        _labels(ranges, [_block(4, second)])
    ranges = dataclasses.replace(ranges, is_in_one_file=False)
    _labels(ranges, [_block(4, second)])


@pytest.mark.parametrize("closed", [(3, 2), (-2, 4)])
def test_impossible_ranges(closed):
    """Catches an empty range and one that counts from the end."""
    with pytest.raises(ValueError, match="at or after its start"):
        LabelRanges.closed([closed])
