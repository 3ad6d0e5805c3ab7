"""A linear forecast and the nearest window of train, side by side."""

import dataclasses
from typing import Any

import keras
import numpy as np

from trainer.models import nearest_window, vector_autoregression
from trainer.models.nearest_window import NearestWindow
from trainer.models.network import Network
from trainer.models.vector_autoregression import VectorAutoregression
from trainer.statistics.pairwise import PairwiseMoments
from trainer.statistics.window_bank import WindowBank

__all__ = ["ForecastAndNearestWindow", "Settings", "Statistics"]


@dataclasses.dataclass(frozen=True)
class Settings(vector_autoregression.Settings, nearest_window.Settings):
    """Network forecast_and_nearest_window."""

    def usual_window_length(self, num_warm_up_steps: int) -> int:
        """Time steps of a window that is served alone, where nobody says."""
        return max(
            base.usual_window_length(self, num_warm_up_steps)
            for base in Settings.__bases__
        )


@dataclasses.dataclass(frozen=True, eq=False)
class Statistics:
    """What one pass over train tells.

    Attributes:
        moments: of the forecast.
        bank: of the nearest window.
    """

    moments: PairwiseMoments
    bank: WindowBank

    @property
    def count(self) -> int:
        """Rows with at least one observed entry."""
        return self.moments.count


@keras.saving.register_keras_serializable("residua")
class ForecastAndNearestWindow(Network):
    """The parts of `VectorAutoregression` and of `NearestWindow`.

    A forecast sees what changes faster than usual, a distance what keeps a
    shape that was never there. Both begin behind the longer context.

    Args: as of `Network`: window_length is more than the longer context.
    """

    settings_class = Settings
    parts = VectorAutoregression.parts + NearestWindow.parts
    is_closed_form = True
    slides = True

    def __init__(
        self, settings, window_length, num_inputs, scored, seed, **kwargs
    ):
        super().__init__(
            settings, window_length, num_inputs, scored, seed, **kwargs
        )
        self.forecast, self.nearest = (
            network(
                {
                    field.name: getattr(self.settings, field.name)
                    for field in dataclasses.fields(network.settings_class)
                },
                window_length,
                num_inputs,
                scored,
                seed,
            )
            for network in (VectorAutoregression, NearestWindow)
        )
        self.context_length = max(
            self.forecast.context_length, self.nearest.context_length
        )
        self.delays = self.forecast.delays + self.nearest.delays

    def build(self, input_shape):
        """Makes the weights; the shapes follow from the constructor."""
        self.forecast.build(input_shape)
        self.nearest.build(input_shape)
        self.built = True

    def call(self, values):
        """Residuals of the forecasts, and distances.

        Args:
            values: `[batch, time, input feature]` float32, scaled, filled;
                of any number of steps above the context.

        Returns:
            Part name to `[batch, time - context_length, scored feature]`.
        """
        return self.forecast(self._seen_by(self.forecast, values)) | (
            self.nearest(self._seen_by(self.nearest, values))
        )

    def _seen_by(self, network, values):
        """Without the steps before the context that `network` needs."""
        return values[:, self.context_length - network.context_length :]

    def loss(self, residuals, observed):
        """Sum of both losses.

        Args:
            residuals: what `call` returned.
            observed: `[batch, time - context_length, scored feature]` bool.
        """
        return self.forecast.loss(residuals, observed) + self.nearest.loss(
            residuals, observed
        )

    def empty_statistics(self) -> Statistics:
        """Statistics of no windows, to start a pass with."""
        return Statistics(
            self.forecast.empty_statistics(), self.nearest.empty_statistics()
        )

    def update(
        self, statistics: Statistics, values: np.ndarray, observed: np.ndarray
    ) -> Statistics:
        """Statistics with more windows.

        Args:
            statistics: of the windows before; not changed.
            values: as in `call`, NumPy.
            observed: `[batch, time, scored feature]` bool.
        """
        return Statistics(
            self.forecast.update(
                statistics.moments,
                self._seen_by(self.forecast, values),
                self._seen_by(self.forecast, observed),
            ),
            self.nearest.update(
                statistics.bank,
                self._seen_by(self.nearest, values),
                self._seen_by(self.nearest, observed),
            ),
        )

    def merge(self, one: Statistics, other: Statistics) -> Statistics:
        """Statistics of the windows of both."""
        return Statistics(
            one.moments.merge(other.moments), one.bank.merge(other.bank)
        )

    def finalize(
        self, statistics: Statistics, held_out: Statistics | None = None
    ) -> dict[str, Any]:
        """Takes the weights from the statistics of a whole pass.

        Args:
            statistics: of train.
            held_out: of no use.

        Returns:
            Numbers for metrics.json: none.

        Raises:
            ValueError: too few rows, infinite ones, or a feature that was
                never measured without a break.
        """
        self.forecast.finalize(statistics.moments)
        self.nearest.finalize(statistics.bank)
        return {}
