"""Absolute forecast errors, smoothed over time."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from trainer.config import Settings, setting
from trainer.layers.smoothing import ExponentialMean
from trainer.scorers.view_scores import ViewScores, check_positions

__all__ = ["SmoothedError", "SmoothedErrorSettings"]


@dataclasses.dataclass(frozen=True)
class SmoothedErrorSettings(Settings):
    """Scorer smoothed_error: the mean of absolute errors over time."""

    smoothing_span: int = setting(
        105, "time steps of the exponential mean; 1 = none", minimum=1
    )

    def num_warm_up_steps(self) -> int:
        """Earlier steps that a score depends on, to e**-10 of its weight."""
        smoothing = _smoothing(self)
        return smoothing.warm_up_steps if smoothing else 0


@keras.saving.register_keras_serializable("residua")
class SmoothedError(keras.layers.Layer):
    """One view, `time`: the mean absolute error of the features at a step.

    It learns nothing: what is large is for the threshold rule to say.

    Args:
        settings: fields of `SmoothedErrorSettings`, others at their defaults.
        window_length: time steps of a window.
        num_scored: features that are scored.
        parts: of the network; that of `needs` is used.
        delays: of the parts; of no use for a mean of the past.
        stride: of the network; of no use.
        **kwargs: of the Keras layer.

    References:
        Hundman et al. (2018), Detecting Spacecraft Anomalies Using LSTMs and
        Nonparametric Dynamic Thresholding, section 3.2.
    """

    settings_class = SmoothedErrorSettings
    needs = ("forecast",)
    views = ("time",)
    has_negative_scores = False
    is_step_by_step = True
    num_passes = 0
    score_unit = 0.0

    def __init__(
        self,
        settings: Mapping[str, Any],
        window_length: int,
        num_scored: int,
        parts: Sequence[str] = needs,
        delays: Sequence[int] = (),
        stride: int = 1,
        **kwargs: Any,
    ) -> None:
        super().__init__(**({"autocast": False} | kwargs))
        self.settings = SmoothedErrorSettings(**settings)
        self.window_length = window_length
        self.num_scored = num_scored
        self.smoothing = _smoothing(self.settings)
        self.built = True

    @property
    def num_terms(self) -> int:
        """Terms a step, one of each feature."""
        return self.num_scored

    def call(
        self, parts: Mapping[str, tf.Tensor], positions: str = "all"
    ) -> dict[str, ViewScores]:
        """Scores residuals, not smoothed yet.

        Args:
            parts: of `needs`, `[batch, time, feature]` float, scaled units,
                NaN = unknown.
            positions: "all" steps are scored, or only the "last" one.

        Returns:
            View `time`: `[batch, time]`, and each feature's share of it,
            `[batch, time, feature]`, 0 where it is unknown. A step is scored
            where half of the features are known.
        """
        start = -1 if check_positions(positions) else 0
        error = tf.abs(tf.cast(parts["forecast"][:, start:], tf.float64))
        is_known = ~tf.math.is_nan(error)
        num_known = tf.math.count_nonzero(
            is_known, axis=-1, keepdims=True, dtype=tf.float64
        )
        is_scored = 2 * num_known[..., 0] >= self.num_scored
        shares = tf.where(
            is_known, error / tf.maximum(num_known, 1.0), tf.zeros_like(error)
        )
        score = tf.where(
            is_scored, tf.reduce_sum(shares, axis=-1), np.float64("nan")
        )
        return {"time": ViewScores(score, is_scored, shares)}

    def combine(self, views: Mapping[str, ViewScores]) -> dict[str, ViewScores]:
        """What was smoothed, or `call` gave, is final."""
        return dict(views)

    def reset(self) -> None:
        """Nothing was learned."""

    def get_config(self) -> dict[str, Any]:
        """Arguments of the constructor."""
        return super().get_config() | {
            "settings": dataclasses.asdict(self.settings),
            "window_length": self.window_length,
            "num_scored": self.num_scored,
            "parts": list(self.needs),
        }


def _smoothing(settings: SmoothedErrorSettings) -> ExponentialMean | None:
    span = settings.smoothing_span
    return ExponentialMean(span) if span > 1 else None
