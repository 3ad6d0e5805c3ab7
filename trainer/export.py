"""Detector to SavedModel, reloaded and compared before it counts."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from trainer import storage
from trainer.config import MODEL_MARKER
from trainer.detector import Detector
from trainer.export_check import compare
from trainer.serving_functions import ServingFunctions

__all__ = ["export"]


def export(
    detector: Detector,
    path: str,
    version: str,
    sample: np.ndarray,
    origin: Mapping[str, Any],
    fusion: str = "none",
) -> None:
    """Writes the detector as a SavedModel with all signatures.

    Args:
        detector: all phases done.
        path: folder to write; an older model there is replaced.
        version: told with every score.
        sample: `[batch, time, feature]` raw windows to compare on, as long
            as the detector's.
        origin: what else the description tells of how it was made.
        fusion: whether a further view says that "any" view is anomalous, or
            "all" are; or "none".

    Raises:
        ValueError: a phase is missing, or `path` holds something else.
        RuntimeError: the reloaded model scores differently.
    """
    detector.check_finished()
    with storage.directory_written_whole(path, MODEL_MARKER) as temporary:
        module = ServingFunctions(detector, version, origin, fusion)
        tf.saved_model.save(module, temporary, signatures=module.signatures())
        compare(tf.saved_model.load(temporary), detector, sample)
