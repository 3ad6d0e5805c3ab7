"""Runs, buffers and pruning against tables and sets."""

import numpy as np
import pytest
from telemanom_oracle import dilated, groups

from trainer.statistics.error_pruning import (
    buffered,
    pruned,
    runs_of,
    standing_out,
)


@pytest.mark.parametrize(
    ("peaks", "largest_other", "kept"),
    [
        ([1.0, 0.5], 0.3, [True, True]),
        ([1.0, 0.5, 0.45], 0.44, [True, False, False]),
        ([0.45, 1.0, 0.5], 0.44, [False, True, False]),
        ([1.0], 0.95, [False]),
        ([1.0, 1.0], 0.5, [True, True]),
        ([1.0, 1.0], 0.95, [False, False]),
        ([1.0, 0.5, 0.5], 0.45, [True, False, False]),
        ([np.inf, 1.0], 0.95, [True, False]),
        ([np.inf, np.inf], 0.95, [True, True]),
        ([0.5], 0.9, [False]),
        ([], 0.9, []),
    ],
)
def test_the_table_of_peaks(peaks, largest_other, kept):
    """Catches runs kept above a small drop, and ties that are torn apart."""
    found = pruned(np.array(peaks, float), largest_other, 0.13)
    assert found.tolist() == kept


def test_a_drop_as_large_as_the_smallest_is_enough():
    """Catches `<=` for `<`."""
    assert pruned(np.array([1.0]), 0.75, 0.25).tolist() == [True]
    assert pruned(np.array([1.0]), 0.7500001, 0.25).tolist() == [False]


@pytest.mark.parametrize("seed", range(20))
def test_runs_and_buffers_equal_sets(seed):
    """Catches a buffer one off, beyond an end, or runs that are not joined."""
    generator = np.random.default_rng(seed)
    is_beyond = generator.random(generator.integers(1, 60)) < 0.1
    for buffer_steps in (0, 1, 4, 100):
        near = dilated(np.flatnonzero(is_beyond), buffer_steps, len(is_beyond))
        found = buffered(is_beyond, buffer_steps)
        assert set(np.flatnonzero(found)) == near
        inclusive = [(start, stop - 1) for start, stop in runs_of(found)]
        assert inclusive == groups(near)


def test_only_runs_that_stand_out_stay_marked():
    """Catches peaks of the wrong run."""
    values = np.array([1.0, 5.0, 1.0, 1.1, 1.0, 6.0, 7.0])
    is_marked = np.array([0, 1, 0, 1, 0, 1, 1], bool)
    found = standing_out(values, is_marked, 1.0, 0.13)
    assert found.astype(int).tolist() == [0, 1, 0, 0, 0, 1, 1]
