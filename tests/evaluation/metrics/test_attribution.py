"""Attribution against scikit-learn, all orders of ties, and slow loops."""

import dataclasses
import itertools

import numpy as np
import pytest
from sklearn.metrics import ndcg_score

from evaluation.metrics.attribution import (
    attribution_metrics,
    event_contributions,
)


def figures(metrics):
    return dataclasses.astuple(metrics)[:4]


def naive_case(order, at_fault, percent):
    """HitRate@P% and NDCG@P% of one order without ties."""
    num_at_fault = sum(at_fault)
    cut = min(percent * num_at_fault // 100, len(order))
    gains = [at_fault[feature] for feature in order[:cut]]
    best = [1] * min(cut, num_at_fault)

    def gain(values):
        return sum(
            value / np.log2(rank + 2) for rank, value in enumerate(values)
        )

    return sum(gains) / num_at_fault, gain(gains) / gain(best)


@pytest.mark.parametrize("seed", range(250))
def test_agrees_with_the_naive_twin(seed):
    """Catches a rising order, a wrong cut, and a wrong discount."""
    generator = np.random.default_rng(seed)
    shape = int(generator.integers(1, 6)), int(generator.integers(1, 12))
    values = generator.normal(size=shape)
    at_fault = generator.random(shape) < 0.4
    expected = [
        [
            naive_case(np.argsort(-row), faults, percent)
            for percent in (100, 150)
        ]
        for row, faults in zip(values, at_fault, strict=True)
        if faults.any()
    ]
    found = attribution_metrics(values, at_fault)
    assert found.num_cases == len(expected)
    if expected:
        means = np.mean(expected, axis=0).T.ravel()
        assert figures(found) == pytest.approx(tuple(means))


@pytest.mark.parametrize("seed", range(50))
def test_ties_are_the_mean_over_all_orders(seed):
    """Catches ties broken by the order of the columns."""
    generator = np.random.default_rng(seed)
    values = generator.integers(0, 3, 6).astype(float)
    at_fault = generator.random(6) < 0.5
    at_fault[0] = True
    orders = [
        order
        for order in itertools.permutations(range(6))
        if all(np.diff(values[list(order)]) <= 0)
    ]
    expected = [
        np.mean([naive_case(o, at_fault, percent) for o in orders], axis=0)
        for percent in (100, 150)
    ]
    found = attribution_metrics([values], [at_fault])
    assert figures(found) == pytest.approx(
        tuple(np.transpose(expected).ravel())
    )


@pytest.mark.parametrize("seed", range(200))
def test_ndcg_agrees_with_scikit_learn(seed):
    """Catches an ideal gain that is cut elsewhere than the gain; ties."""
    generator = np.random.default_rng(seed)
    values = np.round(generator.normal(size=9), 1)
    at_fault = generator.random(9) < 0.4
    at_fault[generator.integers(9)] = True
    found = attribution_metrics([values], [at_fault])
    for percent, ndcg in ((100, found.ndcg_100), (150, found.ndcg_150)):
        cut = min(percent * at_fault.sum() // 100, 9)
        assert ndcg == pytest.approx(ndcg_score([at_fault], [values], k=cut))


def test_closed_form():
    """Catches the two percentages swapped, and ceil for floor."""
    # Three at fault: the first 3 hold one, the first floor(4.5) = 4 two.
    values, at_fault = [[6, 5, 4, 3, 2, 1]], [[0, 0, 1, 1, 1, 0]]
    found = attribution_metrics(values, at_fault)
    assert found.hit_rate_100 == pytest.approx(1 / 3)
    assert found.hit_rate_150 == pytest.approx(2 / 3)
    best = 1 + 1 / np.log2(3) + 1 / 2
    assert found.ndcg_100 == pytest.approx(0.5 / best)
    assert found.ndcg_150 == pytest.approx((0.5 + 1 / np.log2(5)) / best)


@pytest.mark.parametrize("shift", range(5))
def test_equal_contributions_give_the_chance_level(shift):
    """Catches a constant that profits from the place of the columns."""
    at_fault = np.roll([1, 1, 0, 0, 0], shift)
    found = attribution_metrics(np.zeros((1, 5)), [at_fault])
    assert found.hit_rate_100 == pytest.approx(2 / 5)
    assert found.hit_rate_150 == pytest.approx(3 / 5)


def test_one_feature_and_all_at_fault():
    """Catches a cut behind the last feature."""
    assert figures(attribution_metrics([[2.0]], [[1]])) == (1, 1, 1, 1)
    assert figures(attribution_metrics([[1.0, 2.0]], [[1, 1]])) == (1, 1, 1, 1)


def test_unknown_contributions_rank_last():
    """Catches NaN ranked first, as argsort of a reversed order does."""
    values = [[np.nan, -np.inf, np.inf, np.nan]]
    assert attribution_metrics(values, [[0, 1, 1, 0]]).hit_rate_100 == 1
    found = attribution_metrics(values, [[1, 0, 0, 0]])
    assert (found.hit_rate_100, found.num_cases) == (0, 1)
    # The third place is that of an unknown one, at fault or not: no hit.
    found = attribution_metrics(values, [[1, 1, 1, 0]])
    assert found.hit_rate_100 == pytest.approx(2 / 3)


def test_left_out_cases_are_counted():
    """Catches cases without scores or faults that lower the mean."""
    nan = np.nan
    values = [[2.0, 1.0], [nan, nan], [1.0, 2.0]]
    found = attribution_metrics(values, [[1, 0], [1, 0], [0, 0]])
    assert found.hit_rate_100 == 1
    assert (found.num_cases, found.num_without_contributions) == (1, 1)


@pytest.mark.parametrize("shape", [(0, 3), (0, 0), (2, 0), (2, 3)])
def test_no_case_gives_nan(shape):
    """Catches a mean of nothing as 0."""
    found = attribution_metrics(np.ones(shape), np.zeros(shape))
    assert np.isnan(figures(found)).all() and found.num_cases == 0


@pytest.mark.parametrize("seed", range(20))
def test_event_contributions_are_means(seed):
    """Catches rows of a neighbour, and NaN that spreads."""
    generator = np.random.default_rng(seed)
    values = generator.normal(size=(30, 4))
    values[generator.random(values.shape) < 0.4] = np.nan
    ranges = [[0, 3], [5, 6], [2, 29], [28, 30]]
    found = event_contributions(values, ranges)
    for event, (start, stop) in enumerate(ranges):
        for feature in range(4):
            column = values[start:stop, feature]
            column = column[~np.isnan(column)]
            mean = column.mean() if len(column) else np.nan
            assert found[event, feature] == pytest.approx(mean, nan_ok=True)
    assert event_contributions(values, []).shape == (0, 4)


def test_bad_input():
    """Catches broadcasting, and ends that are counted in."""
    with pytest.raises(ValueError, match=r"\[case, feature\]"):
        attribution_metrics(np.ones((2, 3)), np.ones((1, 3)))
    with pytest.raises(ValueError, match=r"\[case, feature\]"):
        attribution_metrics(np.ones(3), np.ones(3))
    for ranges in ([[0, 5]], [[-1, 2]], [[2, 2]]):
        with pytest.raises(ValueError, match="start < stop within"):
            event_contributions(np.ones((4, 2)), ranges)
