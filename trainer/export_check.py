"""Holds a reloaded SavedModel against the detector in memory."""

from typing import Any

import numpy as np
import tensorflow as tf

from trainer.detector import Detector

__all__ = ["compare"]


def compare(loaded: Any, detector: Detector, sample: np.ndarray) -> None:
    """Compares the scores of both.

    Args:
        loaded: the SavedModel.
        detector: in memory.
        sample: `[batch, time, feature]` raw windows.

    Raises:
        RuntimeError: they differ by more than 1e-5 * max(score, threshold).
    """
    values = tf.constant(sample, tf.as_dtype(detector.schema.dtype))
    served = loaded.signatures["serving_default"](values=values)
    expected = detector(values)
    for position, view in enumerate(detector.views):
        threshold = float(detector.thresholds[position])
        _check_close(
            served[f"{view}_score"], expected[view].score, threshold, view
        )
    state = loaded.signatures["initial_state"]()
    chunk = loaded.signatures["score_chunk"](values=values[0], **state)
    last = detector.window_scores(values[:1], "last")
    for position, view in enumerate(detector.views):
        threshold = float(detector.thresholds[position])
        _check_close(
            chunk[f"{view}_score"][-1:], last[view][0], threshold, view
        )


def _check_close(served, expected, threshold: float, view: str) -> None:
    is_close = np.isclose(
        served, expected, rtol=1e-5, atol=1e-5 * threshold, equal_nan=True
    )
    if not is_close.all():
        raise RuntimeError(
            f"The exported model's {view} scores differ from the detector's, "
            "so it was not written. This is a fault of this program: please "
            "report it with config.json."
        )
