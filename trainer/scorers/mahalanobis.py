"""Residuals to Mahalanobis distances, per time step and per feature."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from trainer.config import Settings, setting
from trainer.layers.mahalanobis import MahalanobisDistance
from trainer.scorers.view_scores import ViewScores, check_positions
from trainer.statistics.pairwise import PairwiseMoments

__all__ = ["Mahalanobis", "MahalanobisSettings"]


@dataclasses.dataclass(frozen=True)
class MahalanobisSettings(Settings):
    """Scorer mahalanobis: distance of residuals from normal residuals."""

    error: str = setting(
        "absolute",
        "residuals as they are, or without their sign",
        choices=("absolute", "signed"),
    )
    relative_ridge: float = setting(
        1e-6, "added to the covariance, in mean variances", minimum=0.0
    )
    shrink: bool = setting(True, "shrink the covariance (OAS)")

    def num_warm_up_steps(self) -> int:
        """Earlier steps that a score depends on."""
        return 0


@keras.saving.register_keras_serializable("residua")
class Mahalanobis(keras.layers.Layer):
    """Two views: rows are time steps, or windows of a single feature.

    The view `time` compares the residuals of all features at one step, the
    view `feature` those of one feature at all steps of the window.

    Args:
        settings: fields of `MahalanobisSettings`, others at their defaults.
        window_length: time steps of a window.
        num_scored: features that are scored.
        parts: of the network; those of `needs` are used.
        delays: of the parts; of no use without a smoothing.
        stride: of the network; of no use.
        **kwargs: of the Keras layer.
    """

    settings_class = MahalanobisSettings
    needs = ("time_view", "feature_view")
    views = ("time", "feature")
    has_negative_scores = False
    is_step_by_step = False
    num_passes = 1
    smoothing = None
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
        self.settings = MahalanobisSettings(**settings)
        self.window_length = window_length
        self.num_scored = num_scored
        ridge, shrink = self.settings.relative_ridge, self.settings.shrink
        self.time = MahalanobisDistance(num_scored, ridge, shrink, name="time")
        self.feature = MahalanobisDistance(
            window_length, ridge, shrink, name="feature"
        )
        self.built = True

    def call(
        self, parts: Mapping[str, tf.Tensor], positions: str = "all"
    ) -> dict[str, ViewScores]:
        """Scores residuals.

        Args:
            parts: the parts of `needs`, each `[batch, time, feature]` float,
                scaled units, NaN = unknown.
            positions: "all" steps are scored in the view `time`, or only
                the "last" one of each window.

        Returns:
            View `time`: `[batch, time]`, contribution one axis more. View
            `feature`: `[batch, feature]`, contribution the squared score.
        """
        time_rows, feature_rows = self._rows(parts, positions)
        score, is_scored, contribution = self.time(time_rows)
        time = ViewScores(score, is_scored, contribution)
        score, is_scored, _ = self.feature(
            tf.transpose(feature_rows, [0, 2, 1])
        )
        feature = ViewScores(score, is_scored, tf.square(score))
        return {"time": time, "feature": feature}

    def combine(self, views: Mapping[str, ViewScores]) -> dict[str, ViewScores]:
        """What `call` gave is final."""
        return dict(views)

    def empty_statistics(self, number: int = 0) -> dict[str, PairwiseMoments]:
        """Statistics of no residuals, to start a pass with."""
        return {
            "time": PairwiseMoments.empty(self.num_scored),
            "feature": PairwiseMoments.empty(self.window_length),
        }

    def update(
        self,
        statistics: Mapping[str, PairwiseMoments],
        parts: Mapping[str, np.ndarray],
        positions: str,
    ) -> dict[str, PairwiseMoments]:
        """Statistics with more normal windows.

        Missing entries are left out one by one, and whole rows only where
        fewer than half of the entries are known: `call` scores none of those.

        Args:
            statistics: of the windows before; not changed.
            parts: as in `call`, NumPy arrays.
            positions: "all" steps of each window, or only the "last" where
                windows overlap. The view `feature` takes whole windows.

        Raises:
            ValueError: `positions` is neither, or a part does not fit.
        """
        time_rows, feature_rows = self._rows(parts, positions)
        return {
            "time": statistics["time"].merge_half_known(time_rows),
            "feature": statistics["feature"].merge_half_known(
                np.swapaxes(feature_rows, 1, 2)
            ),
        }

    def merge(
        self,
        one: Mapping[str, PairwiseMoments],
        other: Mapping[str, PairwiseMoments],
    ) -> dict[str, PairwiseMoments]:
        """Statistics of the windows of both."""
        return {view: one[view].merge(other[view]) for view in self.views}

    def finalize(self, statistics: Mapping[str, PairwiseMoments]) -> None:
        """Takes the statistics of a whole pass into the weights, or nothing.

        Raises:
            ValueError: a view has fewer than 2 rows, an entry that was
                hardly ever observed, or infinite ones.
        """
        layers = {"time": self.time, "feature": self.feature}
        new_weights = {}
        for view, layer in layers.items():
            try:
                new_weights[view] = layer.weights_from(statistics[view])
            except ValueError as error:
                raise ValueError(
                    f"The view {view} has no usable error statistics: {error}"
                ) from error
        for view, layer in layers.items():
            layer.set_weights(new_weights[view])

    def reset(self) -> None:
        """Forgets the statistics: nothing is scored any more."""
        self.time.reset()
        self.feature.reset()

    def get_config(self) -> dict[str, Any]:
        """Arguments of the constructor."""
        return super().get_config() | {
            "settings": dataclasses.asdict(self.settings),
            "window_length": self.window_length,
            "num_scored": self.num_scored,
        }

    def _rows(self, parts: Mapping[str, Any], positions: str) -> list[Any]:
        """Errors of both parts, of NumPy arrays and tensors alike."""
        is_last = check_positions(positions)
        expected = (self.window_length, self.num_scored)
        for name in self.needs:
            if name not in parts or tuple(parts[name].shape[1:]) != expected:
                shapes = {key: tuple(part.shape) for key, part in parts.items()}
                raise ValueError(
                    f"`parts` must hold {' and '.join(self.needs)}, each of "
                    f"the shape [batch, {expected[0]}, {expected[1]}]. "
                    f"Received: {shapes}. Choose a network that gives them."
                )
        time_rows, feature_rows = (parts[name] for name in self.needs)
        if is_last:
            time_rows = time_rows[:, -1:]
        if self.settings.error == "signed":
            return [time_rows, feature_rows]
        return [abs(time_rows), abs(feature_rows)]
