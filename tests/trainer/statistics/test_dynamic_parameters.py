"""Settings of dynamic thresholds: what they stand for, and their bounds."""

import math

import numpy as np
import pytest

from trainer.statistics.dynamic_parameters import DynamicParameters


def test_defaults_are_the_published_ones():
    """Catches a history, span or range of thresholds that is one off."""
    parameters = DynamicParameters()
    assert parameters.history_steps == 2100
    assert parameters.span == 105
    expected = [2.5 + 0.5 * number for number in range(19)]
    np.testing.assert_allclose(parameters.deviations, expected)


@pytest.mark.parametrize(
    ("num_steps", "span", "buffer_steps"),
    [(1, 1, 0), (20, 1, 0), (1050, 52, 50), (2099, 104, 99)],
)
def test_short_series_shrink_all_lengths(num_steps, span, buffer_steps):
    """Catches a buffer that covers a short series, a span of 0."""
    short = DynamicParameters(smallest_drop=0.2).shortened(num_steps)
    assert short.history_steps == num_steps
    assert (short.span, short.buffer_steps) == (span, buffer_steps)
    assert short.smallest_drop == 0.2


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("steps_a_batch", 0),
        ("batches_a_history", 0),
        ("smoothing_share", 1.1),
        ("smoothing_share", math.nan),
        ("buffer_steps", -1),
        ("smallest_drop", -0.1),
        ("lowest_deviations", -1.0),
        ("deviations_step", 0.0),
        ("deviations_limit", 2.0),
        ("deviations_limit", math.inf),
        ("most_runs", 0),
        ("largest_share", 2.0),
        ("error_floor", -1.0),
        ("error_floor", math.nan),
    ],
)
def test_values_out_of_bounds_are_refused(name, value):
    """Catches a setting that fails, or never ends, only when it is used."""
    with pytest.raises(
        ValueError, match=f"`{name}` must be .*Received: {name}"
    ):
        DynamicParameters(**{name: value})
