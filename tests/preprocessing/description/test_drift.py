import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ks_2samp

from preprocessing.description.drift import (
    distribution_distance,
    measure_drift,
    movement,
)
from trainer.statistics.columns import ColumnStatistics


def drift_of(train, other):
    train, other = (np.atleast_2d(np.array(each, float).T).T
                    for each in (train, other))  # fmt: skip
    return measure_drift(
        ColumnStatistics.from_batch(train),
        train,
        ColumnStatistics.from_batch(other),
        other,
    )


@settings(deadline=None, max_examples=100)
@given(
    st.integers(1, 60), st.integers(1, 60), st.integers(1, 9), st.integers(0, 9)
)
def test_distance_equals_scipy(num_first, num_second, num_values, seed):
    """Catches ties counted on one side, and missing cells that count."""
    generator = np.random.default_rng(seed)
    first = generator.integers(num_values, size=num_first).astype(float)
    second = generator.integers(num_values + 1, size=num_second).astype(float)
    # Scipy's p-value, which is not asked for here, may divide by zero.
    with np.errstate(divide="ignore"):
        expected = ks_2samp(first, second, method="asymp").statistic
    assert distribution_distance(first, second) == pytest.approx(expected)
    holed = np.insert(first, 0, [np.nan] * 3)
    assert distribution_distance(holed, second) == pytest.approx(expected)


def test_drift_has_no_units():
    """Catches a number that changes with the unit of a column."""
    generator = np.random.default_rng(1)
    train, other = generator.normal(size=300), generator.normal(1, 3, size=200)
    first = drift_of(train, other)
    second = drift_of(train * 1e6 - 5e5, other * 1e6 - 5e5)
    for name in ("distance", "shift", "excess"):
        np.testing.assert_allclose(
            getattr(first, name), getattr(second, name), rtol=1e-9
        )
    expected = (other.mean() - train.mean()) / train.std(ddof=1)
    assert first.shift[0] == pytest.approx(expected)


def test_excess_counts_widths_on_either_side():
    """Catches one side left out, and a distance to zero."""
    assert drift_of([10, 12], [11, 18]).excess[0] == 3.0
    assert drift_of([10, 12], [0, 12]).excess[0] == 5.0
    assert drift_of([10, 12], [11, 11]).excess[0] == 0.0


def test_a_constant_column_that_moves_later_is_told():
    """Catches a division by zero, and another constant called the same."""
    for other, moves, distance in (
        ([5, 5], False, 0.0),
        ([5, 6], True, 0.5),
        ([7, 7], True, 1.0),
    ):
        drift = drift_of([5, 5, 5], other)
        assert drift.is_newly_moving[0] == moves
        assert drift.distance[0] == distance
        assert np.isnan(drift.shift[0]) and np.isnan(drift.excess[0])


def test_nothing_measured_is_no_drift():
    """Catches a split of NaN called alike or different."""
    for train, other in (([1, 2], [np.nan]), ([np.nan], [1, 2])):
        drift = drift_of(train, other)
        assert np.isnan(drift.distance[0]) and np.isnan(drift.shift[0])
        assert not drift.is_newly_moving[0]


def test_movement_ranks_what_train_did_not_show():
    """Catches a wide column put before one that moves unlike train."""
    train = ColumnStatistics.from_batch(
        np.array([[0, 0, 7, 7], [100, 1, 7, 7]], float)
    )
    series = ColumnStatistics.from_batch(
        np.array([[0, 0, 7, 7], [100, 3, 8, 7]], float)
    )
    np.testing.assert_allclose(movement(series, train), [1, 3, np.inf, 0])
