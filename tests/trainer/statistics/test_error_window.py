"""One window: what it rests on, and what of it is judged."""

import numpy as np

from trainer.statistics.dynamic_parameters import DynamicParameters
from trainer.statistics.error_window import judged_window

PARAMETERS = DynamicParameters(buffer_steps=5)


def window(num_steps=400):
    generator = np.random.default_rng(1)
    return 1 + 0.1 * generator.random(num_steps)


def accepted(smoothed, *rows):
    flags = np.zeros(len(smoothed), bool)
    flags[list(rows)] = True
    return flags


def test_accepted_errors_do_not_count():
    """Catches errors found before in mean, deviation, search or pruning."""
    smoothed = window()
    smoothed[100] = 50.0
    smoothed[390] = 3.0
    flags = accepted(smoothed, 100)
    judged = judged_window(smoothed, flags, 50, PARAMETERS)
    assert np.flatnonzero(judged.is_anomaly).tolist() == list(range(35, 46))
    rest = judged_window(
        np.delete(smoothed, 100), flags[:-1] & False, 50, PARAMETERS
    )
    np.testing.assert_array_equal(judged.upper_epsilon, rest.upper_epsilon)
    np.testing.assert_array_equal(judged.score, rest.score)


def test_an_older_error_alone_marks_nothing():
    """Catches a buffer that paints the next batch: the error is above it."""
    smoothed = window()
    smoothed[349] = 9.0
    flags = accepted(smoothed)
    judged = judged_window(smoothed, flags, 50, PARAMETERS)
    assert not judged.is_anomaly.any()
    assert judged_window(smoothed, flags, 51, PARAMETERS).is_anomaly[0]


def test_a_window_without_known_errors_is_not_judged():
    """Catches normal steps that nothing was compared with."""
    smoothed = window(20)
    smoothed[15:] = np.nan
    flags = accepted(smoothed, *range(15))
    judged = judged_window(smoothed, flags, 10, PARAMETERS)
    assert not judged.is_judged.any() and not judged.is_anomaly.any()
    np.testing.assert_array_equal(judged.smoothed_error, smoothed[10:])
