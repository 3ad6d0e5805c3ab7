"""Fewer points and events: nothing that matters is lost."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.decimation import drawn_events, kept_points


@settings(deadline=None, max_examples=80)
@given(
    st.integers(1, 400), st.integers(4, 60), st.integers(0, 99), st.booleans()
)
def test_no_extreme_is_lost(num_points, limit, seed, has_gaps):
    """Catches every n-th point taken, and a last bin that is cut off."""
    generator = np.random.default_rng(seed)
    values = generator.normal(size=num_points)
    if has_gaps:
        values[generator.random(num_points) < 0.4] = np.nan
    kept = kept_points(values, limit)
    assert len(kept) <= limit
    assert (np.diff(kept) > 0).all()
    assert kept[0] == 0 and kept[-1] == num_points - 1
    if not np.isnan(values).all():
        assert np.nanmax(values[kept]) == np.nanmax(values)
        assert np.nanmin(values[kept]) == np.nanmin(values)


def test_every_separate_spike_survives():
    """Catches a single peak kept for the whole series."""
    values = np.zeros(100_000)
    spikes = np.arange(50, 100_000, 1000)
    values[spikes] = 1.0 + np.arange(len(spikes))
    kept = kept_points(values, 5000)
    assert len(kept) <= 5000
    assert set(spikes) <= set(kept)


def test_infinite_peak_is_kept():
    """Catches a comparison that drops infinity."""
    values = np.zeros(1000)
    values[333] = np.inf
    assert 333 in kept_points(values, 40)


def test_short_series_is_untouched():
    """Catches decimation of what fits."""
    np.testing.assert_array_equal(kept_points(np.zeros(7), 7), np.arange(7))


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ([], []),
        ([0, 0], []),
        ([1, 1], [(0, 2)]),
        ([1, 0, 1, 1, 0], [(0, 1), (2, 4)]),
        ([0, 1], [(1, 2)]),
    ],
)
def test_few_events_are_drawn_as_they_are(flags, expected):
    """Catches events lost at either end, or merged without need."""
    found = drawn_events(np.array(flags, bool), 2)
    assert found == expected
    assert all(type(edge) is int for event in found for edge in event)


def test_many_events_are_merged_and_cover_all():
    """Catches dropped events where there are too many."""
    flags = np.arange(1000) % 2 == 0
    assert drawn_events(flags, 10) == [(0, 999)]
    flags[300:700] = False
    assert drawn_events(flags, 10) == [(0, 299), (700, 999)]


@pytest.mark.parametrize("num_rows", [9, 100, 1000])
@pytest.mark.parametrize("limit", [1, 3, 10])
def test_no_more_events_than_the_limit(num_rows, limit):
    """Catches neighbours exactly at the distance, which add up to more."""
    for step in range(2, num_rows):
        flags = np.arange(num_rows) % step == 0
        found = drawn_events(flags, limit)
        assert 0 < len(found) <= limit
        is_drawn = np.zeros(num_rows, bool)
        for start, stop in found:
            assert flags[start] and flags[stop - 1]
            is_drawn[start:stop] = True
        assert is_drawn[flags].all()
