import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.histogram import histogram

RATIO = st.one_of(
    st.floats(-50, 50),
    st.floats(1e-6, 1e6),
    st.sampled_from([np.nan, np.inf, -np.inf, 1.0, 0.0, 1e-300, 1e308, -1e308]),
)


@settings(deadline=None, max_examples=200)
@given(
    st.lists(st.tuples(RATIO, st.sampled_from([0, 1, -1])), max_size=40),
    st.integers(2, 60),
)
def test_each_row_is_counted_once_on_its_side(rows, num_bins):
    """Catches rows lost beyond the edges, and a bin across the threshold."""
    ratios = np.array([ratio for ratio, _ in rows])
    labels = np.array([label for _, label in rows], int)
    counts = histogram(ratios, labels, num_bins)
    if np.isnan(ratios).all():
        assert not counts.edges.size and not counts.normal.size
        return
    assert len(counts.edges) == num_bins + 1
    assert (np.diff(counts.edges) > 0).all()
    is_right = counts.edges[:-1] >= 1
    assert 1 in counts.edges[:-1]
    for label, found in zip((0, 1, -1), counts[1:4], strict=True):
        mine = ratios[labels == label]
        assert found.sum() == (~np.isnan(mine)).sum()
        assert found[is_right].sum() == (mine >= 1).sum()


def test_bins_grow_only_where_ratios_do():
    """Catches a log axis for zeros, and one for a narrow spread."""
    labels = np.zeros(3, int)
    assert histogram([0.1, 1.0, 3.0], labels).is_log
    assert not histogram([0.2, 1.0, 3.0], labels).is_log
    assert not histogram([0.0, 1.0, 300.0], labels).is_log
    assert not histogram([np.nan], labels[:1]).is_log
    # So narrow that equal bins seem to grow by a factor.
    assert not histogram([1.0, 1.0, 1.001], labels).is_log
    growing = histogram([0.01, 1.0, 100.0], labels).edges
    steps = np.diff(np.log(growing))
    np.testing.assert_allclose(steps, steps[0])
    equal = np.diff(histogram([0.0, 1.0, 3.0], labels).edges)
    np.testing.assert_allclose(equal, equal[0])


@pytest.mark.parametrize("lowest", [-1.0, 0.01])
def test_a_far_tail_does_not_squeeze_the_rest(lowest):
    """Catches one huge score that puts all others into one bin."""
    generator = np.random.default_rng(0)
    ratios = np.concatenate(
        [generator.uniform(lowest, 2, 5_000), [1e9, np.inf]]
    )
    counts = histogram(ratios, np.zeros(len(ratios), int))
    assert counts.edges[-1] < 1_000
    assert counts.normal[-1] == 2
    assert (counts.normal > 0).sum() > 8


def test_a_constant_ratio_has_a_width():
    """Catches edges that are all equal."""
    counts = histogram(np.ones(5), np.ones(5, int))
    assert counts.anomalous[counts.edges[:-1] == 1].tolist() == [5]


def test_bad_arguments_are_named():
    """Catches bins of no width, and labels of another length."""
    with pytest.raises(ValueError, match="`num_bins`.*Received: 1"):
        histogram([1.0], [0], 1)
    with pytest.raises(ValueError, match="one length"):
        histogram([1.0], [0, 1])
