"""ColumnStatistics against NumPy, and its merge law."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.statistics.columns import ColumnStatistics


def _sample(seed, rows=200):
    generator = np.random.default_rng(seed)
    values = generator.normal(size=(rows, 5)) * [1, 10, 1e-3, 1, 1]
    values += [0, 1e4, 0, 0, 0]
    values[:, 3] = generator.integers(0, 2, rows)
    values[:, 4] = 7.1
    values[generator.random(values.shape) < 0.1] = np.nan
    return values


def _assert_equal(left, right):
    for field in dataclasses.fields(ColumnStatistics):
        a, b = getattr(left, field.name), getattr(right, field.name)
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("order", ["C", "F"])
def test_from_batch_equals_numpy(order):
    """Catches NaN cells that enter a sum, and ddof 0."""
    values = np.array(_sample(1), order=order)
    statistics = ColumnStatistics.from_batch(values)
    np.testing.assert_allclose(statistics.mean, np.nanmean(values, 0), 1e-12)
    np.testing.assert_allclose(
        statistics.variance, np.nanvar(values, 0, ddof=1), 1e-10, atol=1e-20
    )
    np.testing.assert_array_equal(statistics.minimum, np.nanmin(values, 0))
    np.testing.assert_array_equal(statistics.maximum, np.nanmax(values, 0))
    np.testing.assert_array_equal(
        statistics.missing, np.isnan(values).sum(axis=0)
    )
    assert statistics.is_binary.tolist() == [False, False, False, True, False]
    assert statistics.is_constant.tolist() == [False] * 4 + [True]


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.integers(0, 200), max_size=8), st.integers(0, 2**31), st.data()
)
def test_any_grouping_equals_one_pass(cuts, seed, data):
    """Catches a merge that depends on how the rows were split or grouped."""
    values = _sample(seed)
    bounds = sorted({0, *cuts, 200})
    parts = [
        ColumnStatistics.from_batch(values[a:b])
        for a, b in zip(bounds, bounds[1:], strict=False)
    ]
    while len(parts) > 1:
        at = data.draw(st.integers(0, len(parts) - 2))
        parts[at : at + 2] = [parts[at].merge(parts[at + 1])]
    _assert_equal(parts[0], ColumnStatistics.from_batch(values))


def test_huge_offset_keeps_the_variance():
    """Catches raw moments: x**2 - mean**2 loses everything at 1e9."""
    values = np.random.default_rng(3).normal(1e9, 1, (1000, 1))
    half = ColumnStatistics.from_batch(values[:500])
    both = half.merge(ColumnStatistics.from_batch(values[500:]))
    np.testing.assert_allclose(both.variance, values.var(0, ddof=1), 1e-6)


def test_edges():
    """Catches division by zero on no rows, one row and all NaN."""
    empty = ColumnStatistics.from_batch(np.empty((0, 2)))
    assert empty.variance.tolist() == [0, 0]
    assert not empty.is_constant.any() and not empty.is_binary.any()
    one = ColumnStatistics.from_batch(np.array([[3.0, np.nan]]))
    assert one.variance.tolist() == [0, 0]
    assert one.is_constant.tolist() == [True, False]
    _assert_equal(empty.merge(one), one)
    _assert_equal(one.merge(empty), one)


def test_a_constant_stays_constant():
    """Catches rounding of the mean that makes 0.1 vary."""
    statistics = ColumnStatistics.from_batch(np.full((12345, 1), 0.1))
    assert statistics.variance[0] == 0.0
    assert statistics.mean[0] == 0.1


def test_a_fraction_is_not_binary():
    """Catches a check of minimum and maximum alone."""
    values = np.array([[0.0], [0.5], [1.0]])
    assert not ColumnStatistics.from_batch(values).is_binary[0]


def test_needs_float64_by_the_rule():
    """Catches a rule that looks at magnitude alone, or at constants."""
    values = np.array([[1e9, 1e9, 5.0, 1e100], [1e9 + 1, 2e9, 5.0, 2e100]])
    statistics = ColumnStatistics.from_batch(values)
    assert statistics.needs_float64().tolist() == [True, False, False, True]


def test_spacing_is_that_of_float32():
    """Catches an exponent off by one in the spacing."""
    for largest in (1.0, 1.5, 1e9, 2.0**24, 3e-5):
        spacing = float(np.spacing(np.float32(largest)))
        for factor, expected in ((99, True), (101, False)):
            low = largest - factor * spacing
            column = np.array([[low], [largest]])
            statistics = ColumnStatistics.from_batch(column)
            assert statistics.needs_float64()[0] == expected


def test_refuses_wrong_shapes():
    """Catches silent broadcasting of other columns."""
    with pytest.raises(ValueError, match="time, feature"):
        ColumnStatistics.from_batch(np.ones(3))
    with pytest.raises(ValueError, match="same columns"):
        ColumnStatistics.empty(2).merge(ColumnStatistics.empty(3))
