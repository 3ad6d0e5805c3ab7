"""LSTM forecaster: the next steps of a series from those before."""

import dataclasses

import keras
import tensorflow as tf

from trainer import config
from trainer.config import setting
from trainer.layers.dropout import SeededDropout
from trainer.layers.lstm import LSTM
from trainer.layers.missing import masked_mean_square
from trainer.models.network import Network

__all__ = ["LSTMForecaster", "Settings"]

# Bounds the memory: each step of each context has states of all layers.
_CONTEXTS_AT_ONCE = 512


@dataclasses.dataclass(frozen=True)
class Settings(config.Settings):
    """Network lstm_forecaster."""

    units: tuple[int, ...] = setting(
        (64,), "widths of the LSTM layers, or one of all of them", minimum=1
    )
    num_layers: int = setting(
        2, "LSTM layers, where `units` is one number", minimum=1
    )
    dropout: float = setting(
        0.1,
        "part of each layer's output that is dropped in training",
        minimum=0.0,
        maximum=0.99,
    )
    context_length: int = setting(
        100, "steps that a forecast is made from", minimum=1
    )
    horizon: int = setting(10, "steps that a forecast tells", minimum=1)
    forecast_stride: int = setting(
        0,
        "steps between two forecasts when a series is scored; 0 = the horizon",
        minimum=0,
    )
    overlap: str = setting(
        "newest",
        "of several forecasts of a step the newest one, or the mean",
        choices=("newest", "mean"),
    )

    @property
    def widths(self) -> tuple[int, ...]:
        """Units of each layer."""
        is_one = len(self.units) == 1
        return self.units * self.num_layers if is_one else self.units

    @property
    def stride(self) -> int:
        """Steps between two forecasts when a series is scored."""
        return self.forecast_stride or self.horizon

    @property
    def num_overlapping(self) -> int:
        """Forecasts that tell of each step."""
        return 1 if self.overlap == "newest" else self.horizon // self.stride

    def usual_window_length(self, num_warm_up_steps: int) -> int:
        """Time steps of a window that is served alone, where nobody says."""
        num_context = self.context_length
        num_context += (self.num_overlapping - 1) * self.stride
        return num_context + self.stride + num_warm_up_steps

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.units:
            raise ValueError(
                "`units` must name at least one layer. Received: units=(). "
                "Leave the flag out."
            )
        if self.forecast_stride > self.horizon:
            raise ValueError(
                "`forecast_stride` must not be above `horizon`, or steps have "
                f"no forecast. Received: forecast_stride="
                f"{self.forecast_stride}, horizon={self.horizon}. Add "
                f"--forecast_stride={self.horizon} or less."
            )
        if self.overlap == "mean" and self.horizon % self.stride:
            raise ValueError(
                "`horizon` must be a multiple of `forecast_stride` where the "
                "mean is taken, so that each step has as many forecasts. "
                f"Received: horizon={self.horizon}, forecast_stride="
                f"{self.forecast_stride}. Add --forecast_stride=1."
            )


@keras.saving.register_keras_serializable("residua")
class LSTMForecaster(Network):
    """Forecasts the scored features of the next steps from all inputs.

    Layers of LSTM read the context; from what the last one gives at its last
    step, all steps of the horizon are told at once, none from another's
    forecast. Dropout follows each layer, in training alone.

    Training minimises the error of all steps of the horizon. When a series is
    scored a forecast is made every `stride` steps, so each step is told by
    the newest forecast that was made before it, or by the mean of all.

    Args: as of `Network`; window_length is more than the context.

    References:
        Malhotra et al. (2015), Long Short Term Memory Networks for Anomaly
        Detection in Time Series, section 2; Hundman et al. (2018), Detecting
        Spacecraft Anomalies Using LSTMs and Nonparametric Dynamic
        Thresholding, section 3.1.
    """

    settings_class = Settings
    parts = ("forecast",)
    slides = True
    delays = (0,)

    def __init__(
        self, settings, window_length, num_inputs, scored, seed, **kwargs
    ):
        super().__init__(
            settings, window_length, num_inputs, scored, seed, **kwargs
        )
        given = self.settings
        self.stride = given.stride
        self.learning_length = given.context_length + given.horizon
        self.context_length = given.context_length + (
            (given.num_overlapping - 1) * given.stride
        )
        if window_length <= self.context_length:
            raise ValueError(
                "`window_length` must be above the steps that forecasts are "
                f"made from. Received: window_length={window_length}, "
                f"{self.context_length} such steps. Add --context_length="
                f"{max(1, window_length // 2)}."
            )
        self._lstm_layers = [
            LSTM(units, 1000 * seed + number)
            for number, units in enumerate(given.widths)
        ]
        self._dropouts = [
            SeededDropout(given.dropout, number)
            for number in range(len(given.widths))
        ]
        self._head = keras.layers.Dense(
            given.horizon * len(self.scored),
            kernel_initializer=keras.initializers.GlorotUniform(
                1000 * seed + len(given.widths)
            ),
        )

    def build(self, input_shape):
        """Builds all layers; the shapes are known from the constructor."""
        width = self.num_inputs
        for layer in self._lstm_layers:
            layer.build((None, self.settings.context_length, width))
            width = layer.units
        self._head.build((None, width))
        self.built = True

    def call(self, values):
        """Residuals of the steps behind the context.

        Args:
            values: `[batch, time, input feature]` float32, scaled, filled.

        Returns:
            Part name to residuals `[batch, time, scored feature]`, observed
            minus forecast value.
        """
        stride, num_overlapping = self.stride, self.settings.num_overlapping
        target = tf.gather(
            values[:, self.context_length :], self.scored, axis=-1
        )
        batch_size, num_steps, num_scored = tf.unstack(tf.shape(target))
        num_blocks = -(-num_steps // stride)
        num_forecasts = num_blocks + num_overlapping - 1
        first = tf.range(num_forecasts) * stride
        begins = tf.range(batch_size) * tf.shape(values)[1]
        starts = tf.reshape(begins[:, tf.newaxis] + first, [-1])
        rows = tf.reshape(values, (-1, self.num_inputs))
        forecasts = tf.reshape(
            self._forecast_from(rows, starts),
            (batch_size, num_forecasts, self.settings.horizon, num_scored),
        )
        # The newest of a block's forecasts tells it with its first steps, one
        # that is older by `age` blocks with later ones.
        blocks = []
        for age in range(num_overlapping):
            begin = num_overlapping - 1 - age
            told = slice(age * stride, (age + 1) * stride)
            blocks.append(forecasts[:, begin : begin + num_blocks, told])
        mean = tf.add_n(blocks) / num_overlapping
        whole = tf.reshape(mean, (batch_size, num_blocks * stride, num_scored))
        return {"forecast": target - whole[:, :num_steps]}

    def _forecast_from(self, rows, starts):
        """Forecasts from contexts that begin at rows, some at a time."""
        shape = self.settings.horizon, len(self.scored)

        def forecast(some):
            length = self.settings.context_length
            steps = some[:, tf.newaxis] + tf.range(length)
            return self._forecast(tf.gather(rows, steps))

        def forecast_in_groups():
            size = tf.minimum(count, _CONTEXTS_AT_ONCE)
            # The last ones are told again until all groups are full.
            num_groups = -(-count // size)
            positions = tf.minimum(tf.range(num_groups * size), count - 1)
            groups = tf.gather(starts, positions)
            forecasts = tf.map_fn(
                forecast,
                tf.reshape(groups, (num_groups, size)),
                fn_output_signature=tf.TensorSpec((None, *shape), rows.dtype),
                parallel_iterations=1,
            )
            return tf.reshape(forecasts, (-1, *shape))[:count]

        count = starts.shape[0]
        if count is not None:
            is_few = count <= _CONTEXTS_AT_ONCE
            return forecast(starts) if is_few else forecast_in_groups()
        count = tf.shape(starts)[0]
        return tf.cond(
            count > 0, forecast_in_groups, lambda: tf.zeros((0, *shape))
        )

    def learn(self, values, seed=None):
        """Residuals of all steps of the horizon.

        Args:
            values: `[batch, learning_length, input feature]` float32.
            seed: int32 `[2]` of this step's dropout, in training alone.

        Returns:
            Part name to residuals `[batch, horizon, scored feature]`.
        """
        num_context = self.settings.context_length
        target = tf.gather(values[:, num_context:], self.scored, axis=-1)
        return {
            "forecast": target - self._forecast(values[:, :num_context], seed)
        }

    def _forecast(self, contexts, seed=None):
        """Forecasts `[batch, horizon, scored feature]`."""
        values = contexts
        layers = zip(self._lstm_layers, self._dropouts, strict=True)
        for layer, dropout in layers:
            # Without a seed the graph may be exported.
            values, state = layer(values, is_portable=seed is None)
            # Of the last layer only the last step counts.
            is_last = layer is self._lstm_layers[-1]
            values = dropout(state[0] if is_last else values, seed)
        flat = self._head(values)
        shape = self.settings.horizon, len(self.scored)
        return tf.reshape(flat, (-1, *shape))

    def loss(self, residuals, observed):
        """Mean squared error over observed cells.

        Args:
            residuals: what `learn` returned.
            observed: `[batch, horizon, scored feature]` bool.
        """
        return masked_mean_square(residuals["forecast"], observed)
