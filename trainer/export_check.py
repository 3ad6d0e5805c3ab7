"""Holds a reloaded SavedModel against the detector in memory."""

from typing import Any

import numpy as np
import tensorflow as tf

from trainer.detector import Detector
from trainer.scorers.view_scores import ViewScores, smoothed_whole

__all__ = ["compare"]


def compare(loaded: Any, detector: Detector, sample: np.ndarray) -> None:
    """Compares the scores of both.

    Args:
        loaded: the SavedModel.
        detector: in memory.
        sample: `[batch, time, feature]` raw windows.

    Raises:
        RuntimeError: they differ by more than 1e-5 of the score, of the
            threshold, or of the scorer's unit.
    """
    values = tf.constant(sample, tf.as_dtype(detector.schema.dtype))
    served = loaded.signatures["serving_default"](values=values)
    expected = detector(values)
    num_context = detector.network.context_length
    for view, size in _sizes(detector):
        score = served[f"{view}_score"][:, num_context:]
        _check_close(score, expected[view].score, size, view)
    state = loaded.signatures["initial_state"]()
    chunk = loaded.signatures["score_chunk"](values=values[0], **state)
    last, _ = detector.step_scores(values[0])
    num_scored = len(last[detector.views[0]].score)
    for view, size in _sizes(detector):
        found = chunk[f"{view}_score"][-num_scored:]
        batched = ViewScores(*(each[tf.newaxis] for each in last[view]))
        if not detector.is_offline:
            smoothing = detector.scorer.smoothing
            batched = smoothed_whole(smoothing, {view: batched})[view]
            batched = detector.scorer.combine({view: batched})[view]
        _check_close(found, batched.score[0], size, view)


def _sizes(detector: Detector) -> list[tuple[str, float]]:
    """What differences count against where a view's scores are near 0."""
    thresholds = np.abs(detector.thresholds.numpy())
    sizes = np.maximum(thresholds, detector.scorer.score_unit)
    return list(zip(detector.views, sizes.tolist(), strict=True))


def _check_close(served, expected, size: float, view: str) -> None:
    is_close = np.isclose(
        served, expected, rtol=1e-5, atol=1e-5 * size, equal_nan=True
    )
    if not is_close.all():
        raise RuntimeError(
            f"The exported model's {view} scores differ from the detector's, "
            "so it was not written. This is a fault of this program: please "
            "report it with config.json."
        )
