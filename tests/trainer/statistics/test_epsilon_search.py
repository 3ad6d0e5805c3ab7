"""The search for a threshold against loops over thresholds and sets."""

import numpy as np
import pytest
from telemanom_oracle import epsilon_of, error_series, smoothed

from trainer.statistics.dynamic_parameters import DynamicParameters
from trainer.statistics.epsilon_search import best_epsilon


def search(values, buffer_steps=100, **settings):
    mean, deviation = values.mean(), values.std()
    parameters = DynamicParameters(**settings)
    epsilon = best_epsilon(values, mean, deviation, buffer_steps, parameters)
    return (epsilon - mean) / deviation


@pytest.mark.parametrize("seed", range(40))
def test_thresholds_equal_those_of_the_loops(seed):
    """Catches runs or steps counted wrongly, at edges and where they join."""
    values = smoothed(error_series(seed), 20, True)[:2100]
    mean, deviation = values.mean(), values.std()
    for buffer_steps in (1, 7, 99):
        for side in (values, 2 * mean - values):
            found = best_epsilon(
                side, mean, deviation, buffer_steps, DynamicParameters()
            )
            assert found == epsilon_of(side, mean, deviation, buffer_steps)


def test_of_equal_ratings_the_highest_threshold_counts():
    """Catches the first of equally good thresholds."""
    values = np.array([0.0, 1.0] * 100 + [50.0])
    deviations_of_peak = (50 - values.mean()) / values.std()
    assert 11.5 < deviations_of_peak
    assert search(values, 3) == pytest.approx(11.5)


def test_a_large_mean_costs_no_digits():
    """Catches variances from sums of squares that are not centred."""
    generator = np.random.default_rng(3)
    values = np.abs(generator.normal(size=500))
    values[100:110] += 2.0
    values[300:305] += 1.0
    values += 1e8
    found = best_epsilon(
        values, values.mean(), values.std(), 5, DynamicParameters()
    )
    assert found == epsilon_of(values, values.mean(), values.std(), 5)


def test_too_many_runs_or_steps_are_not_acceptable():
    """Catches `<` for `<=` in the number of runs, or steps without buffer."""
    values = np.ones(1000)
    values[100:1000:150] = 5.0
    assert search(values, 10) == pytest.approx(12)
    assert search(values, 10, most_runs=6) < 12
    wide = np.ones(202)
    wide[100] = 20.0
    assert search(wide, 49) < 12
    # 101 steps of 202.
    assert search(wide, 50) == pytest.approx(12)
    assert search(wide, 50, largest_share=0.51) < 12


def test_the_buffer_can_be_left_out_of_the_rating():
    """Catches a switch without effect, or that moves what is acceptable."""
    parameters = DynamicParameters(counts_buffer=False)
    num_different = 0
    for seed in range(20):
        values = smoothed(error_series(seed), 20, True)[:2100]
        mean, deviation = values.mean(), values.std()
        found = best_epsilon(values, mean, deviation, 99, parameters)
        assert found == epsilon_of(values, mean, deviation, 99, False)
        num_different += found != epsilon_of(values, mean, deviation)
    assert num_different


def test_equal_values_have_no_threshold():
    """Catches 0 / 0 taken for a rating."""
    for value in (0.0, 0.3, 1.0):
        values = np.full(50, value)
        mean = values.mean()
        found = best_epsilon(values, mean, 0.0, 3, DynamicParameters())
        assert found == mean
