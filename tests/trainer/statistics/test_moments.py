"""Moments against NumPy, over any partition and grouping."""

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from trainer.statistics import moments as moments_module
from trainer.statistics.moments import Moments


def assert_equal_to_numpy(moments, rows):
    """Compares with NumPy relative to the spread of each pair of columns."""
    assert moments.count == len(rows)
    np.testing.assert_allclose(moments.mean, rows.mean(axis=0), rtol=1e-10)
    expected = np.atleast_2d(np.cov(rows, rowvar=False, ddof=1))
    spread = np.sqrt(np.outer(np.diag(expected), np.diag(expected)))
    error = np.abs(moments.covariance() - expected)
    assert np.all(error <= 1e-10 * spread)


@st.composite
def partitions(draw):
    """Rows with an offset and unequal scales, and where to cut them."""
    num_rows = draw(st.integers(2, 60))
    num_features = draw(st.integers(1, 4))
    offset = draw(st.sampled_from([0.0, 1.0, -1e4, 1e6]))
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    rows = generator.normal(size=(num_rows, num_features))
    scales = np.array([1.0, 1e5, 1e-2, 10.0])[:num_features]
    rows = rows * scales + offset
    cuts = draw(st.lists(st.integers(0, num_rows), max_size=num_rows))
    batches = np.split(rows, sorted(cuts))
    order = draw(st.permutations(range(len(batches))))
    return rows, [Moments.from_batch(batches[index]) for index in order]


@hypothesis.settings(max_examples=200, deadline=None, derandomize=True)
@hypothesis.given(partitions(), st.data())
def test_any_partition_in_any_grouping_equals_one_pass(partition, data):
    """Catches a merge that depends on order, size, offset or empty batches."""
    rows, parts = partition
    while len(parts) > 1:
        index = data.draw(st.integers(0, len(parts) - 2))
        parts[index : index + 2] = [parts[index].merge(parts[index + 1])]
    assert_equal_to_numpy(parts[0], rows)


def test_single_rows_at_a_huge_offset_keep_the_covariance():
    """Catches merging rounded means: it loses six digits at 1e6."""
    rows = np.random.default_rng(2).normal(size=(3, 2)) * 1e-2 + 1e6
    moments = Moments.empty(2)
    for row in rows:
        moments = moments.merge(Moments.from_batch(row[np.newaxis]))
    assert_equal_to_numpy(moments, rows)


def test_many_rows_at_a_huge_offset():
    """Catches raw moments, which lose the covariance to cancellation."""
    rows = np.random.default_rng(3).normal(size=(20_000, 3)) + 1e6
    assert_equal_to_numpy(Moments.from_batch(rows), rows)


@pytest.mark.parametrize("extra", [-1, 0, 1, 1234])
def test_blocks_inside_a_batch(extra):
    """Catches a lost or doubled last block, and a first block far away."""
    num_rows = 3 * moments_module.BLOCK_ROWS + extra
    rows = np.random.default_rng(4).normal(size=(num_rows, 3))
    rows[: moments_module.BLOCK_ROWS] += 1e6
    assert_equal_to_numpy(Moments.from_batch(rows), rows)


@pytest.mark.parametrize("dtype", [np.float32, np.int8, np.int64, np.bool_])
def test_other_dtypes_are_summed_in_float64(dtype):
    """Catches sums in the dtype of the rows, which overflow or round."""
    rows = np.random.default_rng(5).integers(0, 2, size=(9_000, 2))
    rows = (rows * (1 if dtype == np.bool_ else 100)).astype(dtype)
    assert_equal_to_numpy(Moments.from_batch(rows), rows.astype(np.float64))


def test_strided_rows():
    """Catches code that needs contiguous memory: views of windows are not."""
    rows = np.random.default_rng(6).normal(size=(2, 5_000)).T[::2]
    assert_equal_to_numpy(Moments.from_batch(rows), rows)


def test_scatter_is_symmetric():
    """Catches triangles that drift apart over many merges."""
    generator = np.random.default_rng(7)
    moments = Moments.empty(4)
    for _ in range(50):
        rows = generator.normal(size=(7, 4)) * 1e3 + 1e6
        moments = moments.merge(Moments.from_batch(rows))
    np.testing.assert_array_equal(moments.scatter, moments.scatter.T)


def test_no_rows_is_neutral_and_one_row_has_no_covariance():
    """Catches 0 / 0 for empty input and a made-up variance of one row."""
    empty = Moments.from_batch(np.zeros((0, 2)))
    one = Moments.from_batch(np.array([[1.0, 2.0]]))
    assert empty.num_features == 2
    assert empty.merge(empty).count == 0
    assert empty.merge(one).merge(empty).count == 1
    np.testing.assert_array_equal(empty.merge(one).mean, [1.0, 2.0])
    np.testing.assert_array_equal(one.covariance(ddof=0), np.zeros((2, 2)))
    with pytest.raises(ValueError, match="at least 2 rows.*count=1"):
        one.covariance()


def test_constant_rows_have_no_spread():
    """Catches a variance made of rounding."""
    moments = Moments.from_batch(np.full((10_000, 2), 0.1))
    np.testing.assert_array_equal(moments.scatter, np.zeros((2, 2)))


def test_shapes_are_checked():
    """Catches broadcasting where columns do not fit."""
    with pytest.raises(ValueError, match=r"rows.shape=\(3,\)"):
        Moments.from_batch(np.zeros(3))
    with pytest.raises(ValueError, match="Received: 2 and 3"):
        Moments.empty(2).merge(Moments.empty(3))
