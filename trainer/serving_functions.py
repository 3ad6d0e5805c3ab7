"""The functions of an exported detector, as a SavedModel holds them."""

import json
import keyword
import math
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from trainer.detector import Detector, half_known
from trainer.fused_view import (
    FUSED,
    FUSED_THRESHOLD,
    fused_view,
    most_anomalous,
)
from trainer.scorers.view_scores import (
    ViewScores,
    smoothed_step,
    smoothed_whole,
)
from trainer.thresholds.constant import apply

__all__ = ["ServingFunctions"]

# View to its short name in the talk's outputs.
TALK_VIEWS = {"time": "time", "feature": "feat"}


class ServingFunctions(tf.Module):
    """The exported functions over the detector's weights.

    Args:
        detector: all phases done.
        version: told with every score.
        origin: what else the description tells of how it was made.
        fusion: "any", "all" or "none", as of `export`.
    """

    def __init__(
        self,
        detector: Detector,
        version: str,
        origin: Mapping[str, Any],
        fusion: str,
    ):
        super().__init__()
        self._detector = detector
        self._fusion = fusion
        self._weights = [weight.value for weight in detector.weights]
        self._model_id = _model_id(detector)
        self._version = version
        identity = {"model_id": self._model_id, "version": version}
        fused = [] if fusion == "none" else [FUSED]
        views = {"views": [*detector.views, *fused], "fusion": fusion}
        self._description = json.dumps(
            identity | detector.describe() | views | dict(origin)
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
        state = {
            name: tf.TensorSpec(value.shape, value.dtype, name)
            for name, value in self.initial_state().items()
        }
        columns = {
            name: tf.TensorSpec((None, length), self._dtype, name)
            for name in self._input_names()
        }
        strings = {
            name: tf.TensorSpec((None,), tf.string, name) for name in columns
        }
        # Signatures that stand on one of these hold a call, not a copy.
        self._serve = _traced(self.serve_with_thresholds, window, thresholds)
        self._serve_columns = _traced(self.serve_columns, columns)
        signatures = {
            "serving_default": _traced(self.serve, window),
            "serve_with_thresholds": self._serve,
            "score_chunk": _traced(self.score_chunk, chunk, state),
            "initial_state": _traced(self.initial_state),
            "serve_columns": self._serve_columns,
            "serve_strings": _traced(self.serve_strings, strings),
            "describe": _traced(self.describe),
        }
        if self._detector.is_offline:
            finished = self._finished()
            signatures["finish_series"] = _traced(self.finish_series, finished)
        return signatures

    def serve(self, values):
        """Scores windows by the stored thresholds."""
        stored = tf.fill((len(self._detector.views),), np.float64("nan"))
        return self._serve(values, stored)

    def serve_with_thresholds(self, values, thresholds):
        """Scores windows; NaN in `thresholds` means the stored one."""
        views = self._detector(values)
        batch = tf.shape(values)[:1]
        outputs = {
            "model_id": tf.fill(batch, self._model_id),
            "version": tf.fill(batch, self._version),
        }
        thresholds = self._thresholds(thresholds)
        if self._fusion != "none":
            outputs |= self._fused_windows(views, thresholds)
        for view, threshold in thresholds.items():
            scores = views[view]
            outputs |= {
                f"{view}_is_anomaly": _flag(scores, threshold),
                f"{view}_threshold": tf.fill(batch, threshold),
                f"{view}_score": self._padded(scores.score, math.nan),
                f"{view}_is_scored": self._padded(scores.is_scored, False),
                f"{view}_contribution": self._padded(
                    scores.contribution, math.nan
                ),
            }
        return outputs

    def _fused_windows(self, views, thresholds):
        """The fused view, one entry a window."""
        entries = {
            view: most_anomalous(scores, half_known(scores.is_scored))
            for view, scores in views.items()
        }
        fused = fused_view(entries, thresholds, self._fusion)
        one_entry = ViewScores(
            fused.score[:, tf.newaxis],
            fused.is_scored[:, tf.newaxis],
            fused.contribution,
        )
        return _named(FUSED, one_entry) | {
            f"{FUSED}_is_anomaly": _flag(one_entry, FUSED_THRESHOLD),
            f"{FUSED}_threshold": tf.ones_like(fused.score),
        }

    def _padded(self, values, padding):
        """Puts the steps in front that only serve as context."""
        num_context = self._detector.network.context_length
        pads = [[0, 0], [num_context, 0]] + [[0, 0]] * (values.shape.rank - 2)
        return tf.pad(values, pads, constant_values=padding)

    def serve_columns(self, columns):
        """Scores windows given feature by feature.

        With the talk's views its eight outputs, else those of `serve`.
        """
        values = tf.stack([columns[name] for name in self._input_names()], -1)
        if set(TALK_VIEWS) == set(self._detector.views):
            return self._talk_outputs(values)
        return self.serve(values)

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
        return self._serve_columns(**parsed)

    def score_chunk(self, values, state):
        """Scores the steps of a chunk; state in, state out.

        An offline detector gives terms that are not smoothed and not flagged:
        `finish_series` does that once the series is whole.
        """
        detector = self._detector
        seen = state["num_seen"] + tf.range(
            1, tf.shape(values)[0] + 1, dtype=tf.int64
        )
        is_told = seen >= detector.num_steps_needed
        views, forecasts = self._step_scores(values, state)
        nothing = np.float64("nan")
        outputs = {
            "context": tf.concat([state["context"], values], 0)[
                tf.shape(values)[0] :
            ],
            "num_seen": state["num_seen"] + tf.shape(values, tf.int64)[0],
        } | {
            name: tf.where(is_told[:, tf.newaxis], steps, nothing)
            for name, steps in forecasts.items()
        }
        thresholds = self._thresholds(None)
        final = {}
        for view, threshold in thresholds.items():
            scores = views[view]
            is_scored = scores.is_scored & is_told
            scores = ViewScores(
                tf.where(is_scored, scores.score, nothing),
                is_scored,
                tf.where(is_scored[:, None], scores.contribution, nothing),
            )
            scores, smoothing = self._smoothed(view, scores, state)
            outputs |= smoothing
            if detector.is_offline:
                outputs |= _named(view, scores)
                continue
            final[view] = detector.scorer.combine({view: scores})[view]
            outputs |= _flagged(view, final[view], threshold)
        if self._fusion != "none":
            fused = fused_view(final, thresholds, self._fusion)
            outputs |= _flagged(FUSED, fused, FUSED_THRESHOLD)
        return outputs

    def _step_scores(self, values, state):
        """What the detector says of a chunk's steps, not smoothed yet."""
        detector = self._detector
        context, num_seen = state["context"], state["num_seen"]
        # Before the series began there is nothing: any value does, as no
        # step is scored by it, and a measured one is quicker.
        num_context = context.shape[0]
        rows = tf.range(num_context, dtype=tf.int64)[:, tf.newaxis]
        is_before = rows < num_context - num_seen
        known = tf.concat([tf.where(is_before, values[:1], context), values], 0)
        # A chunk may begin within a block.
        num_scored = num_seen - (detector.num_steps_needed - 1)
        num_before = tf.cast(
            tf.math.floormod(num_scored, detector.stride), tf.int32
        )
        first = detector.stride - 1 - num_before
        return tf.nest.map_structure(
            lambda each: each[num_before:], detector.step_scores(known[first:])
        )

    def _smoothed(self, view, scores, state):
        """Smooths the next steps of one series, without a batch."""
        smoothing = self._detector.scorer.smoothing
        if smoothing is None:
            return scores, {}
        names = {
            name: f"{view}_{name}" for name in smoothing.initial_state(1, 1)
        }
        batched = ViewScores(*(each[tf.newaxis] for each in scores))
        carried = {name: state[key][tf.newaxis] for name, key in names.items()}
        smoothed, after = smoothed_step(smoothing, batched, carried)
        return ViewScores(*(each[0] for each in smoothed)), {
            key: after[name][0] for name, key in names.items()
        }

    def finish_series(self, scores):
        """Smooths and flags the scores of a whole series, offline.

        Args:
            scores: of all steps, as `score_chunk` named them.
        """
        outputs = {}
        for view, threshold in self._thresholds(None).items():
            whole = ViewScores(
                *(scores[f"{view}_{name}"] for name in ViewScores._fields)
            )
            batched = ViewScores(*(each[tf.newaxis] for each in whole))
            smoothing = self._detector.scorer.smoothing
            smoothed = smoothed_whole(smoothing, {view: batched})[view]
            smoothed = ViewScores(*(each[0] for each in smoothed))
            scorer = self._detector.scorer
            final = scorer.combine({view: smoothed})[view]
            outputs |= _flagged(view, final, threshold)
        return outputs

    def _finished(self) -> dict[str, tf.TensorSpec]:
        """What `finish_series` takes."""
        width = self._detector.scorer.num_terms
        return {
            f"{view}_{name}": tf.TensorSpec(shape, dtype, f"{view}_{name}")
            for view in self._detector.views
            for name, shape, dtype in (
                ("score", (None,), tf.float64),
                ("is_scored", (None,), tf.bool),
                ("contribution", (None, width), tf.float64),
            )
        }

    def initial_state(self):
        """The state before the first step of a series."""
        detector = self._detector
        shape = detector.block_length - 1, len(self._names)
        state = {
            "context": tf.fill(shape, tf.constant(math.nan, self._dtype)),
            "num_seen": tf.constant(0, tf.int64),
        }
        if detector.scorer.smoothing is not None:
            width = 1 + detector.scorer.num_terms
            of_one = detector.scorer.smoothing.initial_state(1, width)
            state |= {
                f"{view}_{name}": value[0]
                for view in detector.views
                for name, value in of_one.items()
            }
        return state

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


def _traced(function: Any, *specs: Any) -> Any:
    return tf.function(function).get_concrete_function(*specs)


def _named(view, scores):
    """Score, is_scored and contribution of each step, by output name."""
    return {
        f"{view}_{name}": value
        for name, value in zip(ViewScores._fields, scores, strict=True)
    }


def _flagged(view, scores, threshold):
    """The same with threshold and flag."""
    return _named(view, scores) | {
        f"{view}_threshold": tf.fill(tf.shape(scores.score), threshold),
        f"{view}_is_anomaly": apply(scores.score, threshold) & scores.is_scored,
    }


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
