import numpy as np
import pytest

from preprocessing import generators


@pytest.fixture
def generator():
    return np.random.default_rng(3)


def test_noise_is_uniform_around_the_template(generator):
    """Catches noise per sequence, a random phase, or another noise scale."""
    waves = generators.draw_waves(generator, 4)
    sequences = generators.normal_sequences(generator, waves, 5000, 12)
    template = waves.amplitude * np.sin(
        np.outer(np.arange(12), waves.frequency)
    )
    noise = sequences - template
    assert noise.min() >= 0 and noise.max() < 1
    np.testing.assert_allclose(noise.std(axis=0), 1 / np.sqrt(12), rtol=0.03)
    np.testing.assert_allclose(noise.mean(axis=0), 0.5, atol=0.02)
    neighbours = np.corrcoef(noise[:, 3, 1], noise[:, 4, 1])[0, 1]
    assert abs(neighbours) < 0.05


def test_waves_lie_in_the_talks_range(generator):
    """Catches a range of [0, 1) or one value for all features."""
    waves = generators.draw_waves(generator, 500)
    for values in (waves.frequency, waves.amplitude):
        assert values.min() >= 1 and values.max() < 2
        assert np.unique(values).size == 500


def test_tail_factor_is_8_to_20_with_both_signs(generator):
    """Catches one factor a sequence, a lost sign, a head that is touched."""
    normal = generator.uniform(1, 2, (200, 30, 5))
    factors = generators.with_tail_amplitude(generator, normal) / normal
    np.testing.assert_array_equal(factors[:, :21], 1)
    tail = factors[:, 21:]
    assert np.abs(tail).min() >= 8 - 1e-9 and np.abs(tail).max() < 20
    assert 0.45 < (tail > 0).mean() < 0.55
    assert np.unique(tail).size == tail.size


def test_driver_has_unit_variance_at_every_step(generator):
    """Catches a driver that starts at 0 or grows."""
    drivers = np.stack(
        [generators.slow_driver(generator, 60) for _ in range(4000)]
    )
    np.testing.assert_allclose(drivers.var(axis=0), 1, rtol=0.12)
    lag_one = (drivers[:, 1:] * drivers[:, :-1]).mean()
    assert lag_one == pytest.approx(0.99, abs=0.05)


def test_long_series_is_sine_plus_driver_plus_noise(generator):
    """Catches a forgotten term; the sum is written out cell by cell."""
    series = generators.long_series(generator, 50, 3)
    t, j = 17, 2
    expected = (
        series.amplitude[j] * np.sin(series.frequency[j] * t + series.phase[j])
        + series.loading[j] * series.driver[t]
        + series.noise[t, j]
    )
    assert series.values[t, j] == pytest.approx(expected)
    assert series.values.shape == (50, 3)
