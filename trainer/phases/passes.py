"""Passes over windows whose statistics are merged, over workers too."""

import functools
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from trainer.arrays import flatten, in_order, numbered, unflatten
from trainer.workers import Workers

__all__ = ["grouped", "merged_over_workers"]

_WINDOWS_A_GROUP = 4096


def grouped(
    outputs: Iterable[dict[str, np.ndarray]],
) -> Iterator[dict[str, np.ndarray]]:
    """Joins the outputs of small calls: large batches are faster to add."""
    group: list[dict[str, np.ndarray]] = []
    num_windows = 0
    for output in outputs:
        group.append(output)
        num_windows += len(next(iter(output.values())))
        if num_windows >= _WINDOWS_A_GROUP:
            yield _joined(group)
            group, num_windows = [], 0
    if group:
        yield _joined(group)


def _joined(group: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    return {
        name: np.concatenate([output[name] for output in group])
        for name in group[0]
    }


def merged_over_workers(
    statistics: Any,
    empty: Any,
    merge: Callable[[Any, Any], Any],
    workers: Workers,
) -> Any:
    """The statistics of all workers as one.

    Args:
        statistics: of this worker.
        empty: statistics of nothing, of the same structure.
        merge: of two statistics.
        workers: all of them must call this.
    """
    gathered = workers.gather(numbered("leaf", flatten(statistics)))
    return functools.reduce(
        merge,
        (unflatten(empty, in_order("leaf", arrays)) for arrays in gathered),
    )
