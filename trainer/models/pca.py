"""Principal components with two views: time steps and whole features."""

import dataclasses
import logging
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from trainer import config
from trainer.config import setting
from trainer.layers.components_projection import ComponentsProjection
from trainer.layers.missing import masked_mean_square
from trainer.models.network import Network
from trainer.statistics.pairwise import PairwiseMoments

__all__ = ["PrincipalComponents", "Settings", "Statistics"]

_logger = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Settings(config.Settings):
    """Network pca."""

    num_time_components: int = setting(
        0, "components of the time view; 0 = by held-out data", minimum=0
    )
    num_feature_components: int = setting(
        0, "components of the feature view; 0 = by held-out data", minimum=0
    )

    def usual_window_length(self, num_warm_up_steps: int) -> int:
        """Time steps a window, where nobody says."""
        return 30


@dataclasses.dataclass(frozen=True, eq=False)
class Statistics:
    """What one pass tells.

    Attributes:
        time: of time steps, `[scored feature]`.
        feature: of single features' windows, `[time]`.
    """

    time: PairwiseMoments
    feature: PairwiseMoments

    @property
    def count(self) -> int:
        """Time steps with at least one observed entry."""
        return self.time.count


@keras.saving.register_keras_serializable("residua")
class PrincipalComponents(Network):
    """What the first principal components leave of steps and of windows.

    Rows of the time view are time steps of all scored features, those of the
    feature view whole windows of one scored feature; covariates are read by
    neither. Every weight follows from the second moments of train: nothing
    is random, and the order of the rows does not matter. Where windows
    overlap, a step counts once for each window that holds it, as it does in
    the feature view.

    The number of components is given, or the one whose cells, each predicted
    from the others of its row, have the least error in held-out data.

    Args: as of `Network`.

    References:
        Google Advanced Solutions Lab, "Time Series Anomaly Detection" (2019);
        its choice of components by the plain residual is not taken over: it
        always is all but one.
    """

    settings_class = Settings
    parts = ("time_view", "feature_view")
    is_closed_form = True
    uses_held_out = True
    watched = "val_cell_error"
    delays = (0, 0)

    def __init__(
        self, settings, window_length, num_inputs, scored, seed, **kwargs
    ):
        super().__init__(
            settings, window_length, num_inputs, scored, seed, **kwargs
        )
        self.time = ComponentsProjection(
            "num_time_components",
            self.settings.num_time_components,
            len(self.scored),
        )
        self.feature = ComponentsProjection(
            "num_feature_components",
            self.settings.num_feature_components,
            window_length,
        )

    def build(self, input_shape):
        """Makes the weights; the shapes follow from the constructor."""
        self.time.build(None)
        self.feature.build(None)
        self.built = True

    def call(self, values):
        """Residuals of both views.

        Args:
            values: `[batch, time, input feature]` float32, scaled, filled.

        Returns:
            Part name to residuals `[batch, time, scored feature]`, observed
            minus reconstructed value.
        """
        scored = tf.gather(values, self.scored, axis=-1)
        # A small residual of large values has too few digits in float32.
        exact = tf.cast(scored, tf.float64)
        time = tf.matmul(exact - self.time.mean, self.time.leftover)
        means = self.feature.mean[:, tf.newaxis]
        # A symmetric matrix: rows need not become columns.
        feature = tf.matmul(self.feature.leftover, exact - means)
        return {
            "time_view": tf.cast(time, values.dtype),
            "feature_view": tf.cast(feature, values.dtype),
        }

    def loss(self, residuals, observed):
        """Mean of both views' mean squared errors.

        Args:
            residuals: what `call` returned.
            observed: `[batch, time, scored feature]` bool.
        """
        losses = [
            masked_mean_square(residuals[part], observed) for part in self.parts
        ]
        return sum(losses) / len(losses)

    def empty_statistics(self) -> Statistics:
        """Statistics of no windows, to start a pass with."""
        return Statistics(
            PairwiseMoments.empty(len(self.scored)),
            PairwiseMoments.empty(self.window_length),
        )

    def update(
        self, statistics: Statistics, values: np.ndarray, observed: np.ndarray
    ) -> Statistics:
        """Statistics with more windows.

        Args:
            statistics: of the windows before; not changed.
            values: as in `call`, NumPy.
            observed: `[batch, time, scored feature]` bool; cells where it
                is False are left out, pair by pair.
        """
        known = values
        if self.scored != tuple(range(self.num_inputs)):
            known = values[..., list(self.scored)]
        if not observed.all():
            known = np.where(observed, known, np.nan)
        by_feature = known.swapaxes(1, 2).reshape(-1, self.window_length)
        batch = Statistics(
            PairwiseMoments.from_batch(known.reshape(-1, len(self.scored))),
            PairwiseMoments.from_batch(by_feature),
        )
        return self.merge(statistics, batch)

    def merge(self, one: Statistics, other: Statistics) -> Statistics:
        """Statistics of the windows of both."""
        return Statistics(
            one.time.merge(other.time), one.feature.merge(other.feature)
        )

    def finalize(
        self, statistics: Statistics, held_out: Statistics | None = None
    ) -> dict[str, Any]:
        """Takes the weights from the statistics of a whole pass.

        Args:
            statistics: of train.
            held_out: of other normal data; None, or with a column that was
                never measured = train's own, which favours more components.

        Returns:
            Numbers for metrics.json. `val_cell_error` is the root mean square
            of held-out cells over both views, scaled units.

        Raises:
            ValueError: too few rows, or infinite ones.
        """
        is_judged = held_out is not None and all(
            _is_measured(moments)
            for moments in (held_out.time, held_out.feature)
        )
        if not is_judged:
            _logger.warning(
                "The validation split has no values to judge components by: "
                "those of train are used, which favour more components."
            )
            held_out = statistics
        time = self.time.finalize(statistics.time, held_out.time)
        feature = self.feature.finalize(statistics.feature, held_out.feature)
        numbers = {
            "time_components": time["chosen"],
            "feature_components": feature["chosen"],
            "time_explained": _explained(time),
            "feature_explained": _explained(feature),
            "evidence": {"time": time, "feature": feature},
        }
        if is_judged:
            errors = [
                view["cell_error"][view["chosen"]] for view in (time, feature)
            ]
            # Each cell is predicted once in each view.
            error = float(np.sqrt(np.mean(np.square(errors))))
            numbers |= {"watched": self.watched, self.watched: error}
        return numbers


def _is_measured(moments: PairwiseMoments) -> bool:
    """Whether each column was measured at least once."""
    return bool(moments.complete.count or np.diag(moments.partial.count).all())


def _explained(view: Mapping[str, Any]) -> float | None:
    """The share of the variance; None where there is no variance."""
    ratios = view["explained_variance_ratio"]
    return sum(ratios[: view["chosen"]]) if ratios else None
