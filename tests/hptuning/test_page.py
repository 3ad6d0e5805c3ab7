"""What the page draws."""

import math

from searches import study

from hptuning.page import parameters_figure, trials_figure
from hptuning.parameter import Parameter
from hptuning.row import Row, best_first, best_of


def row(number, state, metric, latent, rate=0.1, is_default=False):
    values = {"learning_rate": rate, "latent": latent}
    return Row(number, state, metric, 1.0, is_default, values, "")


ROWS = [
    row(1, "done", 5.0, "2 3", is_default=True),
    row(2, "stopped", 1.0, 4),
    row(3, "done", 3.0, 5),
    row(4, "failed", math.nan, 6),
    row(5, "done", 4.0, 7),
]


def test_the_best_first():
    """A stopped trial as the best; NaN before numbers."""
    assert [each.number for each in best_first(ROWS)] == [3, 5, 1, 2, 4]
    assert best_of(ROWS).number == 3
    assert best_of(ROWS[1:2]) is None
    assert best_of([]) is None


def test_the_best_so_far():
    """A line that rises again, or falls to what was stopped."""
    done, stopped, best = trials_figure(study(), ROWS).data
    assert list(done.x) == [1, 3, 5] and list(done.y) == [5.0, 3.0, 4.0]
    assert list(stopped.x) == [2]
    assert list(best.y) == [5.0, 5.0, 3.0, 3.0, 3.0]
    first = trials_figure(study(), ROWS[3:4]).data[-1]
    assert list(first.y) == [None]


def test_an_axis_for_each_parameter():
    """Words on an axis of numbers; powers of ten crowded at one end."""
    choice = Parameter("latent", choices=("2 3", "4"))
    wanted = study(parameters=(study().parameters[0], choice))
    layout = parameters_figure(wanted, ROWS).layout
    assert (layout.xaxis.type, layout.xaxis2.type) == ("log", "category")
    numbers = parameters_figure(study(), ROWS).data[2]
    assert numbers.xaxis == "x2" and list(numbers.x) == [5, 7]
