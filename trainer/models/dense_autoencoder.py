"""Dense autoencoder with two views: time steps and whole features."""

import dataclasses
import itertools
import logging

import keras
import tensorflow as tf

from trainer import config
from trainer.config import setting
from trainer.layers.missing import masked_mean_square
from trainer.models.network import Network

__all__ = ["DenseAutoencoder", "Settings"]


@dataclasses.dataclass(frozen=True)
class Settings(config.Settings):
    """Network dense_autoencoder."""

    encoder_units: tuple[int, ...] = setting(
        (64, 32, 16), "widths of the encoder's layers", minimum=1
    )
    decoder_units: tuple[int, ...] = setting(
        (16, 32, 64), "widths of the decoder's layers, as used", minimum=1
    )
    time_latent_size: int = setting(
        0, "latent width of the time view; 0 = 8, or half its output", minimum=0
    )
    feature_latent_size: int = setting(
        0, "latent width of the feature view; 0 = as above", minimum=0
    )
    time_weight: float = setting(1.0, "weight of the time loss", minimum=0)
    feature_weight: float = setting(
        1.0, "weight of the feature loss", minimum=0
    )

    def usual_window_length(self, num_warm_up_steps: int) -> int:
        """Time steps a window, where nobody says."""
        return 30

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.time_weight + self.feature_weight == 0:
            raise ValueError(
                "One of `time_weight`, `feature_weight` must be above 0. "
                "Received: both 0"
            )


@keras.saving.register_keras_serializable("residua")
class DenseAutoencoder(Network):
    """Reconstructs each time step, and each feature's whole window.

    Two autoencoders that share nothing: the time view reads the features of
    one step and gives back the scored ones; the feature view reads one
    scored feature's window and gives it back, one set of weights for all
    features. Hidden layers are ReLU, the latent and the output are linear,
    so that negative values can be reached. Each branch has its own loss.

    Args: as of `Network`.

    References:
        Google Advanced Solutions Lab, "Time Series Anomaly Detection" (2019).
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
        seeds = itertools.count(1000 * seed)
        self._time = _autoencoder(
            self.settings,
            num_inputs,
            len(self.scored),
            self.settings.time_latent_size,
            "time_latent_size",
            seeds,
        )
        self._feature = _autoencoder(
            self.settings,
            window_length,
            window_length,
            self.settings.feature_latent_size,
            "feature_latent_size",
            seeds,
        )

    def build(self, input_shape):
        """Builds both branches; the shape is known from the constructor."""
        self._time.build((None, self.window_length, self.num_inputs))
        self._feature.build((None, len(self.scored), self.window_length))
        self.built = True

    def call(self, values, seed=None):
        """Residuals of both views.

        Args:
            values: `[batch, time, input feature]` float32, scaled, filled.
            seed: of nothing.

        Returns:
            Part name to residuals `[batch, time, scored feature]`, observed
            minus reconstructed value.
        """
        scored = tf.gather(values, self.scored, axis=-1)
        by_feature = tf.transpose(scored, [0, 2, 1])
        return {
            "time_view": scored - self._time(values),
            "feature_view": tf.transpose(
                by_feature - self._feature(by_feature), [0, 2, 1]
            ),
        }

    def loss(self, residuals, observed):
        """Weighted mean of both views' mean squared errors.

        Args:
            residuals: what `call` returned.
            observed: `[batch, time, scored feature]` bool.

        Returns:
            Scalar float32; cells not observed do not count.
        """
        time = masked_mean_square(residuals["time_view"], observed)
        feature = masked_mean_square(residuals["feature_view"], observed)
        weights = self.settings.time_weight, self.settings.feature_weight
        return (weights[0] * time + weights[1] * feature) / sum(weights)


def _autoencoder(settings, num_inputs, num_outputs, latent, name, seeds):
    layers = []
    widths = [
        *((width, "relu") for width in settings.encoder_units),
        # Covariates are read, not given back: they widen no bottleneck.
        (_latent_size(latent, min(num_inputs, num_outputs), name), None),
        *((width, "relu") for width in settings.decoder_units),
        (num_outputs, None),
    ]
    for width, activation in widths:
        initializer = keras.initializers.GlorotUniform(next(seeds))
        layers.append(
            keras.layers.Dense(
                width, activation=activation, kernel_initializer=initializer
            )
        )
    return keras.Sequential(layers)


def _latent_size(latent: int, width: int, name: str) -> int:
    if latent == 0:
        latent = max(1, min(8, width // 2))
    if width == 1 and latent == 1:
        logging.getLogger(__name__).warning(
            "`%s`: a view that gives back 1 value has no bottleneck, so it "
            "learns to copy; rely on the other view.",
            name,
        )
    elif latent >= width:
        raise ValueError(
            f"`{name}` must be below the width that its view gives back, "
            f"{width}, or the view learns to copy. Received: {name}={latent}. "
            "Leave the flag out."
        )
    return latent
