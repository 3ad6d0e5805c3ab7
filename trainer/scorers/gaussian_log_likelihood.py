"""Residuals to how unlikely they are under a Gaussian of normal residuals."""

import dataclasses
import logging
import math
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from trainer.config import Settings, setting
from trainer.layers.mahalanobis import MahalanobisDistance
from trainer.scorers.view_scores import ViewScores, check_positions
from trainer.statistics.pairwise import PairwiseMoments
from trainer.statistics.shrinkage import oas_covariance
from trainer.statistics.whitening import cholesky_factor, floored_eigenvalues

__all__ = [
    "GaussianLogLikelihood",
    "GaussianLogLikelihoodSettings",
    "HorizonMoments",
]

_logger = logging.getLogger(__name__)

# With fewer rows a feature, covariances are mostly chance.
ROWS_A_FEATURE = 10


@dataclasses.dataclass(frozen=True)
class GaussianLogLikelihoodSettings(Settings):
    """Scorer gaussian_log_likelihood: how unlikely residuals are."""

    error: str = setting(
        "signed",
        "residuals as they are, or without their sign; compat learns them "
        "without and scores them with it, as a reference system does",
        choices=("signed", "absolute", "compat"),
    )
    form: str = setting(
        "pooled",
        "one Gaussian for all steps, or one for each step of a forecast",
        choices=("pooled", "per_horizon"),
    )
    relative_ridge: float = setting(
        1e-6,
        "added to the covariance, in mean variances; ten times as much until "
        "it can be factored",
        minimum=1e-15,
    )
    shrink: bool = setting(False, "shrink the covariance (OAS)")

    def num_warm_up_steps(self) -> int:
        """Earlier steps that a score depends on."""
        return 0


@dataclasses.dataclass(frozen=True, eq=False)
class HorizonMoments:
    """Moments of the residuals of each step of a forecast; a value.

    Attributes:
        horizons: one for each step, or a single one for all.
    """

    horizons: tuple[PairwiseMoments, ...]

    @property
    def count(self) -> int:
        """Rows with at least one observed entry."""
        return sum(each.count for each in self.horizons)

    def merge(self, other: "HorizonMoments") -> "HorizonMoments":
        """Moments of the rows of both."""
        pairs = zip(self.horizons, other.horizons, strict=True)
        return HorizonMoments(tuple(one.merge(two) for one, two in pairs))


@keras.saving.register_keras_serializable("residua")
class GaussianLogLikelihood(keras.layers.Layer):
    """One view, `time`: minus the log density of a step's residuals.

    The score is -log N(residuals; mean, covariance), natural logarithm, of
    residuals in scaled units; it is below 0 where the density is above 1. Mean
    and covariance are the maximum likelihood estimates on normal data. Where
    features are unknown, the squared distance is rescaled as in
    `MahalanobisDistance`; the normalising constant stays that of all.

    Args:
        settings: fields of `GaussianLogLikelihoodSettings`, others at their
            defaults.
        window_length: time steps of a window.
        num_scored: features that are scored.
        parts: names of the network's parts; exactly one.
        delays: of the parts; of no use without a smoothing.
        stride: steps that one forecast serves. The first step of a part is
            the first of a forecast, and step i its step i mod stride.
        **kwargs: of the Keras layer.

    References:
        Malhotra, Vig, Shroff, Agarwal (2015), Long Short Term Memory Networks
        for Anomaly Detection in Time Series.
    """

    settings_class = GaussianLogLikelihoodSettings
    needs = ()
    views = ("time",)
    has_negative_scores = True
    is_step_by_step = True
    num_passes = 1
    smoothing = None

    def __init__(
        self,
        settings: Mapping[str, Any],
        window_length: int,
        num_scored: int,
        parts: Sequence[str],
        delays: Sequence[int] = (),
        stride: int = 1,
        **kwargs: Any,
    ) -> None:
        super().__init__(**({"autocast": False} | kwargs))
        if len(parts) != 1:
            raise ValueError(
                "`parts` must be exactly one for the scorer "
                "gaussian_log_likelihood. Received: "
                f"{', '.join(parts) or 'none'}. Choose a network with one "
                "part, for example lstm_forecaster."
            )
        if stride < 1:
            raise ValueError(
                f"`stride` must be at least 1. Received: stride={stride}. "
                "Give the number of steps that one forecast serves."
            )
        self.settings = GaussianLogLikelihoodSettings(**settings)
        self.window_length = window_length
        self.num_scored = num_scored
        self.parts = tuple(parts)
        self.stride = stride
        is_pooled = self.settings.form == "pooled"
        self.num_horizons = 1 if is_pooled else stride
        self.gaussian = MahalanobisDistance(
            num_scored, num_groups=self.num_horizons, name="gaussian"
        )
        self.built = True

    @property
    def score_unit(self) -> float:
        """What a score near 0 is small against: usual squares, halved."""
        return self.num_scored / 2

    def call(
        self, parts: Mapping[str, tf.Tensor], positions: str = "all"
    ) -> dict[str, ViewScores]:
        """Scores residuals.

        Args:
            parts: the network's one part, `[batch, time, feature]` float,
                scaled units, NaN = unknown.
            positions: "all" steps are scored, or only the "last" one.

        Returns:
            View `time`: `[batch, time]`; contribution `[batch, time,
            feature]`, the squared deviation of each feature alone, in
            variances. A step is scored where half of the features are known.
        """
        part = tf.cast(self._part(parts, positions), tf.float64)
        if self.settings.error == "absolute":
            part = tf.abs(part)
        first = tf.shape(part)[1] - 1 if positions == "last" else 0
        part = part[:, first:]
        first %= self.num_horizons
        behind = first + tf.shape(part)[1]
        # With zeros: entries that are unknown would cost time.
        padding = [[0, 0], [first, -behind % self.num_horizons], [0, 0]]
        scores = self._of_forecasts(tf.pad(part, padding))
        return {"time": ViewScores(*(each[:, first:behind] for each in scores))}

    def _of_forecasts(self, residuals: tf.Tensor) -> ViewScores:
        """Scores whole forecasts, one after the other."""
        batch, num_steps = tf.unstack(tf.shape(residuals)[:2])
        num_forecasts = num_steps // self.num_horizons
        shape = [self.num_horizons, self.num_scored]
        rows = tf.reshape(residuals, [batch, num_forecasts, *shape])
        distance, is_scored, _ = self.gaussian(rows)
        mean = tf.convert_to_tensor(self.gaussian.mean)
        factor = tf.convert_to_tensor(self.gaussian.factor)
        constant = self.num_scored * math.log(2 * math.pi) / 2 + tf.reduce_sum(
            tf.math.log(tf.linalg.diag_part(factor)), axis=-1
        )
        variance = tf.reduce_sum(tf.square(factor), axis=-1)
        contribution = tf.where(
            is_scored[..., tf.newaxis],
            tf.square(rows - mean) / variance,
            np.float64("nan"),
        )
        return ViewScores(
            tf.reshape(tf.square(distance) / 2 + constant, [batch, num_steps]),
            tf.reshape(is_scored, [batch, num_steps]),
            tf.reshape(contribution, [batch, num_steps, self.num_scored]),
        )

    def combine(self, views: Mapping[str, ViewScores]) -> dict[str, ViewScores]:
        """What `call` gave is final."""
        return dict(views)

    def empty_statistics(self, number: int = 0) -> dict[str, HorizonMoments]:
        """Statistics of no residuals, to start a pass with."""
        nothing = PairwiseMoments.empty(self.num_scored)
        return {"time": HorizonMoments((nothing,) * self.num_horizons)}

    def update(
        self,
        statistics: Mapping[str, HorizonMoments],
        parts: Mapping[str, np.ndarray],
        positions: str,
    ) -> dict[str, HorizonMoments]:
        """Statistics with more normal windows.

        Args:
            statistics: of the windows before; not changed.
            parts: as in `call`, NumPy arrays.
            positions: "all" steps of each window, or only the "last" where
                windows overlap.

        Raises:
            ValueError: `positions` is neither, or the part does not fit.
        """
        part = self._part(parts, positions)
        if self.settings.error != "signed":
            part = np.abs(part)
        first = part.shape[1] - 1 if positions == "last" else 0
        period = self.num_horizons
        horizons = [
            moments.merge_half_known(
                part[:, first + (horizon - first) % period :: period]
            )
            for horizon, moments in enumerate(statistics["time"].horizons)
        ]
        return {"time": HorizonMoments(tuple(horizons))}

    def merge(
        self,
        one: Mapping[str, HorizonMoments],
        other: Mapping[str, HorizonMoments],
    ) -> dict[str, HorizonMoments]:
        """Statistics of the windows of both."""
        return {view: one[view].merge(other[view]) for view in self.views}

    def finalize(self, statistics: Mapping[str, HorizonMoments]) -> None:
        """Takes the statistics of a whole pass into the weights, or nothing.

        Raises:
            ValueError: a horizon has fewer than 2 rows, a feature that was
                hardly ever observed, or infinite residuals.
        """
        weights = []
        horizons = statistics["time"].horizons
        for horizon, moments in enumerate(horizons):
            try:
                factor = self._factor(moments)
            except ValueError as error:
                step = f" step {horizon + 1} of" if len(horizons) > 1 else ""
                raise ValueError(
                    f"For{step} a forecast there are no usable error "
                    f"statistics: {error}"
                ) from error
            weights.append((np.float64(moments.count), moments.mean, factor))
        if not self.settings.shrink and any(map(_is_few, horizons)):
            _logger.warning(
                "The covariance of residuals needs %d rows a feature. There "
                "are %d, of %d features, so that features are taken to be "
                "independent. Learn from more rows, or add --shrink.",
                ROWS_A_FEATURE,
                min(each.smallest_count for each in horizons),
                self.num_scored,
            )
        self.gaussian.set_weights(
            [np.stack(each) for each in zip(*weights, strict=True)]
        )

    def _factor(self, moments: PairwiseMoments) -> np.ndarray:
        """Cholesky factor of the covariance that moments of rows give."""
        # Two rows at least: this raises where there are fewer.
        moments.covariance(ddof=1)
        covariance = moments.covariance(ddof=0)
        if self.settings.shrink:
            covariance, _ = oas_covariance(covariance, moments.smallest_count)
        elif _is_few(moments):
            covariance = np.diag(np.diag(covariance))
        if moments.num_partial:
            covariance = floored_eigenvalues(covariance)
        ridge = self.settings.relative_ridge
        while ridge < 1:
            try:
                return cholesky_factor(covariance, ridge)
            except ValueError:
                ridge *= 10
        return cholesky_factor(covariance, ridge)

    def reset(self) -> None:
        """Forgets the statistics: nothing is scored any more."""
        self.gaussian.reset()

    def get_config(self) -> dict[str, Any]:
        """Arguments of the constructor."""
        return super().get_config() | {
            "settings": dataclasses.asdict(self.settings),
            "window_length": self.window_length,
            "num_scored": self.num_scored,
            "parts": list(self.parts),
            "stride": self.stride,
        }

    def _part(self, parts: Mapping[str, Any], positions: str) -> Any:
        """The one part, a NumPy array or a tensor."""
        check_positions(positions)
        return parts[self.parts[0]]


def _is_few(moments: PairwiseMoments) -> bool:
    return moments.smallest_count < ROWS_A_FEATURE * moments.num_features
