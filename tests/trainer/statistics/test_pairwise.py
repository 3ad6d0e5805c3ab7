"""Pairwise moments against pandas, over any partition and grouping."""

import hypothesis
import numpy as np
import pandas as pd
import pytest
from hypothesis import strategies as st

from trainer.statistics.moments import Moments
from trainer.statistics.pairwise import PairwiseMoments

NAN = np.nan


def with_gaps(rows, fraction, seed=1):
    generator = np.random.default_rng(seed)
    return np.where(generator.random(rows.shape) < fraction, NAN, rows)


def assert_equal_to_pandas(moments, rows):
    """Compares with pandas relative to the spread of each pair of columns."""
    frame = pd.DataFrame(rows)
    assert moments.count == frame.notna().any(axis=1).sum()
    np.testing.assert_allclose(moments.mean, frame.mean(), rtol=1e-10)
    # Without its offset, as pandas itself loses digits to a large one.
    frame = frame - frame.mean()
    spread = np.sqrt(np.outer(frame.var(), frame.var()))
    error = np.abs(moments.covariance() - frame.cov().fillna(0.0))
    assert np.all(error <= 1e-10 * spread)


@st.composite
def partitions(draw):
    """Rows with gaps, an offset and unequal scales, and where to cut them."""
    num_rows = draw(st.integers(4, 60))
    num_features = draw(st.integers(1, 4))
    offset = draw(st.sampled_from([0.0, 1.0, -1e4, 1e6]))
    fraction = draw(st.sampled_from([0.0, 0.05, 0.3, 0.6]))
    seed = draw(st.integers(0, 2**32 - 1))
    rows = np.random.default_rng(seed).normal(size=(num_rows, num_features))
    scales = np.array([1.0, 1e5, 1e-2, 10.0])[:num_features]
    rows = with_gaps(rows * scales + offset, fraction, seed)
    # Each column is observed twice; pairs may still never meet.
    rows[0] = rows[1] = NAN
    rows[0, 0] = rows[1, 0] = offset
    rows[2] = offset + scales
    rows[3] = offset - scales
    cuts = draw(st.lists(st.integers(0, num_rows), max_size=num_rows))
    batches = np.split(rows, sorted(cuts))
    order = draw(st.permutations(range(len(batches))))
    return rows, [PairwiseMoments.from_batch(batches[i]) for i in order]


@hypothesis.settings(max_examples=200, deadline=None, derandomize=True)
@hypothesis.given(partitions(), st.data())
def test_any_partition_in_any_grouping_equals_pandas(partition, data):
    """Catches a merge that depends on order, size, offset or gaps."""
    rows, parts = partition
    while len(parts) > 1:
        index = data.draw(st.integers(0, len(parts) - 2))
        parts[index : index + 2] = [parts[index].merge(parts[index + 1])]
    assert_equal_to_pandas(parts[0], rows)


def test_complete_rows_give_exactly_the_numbers_of_moments():
    """Catches two ways to count complete rows that drift apart."""
    rows = np.random.default_rng(2).normal(size=(9_000, 5)) * 1e3 + 1e6
    halves = rows[:4_000], rows[4_000:]
    expected = Moments.from_batch(halves[0]).merge(
        Moments.from_batch(halves[1])
    )
    moments = PairwiseMoments.from_batch(halves[0]).merge(
        PairwiseMoments.from_batch(halves[1])
    )
    assert moments.count == moments.smallest_count == 9_000
    np.testing.assert_array_equal(moments.mean, expected.mean)
    np.testing.assert_array_equal(moments.covariance(), expected.covariance())


def test_pairs_that_never_meet_have_covariance_0():
    """Catches 0 / 0, and a mean of 0 that enters a later merge."""
    left = np.array([[1e6 + 1, NAN], [1e6 + 3, NAN], [1e6 + 8, NAN]])
    right = left[:, ::-1]
    moments = PairwiseMoments.from_batch(left).merge(
        PairwiseMoments.from_batch(right)
    )
    np.testing.assert_allclose(moments.covariance(), np.diag([13.0, 13.0]))
    assert moments.smallest_count == 3
    both = np.array([[1e6, 1e6], [1e6 + 2, 1e6 + 4]])
    moments = moments.merge(PairwiseMoments.from_batch(both))
    assert_equal_to_pandas(moments, np.concatenate([left, right, both]))
    assert moments.smallest_count == 2


def test_regimes_far_apart_keep_each_pair_its_own_mean():
    """Catches columns centred by one mean for all pairs."""
    generator = np.random.default_rng(3)
    rows = generator.normal(size=(600, 3)) + 1e3
    rows[:300, 0] += 50.0
    rows[:300, 1] = NAN
    rows[200:400, 2] = NAN
    assert_equal_to_pandas(PairwiseMoments.from_batch(rows), rows)
    assert abs(PairwiseMoments.from_batch(rows).covariance()[0, 1]) < 0.3


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_other_dtypes_are_summed_in_float64(dtype):
    """Catches sums in the dtype of the rows, which round or overflow."""
    rows = np.random.default_rng(4).normal(size=(9_000, 3)) + 100
    rows = with_gaps(rows, 0.1).astype(dtype)
    assert_equal_to_pandas(
        PairwiseMoments.from_batch(rows), rows.astype(np.float64)
    )


def test_rows_without_any_entry_count_nowhere():
    """Catches unknown rows that make statistics look better founded."""
    rows = np.array([[NAN, NAN], [1.0, 2.0], [NAN, NAN], [3.0, NAN]])
    moments = PairwiseMoments.from_batch(rows)
    assert moments.count == 2
    assert PairwiseMoments.from_batch(rows[:1]).count == 0
    assert PairwiseMoments.from_batch(np.zeros((0, 2))).count == 0


def test_a_column_hardly_observed_is_an_error():
    """Catches a variance of 0 made up for a sensor that is off."""
    rows = np.random.default_rng(5).normal(size=(50, 3))
    rows[:, 1] = NAN
    with pytest.raises(ValueError, match="0 in column 1 of 3.*shorter window"):
        PairwiseMoments.from_batch(rows).covariance()
    rows[7, 1] = 1.0
    with pytest.raises(ValueError, match="1 in column 1 of 3.*`ignored`"):
        PairwiseMoments.from_batch(rows).covariance()
    with pytest.raises(ValueError, match="at least 2 rows.*count=0"):
        PairwiseMoments.empty(3).covariance()


def test_shapes_are_checked():
    """Catches broadcasting where columns do not fit."""
    with pytest.raises(ValueError, match=r"rows.shape=\(3,\)"):
        PairwiseMoments.from_batch(np.zeros(3))
    with pytest.raises(ValueError, match="Received: 2 and 3"):
        PairwiseMoments.empty(2).merge(PairwiseMoments.empty(3))
