"""Lines of errors after each epoch, for logs that are searched for them."""

import logging

import keras
import numpy as np
import tensorflow as tf

from trainer.dataset import Windows

__all__ = ["MetricLines"]

_WINDOWS_A_BATCH = 256
_RULE = 40 * "-"

_logger = logging.getLogger(__name__)


class MetricLines(keras.callbacks.Callback):
    """Tells mean squared and mean absolute errors, in scaled units.

    They are those of the network as it is after an epoch, without dropout,
    over all cells that were observed. A pass over train an epoch is the price.

    Args:
        train: windows that the network learns from.
        valid: other windows to tell of; None = there are none.
    """

    def __init__(self, train: Windows, valid: Windows | None = None):
        super().__init__()
        self._windows = {"train": train}
        if valid is not None:
            self._windows["valid"] = valid
        self._sums = tf.function(self._error_sums, reduce_retracing=True)

    def on_epoch_end(self, epoch, logs=None):
        """Tells the errors after an epoch in one line."""
        texts = [f"{name}: {error}" for name, error in self._errors("_")]
        _logger.info("epoch: %d %s", epoch + 1, " ".join(texts))

    def tell_last(self) -> None:
        """Tells the errors of the network that is kept."""
        _logger.info("%s", _RULE)
        for name, error in self._errors(":"):
            _logger.info("%s %s", name, error)
        _logger.info("%s", _RULE)

    def _errors(self, separator: str) -> list[tuple[str, str]]:
        """Name and value of each error; programs read no exponents."""
        return [
            (f"{split}{separator}{kind}", f"{error:.8f}")
            for split, windows in self._windows.items()
            for kind, error in zip(
                ("mse", "mae"), self._mean_errors(windows), strict=True
            )
        ]

    def _mean_errors(self, windows: Windows) -> np.ndarray:
        """Mean squared and mean absolute error; NaN of no cell."""
        batches = windows.batches(_WINDOWS_A_BATCH)
        sums = sum(self._sums(batch).numpy() for batch in batches)
        with np.errstate(invalid="ignore"):
            return sums[:2] / sums[2]

    def _error_sums(self, values: tf.Tensor) -> tf.Tensor:
        """Squares, absolute values and number of the observed residuals."""
        inputs, observed = self.model.prepare(values)
        known = [
            tf.boolean_mask(part, observed[:, -part.shape[1] :])
            for part in self.model.network.learn(inputs).values()
        ]
        errors = tf.cast(tf.concat(known, 0), tf.float64)
        return tf.stack(
            [
                tf.reduce_sum(tf.square(errors)),
                tf.reduce_sum(tf.abs(errors)),
                tf.cast(tf.size(errors), tf.float64),
            ]
        )
