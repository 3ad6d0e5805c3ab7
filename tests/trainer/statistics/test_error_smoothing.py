"""Smoothed errors against the recursion and pandas, in any chunks."""

import numpy as np
import pandas as pd
import pytest
from telemanom_oracle import smoothed

from trainer.statistics.error_smoothing import smoothed_errors


def errors_of(seed, num_steps=700, has_gaps=False):
    generator = np.random.default_rng(seed)
    errors = np.abs(generator.normal(size=num_steps)) * 10.0 ** (seed % 5)
    if has_gaps:
        errors[generator.random(num_steps) < 0.3] = np.nan
        errors[100:300] = np.nan
    return errors


def test_means_equal_the_recursion():
    """Catches another decay, or means that are not divided by weights."""
    errors = errors_of(0)
    expected = smoothed(errors, 250, keeps_first_errors=True)
    assert smoothed_errors(errors, 105)[0].tolist() == expected.tolist()


@pytest.mark.parametrize("has_gaps", [False, True])
@pytest.mark.parametrize("span", [1, 2, 105])
def test_means_equal_those_of_pandas(span, has_gaps):
    """Catches a gap that does not age what was before it."""
    errors = errors_of(1, has_gaps=has_gaps)
    expected = pd.Series(errors).ewm(span=span, adjust=True).mean().to_numpy()
    expected[np.isnan(errors)] = np.nan
    means = smoothed_errors(errors, span)[0]
    np.testing.assert_allclose(means, expected, rtol=1e-12)


def test_chunks_give_the_same_to_the_last_digit():
    """Catches a state that is rounded, or lost in an empty chunk."""
    errors = errors_of(2, has_gaps=True)
    expected, is_ready, end = smoothed_errors(errors, 21)
    state, means, flags = None, [], []
    for chunk in np.split(errors, [0, 1, 7, 7, 110, 150, 290, 310, 699]):
        chunk_means, chunk_ready, state = smoothed_errors(chunk, 21, state)
        means += chunk_means.tolist()
        flags += chunk_ready.tolist()
    np.testing.assert_array_equal(means, expected)
    assert flags == is_ready.tolist()
    assert state.decayed_sums.tolist() == end.decayed_sums.tolist()
    assert state[1:] == end[1:]


def test_means_are_ready_after_as_many_errors_as_the_span():
    """Catches a start, or a gap, whose few errors count as many."""
    errors = np.ones(40)
    errors[[3, 20, 21, 22]] = np.nan
    errors[26:30] = np.nan
    is_ready = smoothed_errors(errors, 4)[1]
    expected = ~np.isnan(errors)
    # From 19 to 23 are 4 steps, from 25 to 30 are 5.
    expected[:4] = expected[30:33] = False
    assert is_ready.tolist() == expected.tolist()


def test_many_gaps_do_not_silence_a_series():
    """Catches means that are never ready where most errors are unknown."""
    errors = np.full(1000, np.nan)
    errors[::5] = 1.0
    assert np.flatnonzero(smoothed_errors(errors, 21)[1])[0] == 100


def test_an_infinite_error_stands_for_its_own_step():
    """Catches infinity that stays in all later means."""
    errors = np.array([1.0, np.inf, 3.0])
    unknown = np.array([1.0, np.nan, 3.0])
    means = smoothed_errors(errors, 3)[0]
    assert means[1] == np.inf
    assert means[2] == smoothed_errors(unknown, 3)[0][2]
