"""Rows a second of a statistics pass, against the bare matrix product."""

import time
from collections.abc import Callable

import numpy as np
from threadpoolctl import threadpool_limits

from trainer.statistics.pairwise import PairwiseMoments

SIZES = ((474_000, 38), (1_000_000, 10))
REPEATS = 5


def run() -> list[tuple[str, float, str]]:
    """Ratios of one run on one thread: name, ratio, what is wanted."""
    lines = []
    with threadpool_limits(limits=1):
        for num_rows, num_features in SIZES:
            rows = np.random.default_rng(1).normal(
                size=(num_rows, num_features)
            )
            product, moments = _best_seconds(
                lambda rows=rows: rows.T @ rows,
                lambda rows=rows: PairwiseMoments.from_batch(rows),
            )
            name = f"statistics pass {num_rows} x {num_features}"
            lines.append(
                (f"{name} / bare X.T @ X", product / moments, "at least 0.5")
            )
    return lines


def _best_seconds(*functions: Callable[[], object]) -> list[float]:
    # Taking turns lets a drift of the machine's speed meet both alike.
    best = [float("inf")] * len(functions)
    for _ in range(REPEATS):
        for position, function in enumerate(functions):
            start = time.perf_counter()
            function()
            seconds = time.perf_counter() - start
            best[position] = min(best[position], seconds)
    return best
