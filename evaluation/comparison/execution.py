"""Preprocessing and training, as far as they are not done yet."""

import contextlib
from collections.abc import Sequence
from typing import NamedTuple

from evaluation.comparison.left_out import LeftOut
from evaluation.comparison.processes import Command, run_all
from evaluation.comparison.result import Result
from evaluation.comparison.runs import Run
from evaluation.comparison.targets import Target
from evaluation.progress import tracked

__all__ = ["Pool", "carry_out", "prepare"]


class Pool(NamedTuple):
    """What the work may take of the machine.

    Attributes:
        num_processes: at a time.
        num_threads: of each.
    """

    num_processes: int
    num_threads: int


def prepare(
    found: Sequence[Target], pool: Pool
) -> tuple[dict[Target, str], LeftOut]:
    """Preprocesses what is not there yet.

    Args:
        found: all targets.
        pool: for the work.

    Returns:
        Targets to the hash of their data; and those that cannot be used.

    Raises:
        ValueError: none can be used.
    """
    missing = [each for each in found if each.schema() is None]
    _execute(
        [Command(each.command, each.log) for each in missing],
        "preprocessing",
        pool,
    )
    hashes, left_out = {}, LeftOut([], [])
    for target in found:
        schema = target.schema()
        if schema is None:
            left_out.without_data.append(target)
        elif not schema.splits["train"].rows or not schema.splits["test"].rows:
            left_out.without_rows.append(target)
        else:
            hashes[target] = schema.hash()
    if not hashes:
        reasons = " ".join(left_out.sentences())
        raise ValueError(
            "`input` and `data` must hold a series with rows in train and in "
            f"test. Received: none. {reasons}"
        )
    return hashes, left_out


def carry_out(
    planned: Sequence[Run], pool: Pool
) -> list[tuple[Run, Result | None]]:
    """Trains and measures what is not done yet.

    Args:
        planned: all runs.
        pool: for the work.

    Returns:
        All runs with what they left behind; None = failed.
    """
    waiting = [run for run in planned if not run.result()]
    num_done = len(planned) - len(waiting)
    if num_done:
        print(f"{num_done:,} of {len(planned):,} runs were done before")
    _execute([run.command for run in waiting], "training", pool)
    return [(run, run.result()) for run in planned]


def _execute(commands: Sequence[Command], text: str, pool: Pool) -> None:
    """Runs commands; what they leave behind says whether they failed."""
    ended = run_all(commands, *pool)
    with contextlib.closing(ended):
        for _ in tracked(ended, text, len(commands)):
            pass
