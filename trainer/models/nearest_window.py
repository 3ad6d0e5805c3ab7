"""Nearest window: how far the last steps are from anything seen in train."""

import dataclasses
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from trainer import config
from trainer.config import setting
from trainer.layers.missing import masked_mean_square
from trainer.models.network import Network
from trainer.statistics.window_bank import WindowBank

__all__ = ["NearestWindow", "Settings", "nearest_distance"]

# With a bank of usual size, one product fits into a core's cache.
_WINDOWS_A_PRODUCT = 256


@dataclasses.dataclass(frozen=True)
class Settings(config.Settings):
    """Network nearest_window."""

    neighbour_length: int = setting(
        40, "time steps of the windows that are compared", minimum=1
    )
    bank_size: int = setting(
        2000,
        "windows of train to compare with, a feature; time grows with it",
        minimum=1,
    )

    def usual_window_length(self, num_warm_up_steps: int) -> int:
        """Time steps of a window that is served alone, where nobody says."""
        return self.neighbour_length + num_warm_up_steps


@keras.saving.register_keras_serializable("residua")
class NearestWindow(Network):
    """Distance of each feature's last steps from the nearest ones of train.

    The bank that is searched is a sample of train's windows, the same
    whatever the order of the rows. Features are searched one by one.

    Args: as of `Network`: window_length is at least the neighbours' length.

    References:
        Ramaswamy, Rastogi, Shim (2000), Efficient algorithms for mining
        outliers from large data sets, section 2, with k = 1.
    """

    settings_class = Settings
    parts = ("window_distance",)
    is_closed_form = True
    slides = True

    def __init__(
        self, settings, window_length, num_inputs, scored, seed, **kwargs
    ):
        super().__init__(
            settings, window_length, num_inputs, scored, seed, **kwargs
        )
        self.context_length = self.settings.neighbour_length - 1
        # A distance is of all rows of a window: its middle lies behind.
        self.delays = (self.settings.neighbour_length // 2,)
        if window_length <= self.context_length:
            raise ValueError(
                "`window_length` must be at least `neighbour_length`, so that "
                "a step can be compared. Received: window_length="
                f"{window_length}, neighbour_length="
                f"{self.settings.neighbour_length}. "
                f"Add --neighbour_length={window_length}."
            )

    def build(self, input_shape):
        """Makes the weights; the shapes follow from the constructor."""
        num_scored = len(self.scored)
        self.bank = self.add_weight(
            name="bank",
            shape=(
                num_scored,
                self.settings.bank_size,
                self.settings.neighbour_length,
            ),
            initializer="zeros",
            trainable=False,
        )
        self.num_windows = self.add_weight(
            name="num_windows",
            shape=(num_scored,),
            dtype="int32",
            initializer="zeros",
            trainable=False,
        )
        self.built = True

    def call(self, values):
        """Distances from the bank.

        Args:
            values: `[batch, time, input feature]` float32, scaled, filled;
                of any number of steps above the context.

        Returns:
            Part name to Euclidean distances `[batch, time - context_length,
            scored feature]`, of the steps up to each one; NaN where the bank
            is empty.
        """
        scored = tf.gather(values, self.scored, axis=-1)
        distance = tf.map_fn(
            lambda of_feature: self._distance(*of_feature),
            (
                tf.transpose(scored, (2, 0, 1)),
                tf.convert_to_tensor(self.bank),
            ),
            fn_output_signature=tf.TensorSpec((None, None), scored.dtype),
        )
        distance = tf.transpose(distance, (1, 2, 0))
        is_known = tf.convert_to_tensor(self.num_windows) > 0
        return {"window_distance": tf.where(is_known, distance, np.nan)}

    def _distance(self, series, bank):
        """Of one feature: `[batch, time]` to `[batch, window]`."""
        length = self.settings.neighbour_length
        shape = tf.shape(series) - (0, self.context_length)
        windows = tf.stack(
            [series[:, shift : shift + shape[1]] for shift in range(length)],
            axis=-1,
        )
        distance = nearest_distance(tf.reshape(windows, (-1, length)), bank)
        return tf.reshape(distance, shape)

    def loss(self, residuals, observed):
        """Mean squared distance over observed cells.

        Args:
            residuals: what `call` returned.
            observed: `[batch, time - context_length, scored feature]` bool.
        """
        return masked_mean_square(residuals["window_distance"], observed)

    def empty_statistics(self) -> WindowBank:
        """Statistics of no windows, to start a pass with."""
        return WindowBank.empty(
            len(self.scored),
            self.settings.bank_size,
            self.settings.neighbour_length,
        )

    def update(
        self, statistics: WindowBank, values: np.ndarray, observed: np.ndarray
    ) -> WindowBank:
        """Statistics with more windows.

        Args:
            statistics: of the windows before; not changed.
            values: as in `call`, NumPy.
            observed: `[batch, time, scored feature]` bool; a window with a
                filled cell never happened, and is left out.
        """
        batch = WindowBank.from_batch(
            values[..., list(self.scored)],
            observed,
            self.settings.bank_size,
            self.settings.neighbour_length,
        )
        return statistics.merge(batch)

    def merge(self, one: WindowBank, other: WindowBank) -> WindowBank:
        """Statistics of the windows of both."""
        return one.merge(other)

    def finalize(
        self, statistics: WindowBank, held_out: WindowBank | None = None
    ) -> dict[str, Any]:
        """Takes the weights from the statistics of a whole pass.

        Args:
            statistics: of train.
            held_out: of no use.

        Returns:
            Numbers for metrics.json: none.

        Raises:
            ValueError: a feature has no window in which all was measured.
        """
        num_windows = statistics.num_windows
        if not num_windows.all():
            column = int(np.argmin(num_windows))
            raise ValueError(
                f"Each scored column needs {self.settings.neighbour_length} "
                "rows of train in a row that were all measured. Received: "
                f"none in column {column} of {len(self.scored)} scored ones. "
                "Shorten --neighbour_length, or give a column that is hardly "
                "measured the role `ignored`."
            )
        is_there = np.arange(self.settings.bank_size) < num_windows[:, None]
        windows = statistics.windows
        # Copies of a window change no smallest distance.
        self.bank.assign(np.where(is_there[..., None], windows, windows[:, :1]))
        self.num_windows.assign(num_windows)
        return {}


def nearest_distance(windows: tf.Tensor, bank: tf.Tensor) -> tf.Tensor:
    """Euclidean distance of each window from the nearest of a bank.

    The squares come from matrix products, |w|**2 - 2 w.b + |b|**2, whose terms
    cancel. In float64 that costs about 1e-7 of |w| at most, as much as the
    rounding of the values to float32 has cost before.

    Args:
        windows: `[window, time]` float32.
        bank: `[window of the bank, time]` float32, at least one.

    Returns:
        `[window]` float32.
    """
    num_windows, length = tf.shape(windows)[0], windows.shape[-1]
    exact = tf.cast(windows, tf.float64)
    bank = tf.cast(bank, tf.float64)
    # A last column of 1 brings |b|**2 into the product.
    squares = tf.reduce_sum(tf.square(bank), axis=-1, keepdims=True)
    factors = tf.concat([-2 * bank, squares], axis=-1)
    chunks = tf.pad(
        tf.concat([exact, tf.ones_like(exact[:, :1])], axis=-1),
        [[0, -num_windows % _WINDOWS_A_PRODUCT], [0, 0]],
    )
    smallest = tf.map_fn(
        lambda chunk: tf.reduce_min(
            tf.matmul(chunk, factors, transpose_b=True), axis=-1
        ),
        tf.reshape(chunks, (-1, _WINDOWS_A_PRODUCT, length + 1)),
    )
    smallest = tf.reshape(smallest, (-1,))[:num_windows]
    squared = tf.reduce_sum(tf.square(exact), axis=-1) + smallest
    return tf.cast(tf.sqrt(tf.maximum(squared, 0)), windows.dtype)
