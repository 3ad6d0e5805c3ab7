"""Vector autoregression: a linear forecast of the next step, closed form."""

import dataclasses
from typing import Any

import keras
import numpy as np
import scipy.linalg
import tensorflow as tf

from trainer import config
from trainer.config import setting
from trainer.layers.missing import masked_mean_square
from trainer.models.network import Network
from trainer.statistics.pairwise import PairwiseMoments
from trainer.statistics.windows import lagged

__all__ = ["Settings", "VectorAutoregression", "ridge_regression"]


@dataclasses.dataclass(frozen=True)
class Settings(config.Settings):
    """Network vector_autoregression."""

    context_length: int = setting(
        10, "steps that a forecast is made from", minimum=1
    )
    ridge: float = setting(
        0.01, "penalty on squared weights, for each row", minimum=0.0
    )
    reads_covariates: bool = setting(
        False, "forecast from the covariates too, not from scored columns alone"
    )

    def usual_window_length(self, num_warm_up_steps: int) -> int:
        """Time steps of a window that is served alone, where nobody says."""
        return self.context_length + 1 + num_warm_up_steps


@keras.saving.register_keras_serializable("residua")
class VectorAutoregression(Network):
    """Forecasts each scored feature from the steps before.

    Every weight follows from the second moments of train, which one pass
    gives: nothing is random, and the order of the rows does not matter.

    Args: as of `Network`: window_length is more than the context.

    References:
        Lütkepohl (2005), New Introduction to Multiple Time Series Analysis,
        chapter 3; Hoerl, Kennard (1970), Ridge Regression, equation 2.1.
    """

    settings_class = Settings
    parts = ("forecast",)
    is_closed_form = True
    slides = True
    delays = (0,)

    def __init__(
        self, settings, window_length, num_inputs, scored, seed, **kwargs
    ):
        super().__init__(
            settings, window_length, num_inputs, scored, seed, **kwargs
        )
        self.context_length = self.settings.context_length
        if window_length <= self.context_length:
            raise ValueError(
                "`window_length` must be above `context_length`, so that a "
                f"step is left to forecast. Received: window_length="
                f"{window_length}, context_length={self.context_length}. "
                f"Add --context_length={max(1, window_length // 2)}."
            )
        self._read = (
            tuple(range(num_inputs))
            if self.settings.reads_covariates
            else self.scored
        )

    def build(self, input_shape):
        """Makes the weights; the shapes follow from the constructor."""
        num_lagged = self.context_length * len(self._read)
        num_scored = len(self.scored)
        self.kernel = self.add_weight(
            name="kernel",
            shape=(num_lagged, num_scored),
            initializer="zeros",
            trainable=False,
        )
        self.bias = self.add_weight(
            name="bias",
            shape=(num_scored,),
            initializer="zeros",
            trainable=False,
        )
        self.built = True

    def call(self, values):
        """Residuals of the forecasts.

        Args:
            values: `[batch, time, input feature]` float32, scaled, filled;
                of any number of steps above the context.

        Returns:
            Part name to residuals `[batch, time - context_length, scored
            feature]`, observed minus forecast value.
        """
        length = self.context_length
        num_steps = tf.shape(values)[1] - length
        read = tf.gather(values, self._read, axis=-1)
        lags = [read[:, shift : shift + num_steps] for shift in range(length)]
        forecast = tf.concat(lags, axis=-1) @ self.kernel + self.bias
        scored = tf.gather(values, self.scored, axis=-1)[:, length:]
        return {"forecast": scored - forecast}

    def loss(self, residuals, observed):
        """Mean squared error over observed cells.

        Args:
            residuals: what `call` returned.
            observed: `[batch, time - context_length, scored feature]` bool.
        """
        return masked_mean_square(residuals["forecast"], observed)

    def empty_statistics(self) -> PairwiseMoments:
        """Statistics of no windows, to start a pass with."""
        num_lagged = self.context_length * len(self._read)
        return PairwiseMoments.empty(num_lagged + len(self.scored))

    def update(
        self,
        statistics: PairwiseMoments,
        values: np.ndarray,
        observed: np.ndarray,
    ) -> PairwiseMoments:
        """Statistics with more windows.

        Args:
            statistics: of the windows before; not changed.
            values: as in `call`, NumPy.
            observed: `[batch, time, scored feature]` bool; cells where it
                is False are left out, pair by pair.
        """
        length, scored = self.context_length, list(self.scored)
        # A filled target would weigh as an input, and not as what it is.
        known = values.astype(np.float64)
        known[..., scored] = np.where(observed, known[..., scored], np.nan)
        lags = lagged(known[..., list(self._read)], length)
        targets = known[:, length:, scored]
        rows = np.concatenate([lags, targets], axis=-1)
        batch = PairwiseMoments.from_batch(rows.reshape(-1, rows.shape[-1]))
        return statistics.merge(batch)

    def merge(
        self, one: PairwiseMoments, other: PairwiseMoments
    ) -> PairwiseMoments:
        """Statistics of the windows of both."""
        return one.merge(other)

    def finalize(
        self,
        statistics: PairwiseMoments,
        held_out: PairwiseMoments | None = None,
    ) -> dict[str, Any]:
        """Takes the weights from the statistics of a whole pass.

        Args:
            statistics: of train.
            held_out: of no use.

        Returns:
            Numbers for metrics.json: none.

        Raises:
            ValueError: too few rows, or infinite ones.
        """
        kernel, bias = ridge_regression(
            statistics.mean,
            statistics.covariance(ddof=0),
            len(self.scored),
            self.settings.ridge,
        )
        self.kernel.assign(kernel)
        self.bias.assign(bias)
        return {}


def ridge_regression(
    mean: np.ndarray, covariance: np.ndarray, num_targets: int, ridge: float
) -> tuple[np.ndarray, np.ndarray]:
    """Weights that predict the last columns from those before them.

    They minimise the mean squared error plus `ridge` times the sum of squared
    weights; the bias has no penalty. Without a ridge, inputs that depend on
    one another share their weight: of all best solutions the smallest.

    Args:
        mean: `[input and target]`.
        covariance: `[input and target, input and target]`, divided by the
            number of rows.
        num_targets: columns at the end that are predicted.
        ridge: penalty, at least 0.

    Returns:
        Kernel `[input, target]` and bias `[target]`, float64.

    Raises:
        ValueError: a number is not finite.

    Example:
        >>> kernel, bias = ridge_regression(
        ...     np.array([1.0, 5.0]), np.array([[2.0, 4.0], [4.0, 8.0]]), 1, 0.0
        ... )
        >>> kernel.round(6), bias.round(6)
        (array([[2.]]), array([3.]))

    References:
        Hoerl, Kennard (1970), Ridge Regression, equation 2.1.
    """
    if not (np.isfinite(mean).all() and np.isfinite(covariance).all()):
        raise ValueError(
            "A regression needs finite moments. Received: infinite ones, from "
            "values that are too large. Give such columns the role `ignored`."
        )
    inputs = slice(0, len(mean) - num_targets)
    targets = slice(len(mean) - num_targets, len(mean))
    sizes, directions = scipy.linalg.eigh(covariance[inputs, inputs])
    # Pairs that were not observed in the same rows can contradict each other:
    # an eigenvalue below 0 says by how much, so none is trusted below that.
    sizes = np.maximum(sizes, -sizes[0]) + ridge
    smallest = inputs.stop * np.finfo(np.float64).eps * sizes[-1]
    is_used = sizes > smallest
    inverse = np.divide(1, sizes, out=np.zeros_like(sizes), where=is_used)
    projected = directions.T @ covariance[inputs, targets]
    kernel = directions @ (inverse[:, np.newaxis] * projected)
    return kernel, mean[targets] - mean[inputs] @ kernel
