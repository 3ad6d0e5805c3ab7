"""Phase 3: a threshold for each view, from scores and maybe labels."""

from collections.abc import Callable
from typing import Any

import numpy as np

from trainer.dataset import Windows
from trainer.detector import Detector
from trainer.loop import map_windows
from trainer.thresholds.constant import ConstantRule

__all__ = ["rule_for", "run"]


def run(
    detector: Detector,
    windows: Windows,
    rule: ConstantRule,
    advance: Callable[[int], None],
) -> dict[str, Any]:
    """Scores `windows` once and stores the thresholds that `rule` finds.

    Args:
        detector: phase 2 must be done.
        windows: one sample each: the last step's score, or the largest of a
            sequence.
        rule: fits a threshold.
        advance: told how many windows are done.

    Returns:
        The thresholds and what they rest on, for metrics.json.

    Raises:
        ValueError: phase 2 is not done, or nothing could be scored.
    """
    detector.start_phase(
        "statistics", "calculate_error_distribution_statistics"
    )

    def scores_of(values):
        scored = detector.window_scores(values, detector.positions)
        return {view: score for view, (score, _, _) in scored.items()}

    chunks = list(map_windows(scores_of, windows, advance))
    thresholds = {}
    for view in detector.views:
        scores = np.concatenate([chunk[view] for chunk in chunks])
        thresholds[view] = rule.fit(scores, windows.labels)
    detector.thresholds.assign([thresholds[view] for view in detector.views])
    detector.finish_phase("tuned")
    return {f"{view}_threshold": value for view, value in thresholds.items()}


def rule_for(labels: np.ndarray, labelled: type[ConstantRule]) -> str:
    """Which of a run's two rules fits `labels`, as the name of its setting."""
    has_both = bool((labels == 0).any() and (labels == 1).any())
    if has_both or not labelled.needs_labels:
        return "threshold_rule"
    return "label_free_threshold_rule"
