"""All combinations of the values of some parameters."""

import math
import random
from collections.abc import Sequence

from hptuning.parameter import Parameter, Value

__all__ = ["shuffled_grid"]

# Of more combinations, so many are drawn.
_MOST_POINTS = 10_000


def shuffled_grid(
    parameters: Sequence[Parameter], seed: int
) -> list[dict[str, Value]]:
    """Name to value of each combination, in an order by chance.

    Args:
        parameters: countable ones.
        seed: of the order.
    """
    grids = [each.grid for each in parameters]
    num_points = min(math.prod(map(len, grids)), _MOST_POINTS)
    chance = random.Random(seed)
    drawn: dict[tuple[Value, ...], None] = {}
    while len(drawn) < num_points:
        drawn[tuple(map(chance.choice, grids))] = None
    names = [each.name for each in parameters]
    return [dict(zip(names, point, strict=True)) for point in drawn]
