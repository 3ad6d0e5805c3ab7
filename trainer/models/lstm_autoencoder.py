"""LSTM autoencoder: a window into one state, and back out of it."""

import dataclasses
import itertools
import logging

import keras
import tensorflow as tf

from trainer import config
from trainer.config import setting
from trainer.layers.dropout import SeededDropout
from trainer.layers.lstm import LSTM
from trainer.layers.missing import masked_mean_square
from trainer.models.network import Network

__all__ = ["LSTMAutoencoder", "Settings"]


@dataclasses.dataclass(frozen=True)
class Settings(config.Settings):
    """Network lstm_autoencoder."""

    encoder_units: tuple[int, ...] = setting(
        (64, 32, 16), "widths of the encoder's layers", minimum=1
    )
    decoder_units: tuple[int, ...] = setting(
        (16, 32, 64), "widths of the decoder's layers, as used", minimum=1
    )
    head_units: tuple[int, ...] = setting(
        (), "widths of ReLU layers between decoder and output", minimum=1
    )
    keep_probabilities: tuple[float, ...] = setting(
        (),
        "part of each layer's output that dropout keeps in training, encoder "
        "and decoder alike; empty = all",
        minimum=1e-6,
        maximum=1.0,
    )
    reverses_target: bool = setting(
        True, "give a window back from its last step to its first"
    )

    def usual_window_length(self, num_warm_up_steps: int) -> int:
        """Time steps a window, where nobody says."""
        return 30

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("encoder_units", "decoder_units"):
            units = getattr(self, name)
            if not units:
                raise ValueError(
                    f"`{name}` must name at least one layer. Received: "
                    f"{name}=(). Leave the flag out."
                )
            num_kept = len(self.keep_probabilities)
            if num_kept not in (0, len(units)):
                raise ValueError(
                    "`keep_probabilities` must hold one number for each "
                    f"layer of the encoder and of the decoder. Received: "
                    f"{num_kept} numbers, {name}={units}. Make the lists "
                    "equally long, or leave --keep_probabilities out."
                )


@keras.saving.register_keras_serializable("residua")
class LSTMAutoencoder(Network):
    """Encodes a window into one state, and decodes it step by step.

    The encoder reads all inputs; the last state of its last layer, brought to
    the decoder's width, is all that the decoder is given. The decoder gives
    back the scored features, a step from the one before: in training from
    what was true there (teacher forcing), else from what it gave itself. The
    first step is given zeros. Both views are the same residuals.

    Args: as of `Network`.

    References:
        Malhotra et al. (2016), LSTM-based Encoder-Decoder for Multi-sensor
        Anomaly Detection, section 2.1; Google Advanced Solutions Lab, "Time
        Series Anomaly Detection" (2019).
    """

    settings_class = Settings
    parts = ("time_view", "feature_view")
    delays = (0, 0)

    def __init__(
        self, settings, window_length, num_inputs, scored, seed, **kwargs
    ):
        super().__init__(
            settings, window_length, num_inputs, scored, seed, **kwargs
        )
        encoder_units = self.settings.encoder_units
        decoder_units = self.settings.decoder_units
        _warn_without_bottleneck(
            2 * encoder_units[-1], window_length * len(self.scored)
        )
        seeds = itertools.count(1000 * seed)
        self._encoder = [LSTM(units, next(seeds)) for units in encoder_units]
        self._bridges = [_dense(decoder_units[0], next(seeds)) for _ in "hc"]
        self._decoder = [LSTM(units, next(seeds)) for units in decoder_units]
        self._head = [
            *(
                _dense(units, next(seeds), "relu")
                for units in self.settings.head_units
            ),
            _dense(len(self.scored), next(seeds)),
        ]
        numbers = itertools.count()
        self._encoder_dropouts, self._decoder_dropouts = (
            [
                SeededDropout(1 - probability, next(numbers))
                for probability in self.settings.keep_probabilities
                or (1.0,) * len(units)
            ]
            for units in (encoder_units, decoder_units)
        )

    def build(self, input_shape):
        """Builds all layers; the shapes are known from the constructor."""
        width = self.num_inputs
        for layer in self._encoder:
            layer.build((None, self.window_length, width))
            width = layer.units
        for layer in self._bridges:
            layer.build((None, width))
        width = len(self.scored)
        for layer in (*self._decoder, *self._head):
            layer.build((None, self.window_length, width))
            width = layer.units
        self.built = True

    def call(self, values, seed=None):
        """Residuals, the same ones as both views.

        Args:
            values: `[batch, time, input feature]` float32, scaled, filled.
            seed: int32 `[2]` of this step's dropout, in training alone: with
                it the decoder is teacher forced, else it runs freely.

        Returns:
            Part name to residuals `[batch, time, scored feature]`, observed
            minus reconstructed value.
        """
        target = tf.gather(values, self.scored, axis=-1)
        if self.settings.reverses_target:
            target = tf.reverse(target, [1])
        latent = self._encode(values, seed)
        if seed is None:
            predicted = self._run_freely(latent)
        else:
            predicted = self._teacher_forced(latent, target, seed)
        residuals = target - predicted
        if self.settings.reverses_target:
            residuals = tf.reverse(residuals, [1])
        return dict.fromkeys(self.parts, residuals)

    def _encode(self, values, seed):
        """Hidden and cell state that the decoder's first layer begins with."""
        layers = zip(self._encoder, self._encoder_dropouts, strict=True)
        for layer, dropout in layers:
            # Without a seed the graph may be exported.
            values, state = layer(values, is_portable=seed is None)
            values = dropout(values, seed)
        return tuple(
            bridge(each)
            for bridge, each in zip(self._bridges, state, strict=True)
        )

    def _teacher_forced(self, latent, target, seed):
        """Each step from the true one before it, the first from zeros."""
        values = tf.pad(target[:, :-1], [[0, 0], [1, 0], [0, 0]])
        state = latent
        layers = zip(self._decoder, self._decoder_dropouts, strict=True)
        for layer, dropout in layers:
            values, _ = layer(values, state)
            values = dropout(values, seed)
            state = None
        return self._projected(values)

    def _run_freely(self, latent):
        """Each step from what was given back before it."""
        num_windows = tf.shape(latent[0])[0]
        steps = [layer.step_function() for layer in self._decoder]

        def decode(position, values, states, predicted):
            after = []
            for step, state in zip(steps, states, strict=True):
                values, cell = step(values, *state)
                after.append((values, cell))
            values = self._projected(values)
            predicted = predicted.write(position, values)
            return position + 1, values, after, predicted

        first = tf.zeros((num_windows, len(self.scored)))
        states = [latent] + [
            (tf.zeros((num_windows, layer.units)),) * 2
            for layer in self._decoder[1:]
        ]
        predicted = tf.TensorArray(first.dtype, self.window_length)
        *_, predicted = tf.while_loop(
            lambda position, *_: position < self.window_length,
            decode,
            (0, first, states, predicted),
            maximum_iterations=self.window_length,
        )
        return tf.transpose(predicted.stack(), (1, 0, 2))

    def _projected(self, values):
        for layer in self._head:
            values = layer(values)
        return values

    def loss(self, residuals, observed):
        """Mean squared error over observed cells.

        Args:
            residuals: what `call` returned.
            observed: `[batch, time, scored feature]` bool.
        """
        return masked_mean_square(residuals[self.parts[0]], observed)


def _dense(units: int, seed: int, activation: str | None = None):
    initializer = keras.initializers.GlorotUniform(seed)
    return keras.layers.Dense(
        units, activation=activation, kernel_initializer=initializer
    )


def _warn_without_bottleneck(latent_size: int, num_cells: int) -> None:
    if latent_size >= num_cells:
        logging.getLogger(__name__).warning(
            "`encoder_units`: a latent state of %d numbers is no bottleneck "
            "for the %d cells of a window, so the network learns to copy; "
            "make the last layer smaller or the window longer.",
            latent_size,
            num_cells,
        )
