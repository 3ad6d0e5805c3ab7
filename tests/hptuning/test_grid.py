"""All combinations, by chance."""

import itertools

from hptuning import grid
from hptuning.parameter import Parameter

PARAMETERS = (
    Parameter("a", (1, 3)),
    Parameter("b", choices=("x", "y")),
    Parameter("c", (-1, 0)),
)


def points(seed):
    shuffled = grid.shuffled_grid(PARAMETERS, seed)
    return [tuple(each.values()) for each in shuffled]


def test_each_combination_once():
    """A combination left out or tried twice; a bound that does not belong."""
    wanted = list(itertools.product((1, 2, 3), ("x", "y"), (-1, 0)))
    assert sorted(points(0)) == sorted(wanted)


def test_order_follows_the_seed():
    """A resumed search that has other points; the first few all alike."""
    assert points(3) == points(3)
    assert points(3) != points(4)


def test_of_a_huge_grid_some(monkeypatch):
    """All points of a grid made before the first trial."""
    monkeypatch.setattr(grid, "_MOST_POINTS", 5)
    assert len(set(points(0))) == 5
    huge = [Parameter(name, (1, 10**9)) for name in "abcd"]
    assert len(grid.shuffled_grid(huge, 0)) == 5
