"""Quantiles of columns against NumPy, column by column."""

import functools

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from trainer.arrays import flatten, unflatten
from trainer.statistics.column_quantiles import ColumnQuantiles

FRACTIONS = (0.0, 0.25, 0.5, 0.99, 1.0)


def rows_with_holes(num_rows=40, num_columns=3):
    generator = np.random.default_rng(1)
    rows = generator.standard_t(3, size=(num_rows, num_columns))
    rows[generator.random(rows.shape) < 0.2] = np.nan
    return rows.astype("float32")


@pytest.mark.parametrize("fraction", FRACTIONS)
def test_equals_numpy_of_the_known_entries(fraction):
    """Catches NaN taken for a number, and rows lost for one entry."""
    rows = rows_with_holes()
    quantiles = ColumnQuantiles(rows)
    for column, found in enumerate(quantiles.quantile(fraction)):
        known = rows[:, column].astype(float)
        known = known[~np.isnan(known)]
        assert found == np.quantile(known, fraction)
        assert quantiles.median()[column] == np.median(known)
        distances = np.abs(known - np.median(known))
        distance = quantiles.distance(fraction)[column]
        assert distance == np.quantile(distances, fraction)


def test_infinite_entries_are_left_out():
    """Catches one overflow that makes a column's spread infinite."""
    rows = np.array([[1.0], [np.inf], [2.0], [-np.inf], [4.0]])
    quantiles = ColumnQuantiles(rows)
    assert quantiles.median() == 2.0
    assert quantiles.distance(1.0) == 2.0


def test_a_column_without_entries_is_unknown():
    """Catches a spread of 0 out of nothing, and a warning of NumPy."""
    rows = rows_with_holes()
    rows[:, 1] = np.nan
    rows[3, 1] = np.inf
    quantiles = ColumnQuantiles(rows)
    for found in (quantiles.median(), quantiles.distance(0.9)):
        np.testing.assert_array_equal(np.isnan(found), [False, True, False])
        assert found.dtype == np.float64
    assert np.isnan(ColumnQuantiles.empty(2).median()).all()


@pytest.mark.parametrize("value", [0.0, 7.25, 1e9])
def test_one_row_and_constant_columns_have_no_spread(value):
    """Catches a spread of rounding errors, or of one row unknown."""
    for num_rows in (1, 30):
        quantiles = ColumnQuantiles(np.full((num_rows, 2), value))
        np.testing.assert_array_equal(quantiles.median(), [value, value])
        np.testing.assert_array_equal(quantiles.distance(0.99), [0, 0])


def test_two_values():
    """Catches a quantile of the values taken for one of the distances."""
    rows = np.r_[np.zeros(95), np.ones(5)][:, np.newaxis]
    quantiles = ColumnQuantiles(rows)
    assert quantiles.median() == 0.0
    assert quantiles.distance(0.9) == 0.0
    assert quantiles.distance(0.99) == 1.0


def test_count_is_of_rows_in_which_something_is_known():
    """Catches entries counted for rows, or rows of nothing counted."""
    nan = np.nan
    rows = np.array([[1.0, nan], [nan, nan], [2.0, 3.0], [nan, np.inf]])
    assert ColumnQuantiles(rows).count == 3
    assert ColumnQuantiles.empty(2).count == 0


@hypothesis.settings(max_examples=50, deadline=None, derandomize=True)
@hypothesis.given(st.lists(st.integers(0, 40), max_size=5), st.randoms())
def test_any_split_merged_is_one_pass(cuts, random):
    """Catches quantiles of quantiles: they depend on the batches."""
    rows = rows_with_holes()
    edges = [0, *sorted(cuts), 40]
    shares = [
        ColumnQuantiles(rows[begin:end])
        for begin, end in zip(edges, edges[1:], strict=False)
    ]
    random.shuffle(shares)
    empty = ColumnQuantiles.empty(3)
    merged = functools.reduce(ColumnQuantiles.merge, shares, empty)
    # As workers send them to one another.
    merged = unflatten(empty, flatten(merged))
    whole = ColumnQuantiles(rows)
    assert merged.count == whole.count
    for fraction in FRACTIONS:
        for name in ("quantile", "distance"):
            np.testing.assert_array_equal(
                getattr(merged, name)(fraction), getattr(whole, name)(fraction)
            )


def test_merging_changes_neither_and_keeps_float64():
    """Catches float64 rows rounded by the empty ones, and shared state."""
    one = ColumnQuantiles(np.array([[1 + 1e-12]]))
    merged = ColumnQuantiles.empty(1).merge(one).merge(one)
    assert merged.median() == 1 + 1e-12
    assert len(one.rows) == 1


def test_other_columns_cannot_be_merged():
    """Catches NumPy's riddle about dimensions."""
    with pytest.raises(ValueError, match="same number.*Received: 2 and 3"):
        ColumnQuantiles.empty(2).merge(ColumnQuantiles.empty(3))
