"""Synthetic series: the talk's short sequences, and long normal series."""

import dataclasses

import numpy as np
from scipy.signal import lfilter

__all__ = [
    "LongSeries",
    "Waves",
    "draw_waves",
    "long_series",
    "normal_sequences",
    "signed_factors",
    "slow_driver",
    "with_tail_amplitude",
]

NORMAL_PERCENT = 70
DRIVER_MEMORY = 0.99


@dataclasses.dataclass(frozen=True)
class Waves:
    """The sine of each feature, shared by all sequences.

    Attributes:
        frequency: `[feature]`, radians a time step.
        amplitude: `[feature]`, raw units.
    """

    frequency: np.ndarray
    amplitude: np.ndarray


def draw_waves(generator: np.random.Generator, num_features: int) -> Waves:
    """Draws frequencies and amplitudes, both uniform in [1, 2)."""
    return Waves(
        generator.uniform(1.0, 2.0, num_features),
        generator.uniform(1.0, 2.0, num_features),
    )


def normal_sequences(
    generator: np.random.Generator,
    waves: Waves,
    num_sequences: int,
    length: int,
) -> np.ndarray:
    """The talk's normal sequences: one sine of phase 0 plus uniform noise.

    Returns:
        `[sequence, time, feature]` float64.
    """
    template = waves.amplitude * np.sin(
        np.arange(length)[:, None] * waves.frequency
    )
    shape = (num_sequences, *template.shape)
    return template + generator.uniform(0.0, 1.0, shape)


def with_tail_amplitude(
    generator: np.random.Generator, sequences: np.ndarray
) -> np.ndarray:
    """The talk's anomaly: the last 30 % of each sequence is blown up.

    Each cell of the tail is multiplied by a factor of its own, uniform in
    [8, 20), with a random sign.

    Args:
        generator: source of the factors.
        sequences: `[sequence, time, feature]`.
    """
    anomalous = sequences.copy()
    start = sequences.shape[1] * NORMAL_PERCENT // 100
    anomalous[:, start:] *= signed_factors(
        generator, anomalous[:, start:].shape
    )
    return anomalous


@dataclasses.dataclass(frozen=True)
class LongSeries:
    """One long normal series and what it was made of.

    The values are `amplitude * sin(frequency * t + phase) + loading * driver
    + noise`: each sensor has a sine of its own, and all follow one slow
    driver, which is what correlates them.

    Attributes:
        frequency: `[feature]`, radians a time step.
        amplitude: `[feature]`.
        phase: `[feature]`, radians.
        loading: `[feature]`, how much of the driver a sensor shows.
        driver: `[time]`, unit variance.
        noise: `[time, feature]`.
    """

    frequency: np.ndarray
    amplitude: np.ndarray
    phase: np.ndarray
    loading: np.ndarray
    driver: np.ndarray
    noise: np.ndarray

    @property
    def values(self) -> np.ndarray:
        """`[time, feature]`, the normal series."""
        waves = self.waves(np.arange(len(self.driver)))
        return waves + self.loading * self.driver[:, None] + self.noise

    def waves(self, steps: np.ndarray) -> np.ndarray:
        """The sines alone, `[time, feature]`.

        Args:
            steps: `[time]` or `[time, feature]`, time steps or parts of one.
        """
        steps = steps[:, None] if steps.ndim == 1 else steps
        return self.amplitude * np.sin(self.frequency * steps + self.phase)


def long_series(
    generator: np.random.Generator, num_steps: int, num_features: int
) -> LongSeries:
    """Draws a normal series with periods of 20 to 60 steps, random phase."""
    return LongSeries(
        frequency=2 * np.pi / generator.uniform(20.0, 60.0, num_features),
        amplitude=generator.uniform(1.0, 2.0, num_features),
        phase=generator.uniform(0.0, 2 * np.pi, num_features),
        loading=generator.uniform(0.5, 1.5, num_features),
        driver=slow_driver(generator, num_steps),
        noise=generator.uniform(0.0, 0.5, (num_steps, num_features)),
    )


def slow_driver(generator: np.random.Generator, num_steps: int) -> np.ndarray:
    """First-order autoregression of mean 0 and variance 1, `[time]`."""
    shocks = generator.normal(size=num_steps)
    shocks[1:] *= np.sqrt(1 - DRIVER_MEMORY**2)
    return lfilter([1.0], [1.0, -DRIVER_MEMORY], shocks)


def signed_factors(
    generator: np.random.Generator, shape: tuple[int, ...]
) -> np.ndarray:
    """The talk's factors: uniform in [8, 20) with a random sign."""
    return generator.uniform(8.0, 20.0, shape) * generator.choice(
        (-1.0, 1.0), shape
    )
