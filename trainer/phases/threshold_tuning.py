"""Phase 3: a threshold for each view, from scores and maybe labels."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from trainer.dataset import Windows
from trainer.detector import Detector
from trainer.thresholds.constant import ConstantRule
from trainer.window_pass import map_windows

__all__ = ["run"]


def run(
    detector: Detector,
    windows: Windows,
    rules: Mapping[str, ConstantRule],
    advance: Callable[[int], None],
    is_jitted: bool,
) -> dict[str, Any]:
    """Scores `windows` once, chooses and stores a threshold for each view.

    Args:
        detector: phase 2 must be done.
        windows: one sample each: the last step's score, or the largest of a
            sequence.
        rules: by name, in order of preference; each view takes the first
            that needs no labels, or has scored windows of both classes.
        advance: told how many windows are done.
        is_jitted: compile with XLA.

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

    chunks = list(map_windows(scores_of, windows, advance, is_jitted))
    thresholds, names = {}, {}
    for view in detector.views:
        scores = np.concatenate([chunk[view] for chunk in chunks])
        name = _first_usable(rules, scores, windows.labels)
        names[f"{view}_rule"] = name
        threshold = rules[name].fit(scores, windows.labels)
        thresholds[f"{view}_threshold"] = threshold
    detector.thresholds.assign(list(thresholds.values()))
    detector.finish_phase("tuned")
    return names | thresholds


def _first_usable(
    rules: Mapping[str, ConstantRule], scores: np.ndarray, labels: np.ndarray
) -> str:
    scored = labels[~np.isnan(scores)]
    has_both = (scored == 0).any() and (scored == 1).any()
    for name, rule in rules.items():
        if has_both or not rule.needs_labels:
            return name
    raise ValueError(
        "A rule that needs labels needs scored windows of both classes. "
        f"Received: {', '.join(rules)}; {(scored == 0).sum()} windows "
        f"labelled 0, {(scored == 1).sum()} labelled 1. Name another "
        "--label_free_threshold_rule."
    )
