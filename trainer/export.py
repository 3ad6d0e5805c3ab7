"""Detector to SavedModel, reloaded and compared before it counts."""

import json
import keyword
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from trainer import storage
from trainer.config import MODEL_MARKER
from trainer.detector import Detector, half_known
from trainer.export_check import compare
from trainer.thresholds.constant import apply

__all__ = ["export"]

# View to its short name in the talk's outputs.
TALK_VIEWS = {"time": "time", "feature": "feat"}


def export(
    detector: Detector,
    path: str,
    version: str,
    sample: np.ndarray,
    origin: Mapping[str, Any],
) -> None:
    """Writes the detector as a SavedModel with all signatures.

    Args:
        detector: all phases done.
        path: folder to write; an older model there is replaced.
        version: told with every score.
        sample: `[batch, time, feature]` raw windows to compare on.
        origin: what else the description tells of how it was made.

    Raises:
        ValueError: a phase is missing, or `path` holds something else.
        RuntimeError: the reloaded model scores differently.
    """
    detector.check_finished()
    with storage.directory_written_whole(path, MODEL_MARKER) as temporary:
        module = _Serving(detector, version, origin)
        tf.saved_model.save(module, temporary, signatures=module.signatures())
        compare(tf.saved_model.load(temporary), detector, sample)


class _Serving(tf.Module):
    """The exported functions over the detector's weights."""

    def __init__(
        self, detector: Detector, version: str, origin: Mapping[str, Any]
    ):
        super().__init__()
        self._detector = detector
        self._weights = [weight.value for weight in detector.weights]
        self._model_id = _model_id(detector)
        self._version = version
        identity = {"model_id": self._model_id, "version": version}
        self._description = json.dumps(
            identity | detector.describe() | dict(origin)
        )
        self._names = detector.schema.feature_names
        self._dtype = tf.as_dtype(detector.schema.dtype)

    def signatures(self) -> dict[str, Any]:
        """Signature name to concrete function."""
        length, width = self._detector.window_length, len(self._names)
        window = tf.TensorSpec((None, length, width), self._dtype, "values")
        thresholds = tf.TensorSpec(
            (len(self._detector.views),), tf.float64, "thresholds"
        )
        chunk = tf.TensorSpec((None, width), self._dtype, "values")
        context = tf.TensorSpec((length - 1, width), self._dtype, "context")
        num_seen = tf.TensorSpec((), tf.int64, "num_seen")
        columns = {
            name: tf.TensorSpec((None, length), self._dtype, name)
            for name in self._input_names()
        }
        strings = {
            name: tf.TensorSpec((None,), tf.string, name) for name in columns
        }
        functions = {
            "serving_default": (self.serve, window),
            "serve_with_thresholds": (self.serve, window, thresholds),
            "score_chunk": (self.score_chunk, chunk, context, num_seen),
            "initial_state": (self.initial_state,),
            "describe": (self.describe,),
        }
        if set(TALK_VIEWS) == set(self._detector.views):
            functions["serve_columns"] = self.serve_columns, columns
            functions["serve_strings"] = self.serve_strings, strings
        return {
            name: tf.function(function).get_concrete_function(*specs)
            for name, (function, *specs) in functions.items()
        }

    def serve(self, values, thresholds=None):
        """Scores windows; NaN in `thresholds` means the stored one."""
        views = self._detector(values)
        batch = tf.shape(values)[:1]
        outputs = {
            "model_id": tf.fill(batch, self._model_id),
            "version": tf.fill(batch, self._version),
        }
        for view, threshold in self._thresholds(thresholds).items():
            scores = views[view]
            outputs |= {
                f"{view}_score": scores.score,
                f"{view}_is_scored": scores.is_scored,
                f"{view}_contribution": scores.contribution,
                f"{view}_threshold": tf.fill(batch, threshold),
                f"{view}_is_anomaly": _flag(scores, threshold),
            }
        return outputs

    def serve_columns(self, columns):
        """Scores windows given feature by feature; the talk's outputs."""
        values = tf.stack([columns[name] for name in self._input_names()], -1)
        return self._talk_outputs(values)

    def serve_strings(self, columns):
        """Like `serve_columns`, each window a `;`-joined string."""
        length = self._detector.window_length
        parsed = {}
        for name, text in columns.items():
            cells = tf.strings.split(text, ";")
            check = tf.debugging.assert_equal(
                cells.row_lengths(),
                tf.constant(length, tf.int64),
                f"{name} must hold {length} values joined by ';'",
            )
            with tf.control_dependencies([check]):
                cells = cells.to_tensor(shape=(None, length))
            cells = tf.where(tf.equal(cells, ""), "nan", cells)
            parsed[name] = tf.strings.to_number(cells, self._dtype)
        return self.serve_columns(parsed)

    def score_chunk(self, values, context, num_seen):
        """Scores the steps of a chunk; state in, state out."""
        length = self._detector.window_length
        series = tf.concat([context, values], 0)
        num_steps = tf.shape(values)[0]
        steps = tf.range(num_steps)[:, None] + tf.range(length)
        views = self._detector.window_scores(tf.gather(series, steps), "last")
        seen = num_seen + tf.range(1, num_steps + 1, dtype=tf.int64)
        outputs = {
            "context": series[num_steps:],
            "num_seen": num_seen + tf.cast(num_steps, tf.int64),
        }
        for view, threshold in self._thresholds(None).items():
            score, is_scored, scores = views[view]
            is_scored &= seen >= length
            score = tf.where(is_scored, score, np.float64("nan"))
            contribution = tf.reshape(
                scores.contribution, (num_steps, scores.contribution.shape[-1])
            )
            outputs |= {
                f"{view}_score": score,
                f"{view}_is_scored": is_scored,
                f"{view}_contribution": contribution,
                f"{view}_threshold": tf.fill((num_steps,), threshold),
                f"{view}_is_anomaly": apply(score, threshold) & is_scored,
            }
        return outputs

    def initial_state(self):
        """The state before the first step of a series."""
        shape = self._detector.window_length - 1, len(self._names)
        context = tf.fill(shape, tf.constant(float("nan"), self._dtype))
        return {"context": context, "num_seen": tf.constant(0, tf.int64)}

    def describe(self):
        """What the model is, as JSON."""
        return {"description": tf.constant(self._description)}

    def _input_names(self) -> list[str]:
        names = self._names
        # TensorFlow folds case and wants Python's own names left alone.
        are_usable = all(
            re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name)
            and not keyword.iskeyword(name)
            and name != "self"
            for name in names
        )
        if are_usable and len({name.lower() for name in names}) == len(names):
            return list(names)
        return [f"feature_{position}" for position in range(len(names))]

    def _thresholds(self, overrides) -> dict[str, Any]:
        stored = tf.convert_to_tensor(self._detector.thresholds)
        if overrides is not None:
            stored = tf.where(tf.math.is_nan(overrides), stored, overrides)
        return dict(
            zip(
                self._detector.views,
                tf.unstack(stored, len(self._detector.views)),
                strict=True,
            )
        )

    def _talk_outputs(self, values):
        """The eight names of the talk; errors in raw units."""
        detector = self._detector
        parts = detector.residual_parts(values)
        scale = tf.gather(
            tf.convert_to_tensor(detector.scaling.scale),
            detector.scored_positions,
        )
        views = detector.scorer(parts, positions="all")
        batch = tf.shape(values)[:1]
        outputs = {}
        for view, short in TALK_VIEWS.items():
            threshold = self._thresholds(None)[view]
            error = tf.abs(tf.cast(parts[f"{view}_view"], tf.float64)) * scale
            outputs |= {
                f"X_{short}_abs_recon_err": error,
                f"mahalanobis_dist_{short}": views[view].score,
                f"{short}_anom_thresh_var": tf.fill(batch, threshold),
                f"{short}_anom_flags": _flag(views[view], threshold),
            }
        return outputs


def _flag(scores, threshold):
    """1 where a scored entry is anomalous, 0 where none, -1 unknown."""
    flagged = tf.reduce_any(
        apply(scores.score, threshold) & scores.is_scored, axis=1
    )
    return tf.where(
        half_known(scores.is_scored),
        tf.cast(flagged, tf.int64),
        tf.constant(-1, tf.int64),
    )


def _model_id(detector: Detector) -> str:
    config = detector.detector_config
    return f"{config.network}-{config.scorer}-{detector.schema.hash()[:8]}"
