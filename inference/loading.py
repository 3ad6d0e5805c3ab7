"""Opens exported models."""

import json
import os
from typing import Any

import tensorflow as tf

from trainer import storage

__all__ = ["description_of", "load_saved_model"]

SIGNATURES = ("describe", "initial_state", "score_chunk", "serving_default")


def load_saved_model(model_dir: str) -> Any:
    """Loads the SavedModel of a finished detector.

    Args:
        model_dir: its folder, local or in a bucket.

    Raises:
        OSError: a bucket cannot be read.
        ValueError: there is none, it is damaged, or it is not finished.
    """
    if not storage.is_file(os.path.join(model_dir, "saved_model.pb")):
        inner = os.path.join(model_dir, "model")
        is_inside = storage.is_file(os.path.join(inner, "saved_model.pb"))
        raise ValueError(
            "`model_dir` must be the folder of an exported model, with a "
            f"saved_model.pb. Received: {model_dir!r}. "
            + (
                f"Try {inner}."
                if is_inside
                else "`python -m trainer.task` exports one after its last "
                "phase."
            )
        )
    # On NVIDIA GPUs since Ampere TensorFlow rounds the factors of float32
    # products to 10 bits; scores must be the same number on every machine.
    tf.config.experimental.enable_tensor_float_32_execution(False)
    with storage.local_folder(model_dir) as folder:
        try:
            loaded = tf.saved_model.load(folder)
        except (OSError, RuntimeError, ValueError, tf.errors.OpError) as error:
            raise ValueError(
                "`model_dir` must be a whole SavedModel. Received: "
                f"{model_dir!r}, which cannot be loaded "
                f"({str(error).splitlines()[0]}). Export or copy it again."
            ) from error
    missing = [name for name in SIGNATURES if name not in loaded.signatures]
    if missing:
        raise ValueError(
            "`model_dir` must hold a finished detector. Received: "
            f"{model_dir!r}, which lacks {', '.join(missing)}. Run "
            "`python -m trainer.task --training_mode=all` to its end."
        )
    return loaded


def description_of(loaded: Any) -> dict[str, Any]:
    """What the model says of itself."""
    text = loaded.signatures["describe"]()["description"]
    return json.loads(text.numpy().decode())
