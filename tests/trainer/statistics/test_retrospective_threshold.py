"""Mode compat against the loops it stands for."""

import numpy as np
import pytest
from telemanom_oracle import error_series, target_rows, telemanom

from trainer.statistics.dynamic_parameters import DynamicParameters
from trainer.statistics.judged_errors import dynamic_events
from trainer.statistics.retrospective_threshold import judged_in_retrospect

PARAMETERS = DynamicParameters()


def noise(num_steps, seed=1):
    return np.abs(np.random.default_rng(seed).normal(size=num_steps)) * 0.1


def assert_same_as_loops(errors, targets, *settings):
    """Flags and smoothed errors exactly, the rest to rounding."""
    judged = judged_in_retrospect(errors, targets, PARAMETERS, *settings)
    means, sequences, scores, windows = telemanom(errors, targets, *settings)
    assert judged.smoothed_error.tolist() == means.tolist()
    events = dynamic_events(judged)
    assert [(start, stop - 1) for start, stop, _ in events] == sequences
    for event in events:
        parts = [
            score
            for first, last, score in scores
            if first < event.stop and last >= event.start
        ]
        np.testing.assert_allclose(event.score, max(parts), rtol=1e-9)
    is_judged = np.zeros(len(errors), bool)
    for first, stop, upper, lower in windows:
        is_judged[first:stop] = True
        close = {"rtol": 1e-9, "atol": 1e-12}
        np.testing.assert_allclose(
            judged.upper_epsilon[first:stop], upper, **close
        )
        np.testing.assert_allclose(
            judged.lower_epsilon[first:stop], lower, **close
        )
    assert judged.is_judged.tolist() == is_judged.tolist()
    assert np.isnan(judged.score[~is_judged]).all()
    return events


@pytest.mark.parametrize("seed", range(60))
def test_random_series_equal_the_loops(seed):
    """Catches any difference in windows, search, guards, pruning, scores."""
    errors = error_series(seed)
    targets = target_rows(len(errors), seed)
    settings = (20, True) if seed % 4 == 0 else (250, seed % 4 == 1)
    assert_same_as_loops(errors, targets, *settings)


@pytest.mark.parametrize(
    ("num_steps", "value"), [(1000, 0.0), (1000, 0.04), (2240, 0.0), (2240, 1)]
)
def test_constant_errors_equal_the_loops(num_steps, value):
    """Catches alarms, or 0 / 0, where nothing varies."""
    errors = np.full(num_steps, value)
    assert assert_same_as_loops(errors, target_rows(num_steps)) == []


def test_noise_gives_hardly_an_event():
    """Catches a guard that is missing, by thirty channels of noise alone."""
    num_events = 0
    for seed in range(30):
        errors, targets = noise(6000, seed), target_rows(6000, seed)
        judged = judged_in_retrospect(errors, targets, PARAMETERS)
        num_events += len(dynamic_events(judged))
        if seed < 5:
            assert_same_as_loops(errors, targets)
    assert num_events <= 2


def test_errors_between_the_last_windows_are_not_judged():
    """Catches a repair of the published gap, which compat must not have."""
    errors = noise(2519)
    errors[2385:2441] += 0.5
    assert assert_same_as_loops(errors, target_rows(2519)) == []


def test_a_late_spike_paints_its_whole_batch():
    """Catches a buffer that reaches into the batch before."""
    errors = noise(3000)
    errors[2995] += 20
    events = assert_same_as_loops(errors, target_rows(3000))
    assert [event[:2] for event in events] == [(2930, 3000)]


def test_one_anomaly_over_six_batches_has_one_score():
    """Catches an event for every window."""
    errors = noise(4000)
    errors[2500:2850] += 0.5
    events = assert_same_as_loops(errors, target_rows(4000))
    assert len(events) == 1
    assert events[0].stop - events[0].start > 5 * 70


def test_small_units_never_alarm():
    """Catches a repair of the absolute .05, which compat must not have."""
    errors = noise(3000)
    errors[2500:2600] += 0.5
    targets = target_rows(3000)
    assert assert_same_as_loops(errors, targets)
    assert assert_same_as_loops(errors * 50, targets * 50)
    assert assert_same_as_loops(errors * 0.02, targets * 0.02) == []


def test_first_errors_can_be_kept():
    """Catches an early anomaly lost where it should be found."""
    errors = noise(1500)
    errors[60:120] += 1
    targets = target_rows(1500)
    assert assert_same_as_loops(errors, targets, 250, False) == []
    assert assert_same_as_loops(errors, targets, 250, True)


def ranges_of_smoothed(errors, buffer_steps=100):
    judged = judged_in_retrospect(
        errors,
        target_rows(len(errors)),
        DynamicParameters(is_smoothed=True, buffer_steps=buffer_steps),
        keeps_first_errors=True,
    )
    return [event[:2] for event in dynamic_events(judged)]


def test_a_run_of_one_step_is_pruned_only_beside_others():
    """Catches the last step of a buffer, alone in the next batch, dropped."""
    errors = 1 + 0.1 * np.tile([-1.0, 1.0], 1085)
    errors[2000] = 20.0
    assert ranges_of_smoothed(errors) == [(1900, 2101)]
    errors[1999:2001] = 20.0, 1.0
    assert ranges_of_smoothed(errors) == [(1899, 2100)]
    errors[[1999, 2090, 2100, 2150]] = 1.0, 20.0, 2.0, 20.0
    assert ranges_of_smoothed(errors, 10) == [(2080, 2100), (2140, 2161)]


def test_directions_do_not_know_of_one_another():
    """Catches one direction's anomalies missing from the other's maximum.

    The low error within the buffer of the high one is the largest other
    error of its direction, so that the lowest error does not stand out.
    """
    errors = 10 + 0.4 * np.tile([-1.0, 1.0], 500)
    errors[[300, 350, 700]] = 14.0, 6.2, 6.0
    assert ranges_of_smoothed(errors) == [(200, 401)]
    errors[350] = 10.4
    assert ranges_of_smoothed(errors) == [(200, 401), (600, 801)]


@pytest.mark.parametrize(
    ("errors", "targets", "settings", "message"),
    [
        (np.ones((9, 1)), np.ones((9, 2)), {}, "`errors` must have the shape"),
        (np.ones(9), np.ones(9), {}, "`targets`"),
        (np.ones(9), np.ones((8, 2)), {}, "of the same steps"),
        (np.full(9, np.nan), np.ones((9, 2)), {}, "9 others"),
        (-np.ones(9), np.ones((9, 2)), {}, "not below 0"),
        (np.ones(9), np.full((9, 2), np.nan), {}, "`targets` must be known"),
        (np.ones(9), np.ones((9, 2)), {}, "`context_length` .*=250, 9 errors"),
    ],
)
def test_what_does_not_fit_is_refused(errors, targets, settings, message):
    """Catches a broadcast, or NaN that makes all errors normal."""
    with pytest.raises(ValueError, match=message):
        judged_in_retrospect(errors, targets, PARAMETERS, **settings)


def test_a_buffer_without_neighbours_is_refused():
    """Catches single steps that the published program would count otherwise."""
    with pytest.raises(ValueError, match="`buffer_steps` .*buffer_steps=1"):
        judged_in_retrospect(
            np.ones(300), np.ones((300, 1)), DynamicParameters(buffer_steps=1)
        )


def test_a_window_of_anomalies_alone_is_refused():
    """Catches NumPy's message about an empty maximum."""
    errors, targets = np.ones(1000), target_rows(1000)
    with pytest.raises(ValueError, match="max"):
        telemanom(errors, targets)
    with pytest.raises(ValueError, match="1000 errors, all anomalous"):
        judged_in_retrospect(errors, targets, PARAMETERS)
