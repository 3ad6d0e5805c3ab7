"""What is told of a trial."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from hptuning.parameter import Value

__all__ = ["STATES", "Row", "best_first", "best_of"]

# The best first.
STATES = ("done", "stopped", "running", "failed")


class Row(NamedTuple):
    """What is told of a trial.

    Attributes:
        number: from 1 on.
        state: one of `STATES`; "stopped" by the median rule.
        metric: smaller = better; NaN where there is none.
        seconds: of its process; NaN while it runs.
        is_default: its values are the trainer's own.
        values: parameter to value.
        reason: why it failed; else empty.
    """

    number: int
    state: str
    metric: float
    seconds: float
    is_default: bool
    values: Mapping[str, Value]
    reason: str


def best_first(rows: Sequence[Row]) -> list[Row]:
    """Rows by what came of them."""
    return sorted(rows, key=lambda row: (STATES.index(row.state), row.metric))


def best_of(rows: Sequence[Row]) -> Row | None:
    """The best of those that came to their end; None of none."""
    best = best_first(rows)[:1]
    return best[0] if best and best[0].state == "done" else None
