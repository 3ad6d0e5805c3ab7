"""The shortest half against its definition."""

import numpy as np
import pytest

from trainer.statistics.shortest_half import shortest_half


@pytest.mark.parametrize("num_values", [1, 2, 3, 4, 7, 50, 51])
def test_equals_all_pairs(num_values):
    """Catches a half that is one too small, or not the shortest."""
    values = np.random.default_rng(num_values).gamma(2.0, size=num_values)
    pairs = [
        (high - low, (low + high) / 2)
        for low in values
        for high in values
        if 2 * ((values >= low) & (values <= high)).sum() >= num_values
        and high >= low
        and (values < low).sum() <= num_values // 4
    ]
    length, middle = min(pairs)
    expected = middle, 1.4826 * length / 2
    assert shortest_half(values) == pytest.approx(expected)


def test_of_a_normal_distribution():
    """Catches a spread that is not the standard deviation."""
    values = np.random.default_rng(1).normal(3.0, 2.0, size=200_000)
    assert shortest_half(values) == pytest.approx((3.0, 2.0), abs=0.1)


def test_does_not_depend_on_the_other_half():
    """Catches a median in the gap between two halves."""
    values = np.arange(10.0)
    with_others = np.concatenate([values, 1e9 + values / 2])
    assert shortest_half(with_others) == pytest.approx((4.5, 1.4826 * 4.5))


def test_of_the_largest_numbers():
    """Catches an overflow of the interval's length."""
    largest = np.finfo(np.float64).max
    centre, deviation = shortest_half(np.array([-largest, largest]))
    assert (centre, deviation) == (-largest, 0.0)
