"""Resampled rows against a dictionary of lists."""

import collections

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from preprocessing.readers import open_reader
from preprocessing.readers.base import BadRow, Block, Reader, Source
from preprocessing.readers.times.resampling import (
    ResamplingReader,
    ResamplingSettings,
)

PERIOD = 10


class _Given(Reader):
    """Gives the items it was made from."""

    settings_class = ResamplingSettings

    def __init__(self, items, how="mean"):
        super().__init__(ResamplingSettings(PERIOD, how))
        self._items = items

    def sources(self, pattern):
        return [Source(pattern)]

    def feature_names(self, source):
        return ("x", "y")

    def read(self, source, names):
        yield from self._items

    def extents(self, source, names):
        raise AssertionError("counts are those of resampled rows")


def _resampled(items, how="mean"):
    reader = ResamplingReader(_Given(items, how))
    read = list(reader.read(Source("a"), ("x", "y")))
    num_rows = collections.Counter()
    for item in read:
        if isinstance(item, Block):
            num_rows[item.series_id] += len(item.values)
    extents = reader.extents(Source("a"), ("x", "y"))
    assert {name: one.num_rows for name, one in extents.items()} == num_rows
    return read


def _naive(times, values, labels, how):
    """Period to cells and label, by loops; empty ones within a gap's limit."""
    rows = {}
    for second, cells, label in zip(times, values, labels, strict=True):
        rows.setdefault(second // PERIOD, []).append((cells, label))
    found = {}
    for period, members in rows.items():
        cells = []
        for column in range(2):
            measured = [c[column] for c, _ in members if c[column] == c[column]]
            if not measured:
                cells.append(np.nan)
            elif how == "last":
                cells.append(measured[-1])
            else:
                divisor = len(measured) if how == "mean" else 1
                cells.append(sum(measured) / divisor)
        found[period] = cells, max(label for _, label in members)
    for before, after in zip(sorted(rows), sorted(rows)[1:], strict=False):
        if after - before <= 5:
            for period in range(before + 1, after):
                found[period] = [np.nan, np.nan], -1
    return dict(sorted(found.items()))


@settings(deadline=None)
@given(
    steps=st.lists(st.integers(1, 70), min_size=1, max_size=60),
    cuts=st.sets(st.integers(1, 59)),
    how=st.sampled_from(["mean", "last", "sum"]),
    start=st.integers(-200, 200),
    seed=st.integers(0, 9),
    first=st.sampled_from([1.0, 9.97e36, -1e300]),
)
def test_equals_loops_for_any_blocks(steps, cuts, how, start, seed, first):
    """Catches rows lost at block edges, filled gaps, invented cells.

    And all rows after a fill value at the start, lost in the rounding.
    """
    generator = np.random.default_rng(seed)
    times = start + np.cumsum(steps)
    values = generator.integers(-9, 9, (len(times), 2)).astype(float)
    values[0] = first
    values[generator.random(values.shape) < 0.3] = np.nan
    labels = generator.integers(-1, 2, len(times)).astype(np.int8)
    bounds = [0, *sorted(cut for cut in cuts if cut < len(times)), len(times)]
    blocks = [
        Block("a", values[b:e], labels[b:e], timestamps=times[b:e] * 10**6)
        for b, e in zip(bounds, bounds[1:], strict=False)
    ]
    read = _resampled(blocks, how)
    expected = _naive(times.tolist(), values.tolist(), labels.tolist(), how)
    found_times = np.concatenate([block.timestamps for block in read])
    assert (found_times // (PERIOD * 10**6)).tolist() == list(expected)
    assert not (found_times % (PERIOD * 10**6)).any()
    np.testing.assert_allclose(
        np.concatenate([block.values for block in read]),
        [cells for cells, _ in expected.values()],
    )
    assert np.concatenate([block.labels for block in read]).tolist() == [
        label for _, label in expected.values()
    ]


def test_a_constant_column_stays_constant():
    """Catches a mean of .1, .1, .1 that is .10000000000000002."""
    times = np.arange(60) * 10**6
    values = np.column_stack([np.full(60, 0.1), np.arange(60.0)])
    blocks = [Block("a", values[:7], timestamps=times[:7])]
    blocks.append(Block("a", values[7:], timestamps=times[7:]))
    cells = np.concatenate([block.values for block in _resampled(blocks)])
    assert (cells[:, 0] == 0.1).all() and len(cells) == 6
    np.testing.assert_array_equal(cells[:, 1], np.arange(6) * 10 + 4.5)


def test_series_are_apart_and_refused_rows_pass():
    """Catches one open period for all series, and lost dead letters."""
    letter = BadRow("a", 3, "why", "text")
    blocks = [
        Block(name, np.full((1, 2), value), timestamps=np.array([moment]))
        for name, value, moment in (("a", 1.0, 0), ("b", 2.0, 1), ("a", 3.0, 2))
    ]
    read = _resampled([*blocks[:2], letter, blocks[2]])
    assert read[0] == letter
    assert [(b.series_id, b.values.tolist()) for b in read[1:]] == [
        ("a", [[2.0, 2.0]]),
        ("b", [[2.0, 2.0]]),
    ]


def test_without_timestamps_it_is_an_error():
    """Catches rows that are taken for one a second."""
    with pytest.raises(ValueError, match="needs timestamps"):
        _resampled([Block("a", np.zeros((3, 2)))])


def test_open_reader_wraps_only_on_request(tmp_path):
    """Catches a flag that is parsed and then forgotten."""
    from preprocessing.readers.csv import CsvReader, CsvSettings

    assert type(open_reader("csv", CsvSettings())) is CsvReader
    options = CsvSettings(timestamp_column="0", resample_period_seconds=1.0)
    assert type(open_reader("csv", options)) is ResamplingReader
