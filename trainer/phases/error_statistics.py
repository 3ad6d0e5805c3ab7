"""Phase 2: the scorer learns how large errors are on normal data."""

from collections.abc import Callable
from typing import Any

from trainer.dataset import Windows
from trainer.detector import Detector
from trainer.window_pass import map_windows

__all__ = ["run"]


def run(
    detector: Detector,
    windows: Windows,
    advance: Callable[[int], None],
    is_jitted: bool,
) -> dict[str, Any]:
    """Passes once over `windows` and replaces the scorer's statistics.

    Args:
        detector: phase 1 must be done.
        windows: normal, held-out windows.
        advance: told how many windows are done.
        is_jitted: compile with XLA.

    Returns:
        Number of rows per view, for metrics.json.

    Raises:
        ValueError: phase 1 is not done.
    """
    detector.start_phase("reconstruction", "reconstruction")
    statistics = detector.scorer.empty_statistics()
    passes = map_windows(detector.residual_parts, windows, advance, is_jitted)
    for parts in passes:
        statistics = detector.scorer.update(
            statistics, parts, detector.positions
        )
    detector.scorer.finalize(statistics)
    detector.finish_phase("statistics")
    return {
        f"{view}_rows": moments.count for view, moments in statistics.items()
    }
