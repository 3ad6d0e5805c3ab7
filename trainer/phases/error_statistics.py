"""Phase 2: the scorer learns how large errors are on normal data."""

from collections.abc import Callable
from typing import Any

from trainer.dataset import Windows
from trainer.detector import Detector
from trainer.phases.passes import grouped, merged_over_workers
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
    """Passes over `windows` and replaces the scorer's statistics.

    Args:
        detector: phase 1 must be done.
        windows: normal, held-out windows.
        advance: told how many windows are done, of each pass.
        is_jitted: compile with XLA.
        workers: who shares the windows; their statistics are merged.

    Returns:
        Numbers of rows, for metrics.json.

    Raises:
        ValueError: phase 1 is not done.
    """
    workers = workers or Workers()
    detector.start_phase("reconstruction", "reconstruction")
    counts: dict[str, Any] = {}
    for number in range(detector.scorer.num_passes):
        statistics = _one_pass(
            detector, windows, advance, is_jitted, workers, number
        )
        detector.scorer.finalize(statistics)
        counts |= {
            f"{name}_rows": each.count for name, each in statistics.items()
        }
    detector.finish_phase("statistics")
    return counts


def _one_pass(
    detector: Detector,
    windows: Windows,
    advance: Callable[[int], None],
    is_jitted: bool,
    workers: Workers,
    number: int,
) -> dict[str, Any]:
    scorer = detector.scorer
    empty = scorer.empty_statistics(number)
    statistics = empty
    outputs = map_windows(
        detector.residual_parts, windows, advance, is_jitted, workers
    )
    for parts in grouped(outputs):
        statistics = scorer.update(statistics, parts, detector.positions)
    return merged_over_workers(statistics, empty, scorer.merge, workers)
