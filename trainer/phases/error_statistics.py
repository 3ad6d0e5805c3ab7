"""Phase 2: the scorer learns how large errors are on normal data."""

import functools
from collections.abc import Callable
from typing import Any

from trainer.arrays import flatten, in_order, numbered, unflatten
from trainer.dataset import Windows
from trainer.detector import Detector
from trainer.window_pass import map_windows
from trainer.workers import Workers

__all__ = ["run"]


def run(
    detector: Detector,
    windows: Windows,
    advance: Callable[[int], None],
    is_jitted: bool,
    workers: Workers | None = None,
) -> dict[str, Any]:
    """Passes once over `windows` and replaces the scorer's statistics.

    Args:
        detector: phase 1 must be done.
        windows: normal, held-out windows.
        advance: told how many windows are done.
        is_jitted: compile with XLA.
        workers: who shares the windows; their statistics are merged.

    Returns:
        Number of rows per view, for metrics.json.

    Raises:
        ValueError: phase 1 is not done.
    """
    workers = workers or Workers()
    detector.start_phase("reconstruction", "reconstruction")
    scorer = detector.scorer
    statistics = scorer.empty_statistics()
    passes = map_windows(
        detector.residual_parts, windows, advance, is_jitted, workers
    )
    for parts in passes:
        statistics = scorer.update(statistics, parts, detector.positions)
    statistics = functools.reduce(
        scorer.merge,
        (
            unflatten(scorer.empty_statistics(), in_order("leaf", arrays))
            for arrays in workers.gather(numbered("leaf", flatten(statistics)))
        ),
    )
    scorer.finalize(statistics)
    detector.finish_phase("statistics")
    return {
        f"{view}_rows": moments.count for view, moments in statistics.items()
    }
