"""Mode fixed against a naive twin, and what it repairs, case by case."""

import dataclasses
import math

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st
from telemanom_oracle import (
    dilated,
    epsilon_of,
    error_series,
    groups,
    target_rows,
)

from trainer.statistics.dynamic_parameters import DynamicParameters
from trainer.statistics.dynamic_threshold import (
    finish,
    initial_state,
    step,
    whole,
)
from trainer.statistics.error_smoothing import smoothed_errors
from trainer.statistics.judged_errors import JudgedErrors, dynamic_events
from trainer.statistics.retrospective_threshold import judged_in_retrospect

PARAMETERS = DynamicParameters()
# Short enough for many examples of many windows.
SMALL = DynamicParameters(
    steps_a_batch=5,
    batches_a_history=8,
    smoothing_share=0.1,
    buffer_steps=3,
)


def noise(num_steps, seed=1):
    return np.abs(np.random.default_rng(seed).normal(size=num_steps)) * 0.1


def ranges(errors, parameters=PARAMETERS):
    """(start, stop) of the events."""
    events = dynamic_events(whole(errors, parameters))
    return [(event.start, event.stop) for event in events]


def assert_same(one, other):
    for name, field, expected in zip(one._fields, one, other, strict=True):
        np.testing.assert_array_equal(field, expected, err_msg=name)


def naive_means(errors, span):
    decay = 1 - 2 / (span + 1)
    total, weight, num_known, gap, means = 0.0, 0.0, 0, 0, []
    for error in errors:
        is_used = math.isfinite(error)
        total = (error if is_used else 0.0) + decay * total
        weight = is_used + decay * weight
        gap += 1
        if not math.isnan(error):
            num_known = 1 if gap > span else num_known + 1
            gap = 0
        mean = total / weight if is_used else error
        means.append(mean if num_known >= span else math.nan)
    return np.array(means)


def naive_whole(errors, floor=0.0):
    """`[row, field]`: upper and lower threshold, score, flag of each row."""
    history, batch, span, buffer = 2100, 70, 105, 100
    if len(errors) < history:
        buffer = len(errors) * buffer // history
        history = len(errors)
        span = max(int(history * 0.05), 1)
    means = naive_means(errors, span)
    accepted, rows = set(), np.full((len(errors), 4), np.nan)
    first, stop = 0, history
    while first < len(errors):
        window = range(stop - history, stop)
        used = [i for i in window if np.isfinite(means[i])]
        used = [i for i in used if i not in accepted]
        flags, epsilons = set(), []
        mean, deviation = np.mean(means[used]), np.std(means[used])
        for side in (means, 2 * mean - means):
            epsilon = epsilon_of(side[used], mean, deviation, buffer)
            epsilon = max(epsilon, floor)
            epsilons.append(epsilon)
            beyond = [
                i - window[0]
                for i in window
                if i not in accepted
                and side[i] >= epsilon
                and side[i] > max(floor, mean)
            ]
            near = {i + window[0] for i in dilated(beyond, buffer, history)}
            near = {i for i in near if i >= first}
            others = [side[i] for i in used if i not in near]
            flags |= naive_pruned(near, side, max([0.0, *others]))
        for i in range(first, stop):
            if not np.isnan(means[i]):
                upper, lower = epsilons[0], 2 * mean - epsilons[1]
                distance = max(means[i] - upper, lower - means[i])
                score = distance / (mean + deviation)
                rows[i] = upper, lower, score, i in flags
                accepted |= {i} & flags
        first, stop = stop, min(stop + batch, len(errors))
    return rows


def naive_pruned(steps, values, largest_other):
    peaks = {
        (start, last): max(
            max(value, 0.0)
            for value in values[start : last + 1]
            if value == value
        )
        for start, last in groups(steps)
    }
    falling = [*sorted(peaks.values(), reverse=True), largest_other]
    least = math.inf
    for higher, lower in zip(falling, falling[1:], strict=False):
        if higher == math.inf or (higher - lower) / higher >= 0.13:
            least = higher
    return {
        i
        for (start, last), peak in peaks.items()
        if peak >= least
        for i in range(start, last + 1)
    }


@pytest.mark.parametrize("seed", range(50))
def test_random_series_equal_the_naive_twin(seed):
    """Catches any difference in windows, exclusion, floor, pruning, score."""
    errors = error_series(seed)
    generator = np.random.default_rng(seed)
    if seed % 3 == 1:
        errors[generator.random(len(errors)) < 0.5 * (seed % 2)] = np.nan
        start = generator.integers(len(errors))
        errors[start : start + 30 * (seed % 9)] = np.nan
        errors[generator.integers(len(errors), size=2)] = np.inf
    floor = 0.3 if seed % 5 == 4 else 0.0
    judged = whole(errors, dataclasses.replace(PARAMETERS, error_floor=floor))
    rows = naive_whole(errors, floor)
    assert judged.is_judged.tolist() == (~np.isnan(rows[:, 3])).tolist()
    assert judged.is_anomaly.tolist() == (rows[:, 3] == 1).tolist()
    found = np.stack(judged[1:4], axis=1)
    np.testing.assert_allclose(found, rows[:, :3], rtol=1e-9, atol=1e-12)


@hypothesis.settings(max_examples=150, deadline=None, derandomize=True)
@hypothesis.given(
    st.integers(0, 2**32 - 1), st.integers(0, 150), st.booleans(), st.data()
)
def test_any_split_gives_the_same(seed, num_steps, is_smoothed, data):
    """Catches a judgement that depends on where chunks begin."""
    generator = np.random.default_rng(seed)
    errors = np.abs(generator.normal(size=num_steps))
    errors *= generator.choice([1, 1, 1, 8], num_steps)
    errors[generator.random(num_steps) < 0.05] = np.nan
    errors[generator.random(num_steps) < 0.01] = np.inf
    parameters = dataclasses.replace(SMALL, is_smoothed=is_smoothed)
    cuts = data.draw(st.lists(st.integers(0, num_steps), max_size=8))
    state, parts = initial_state(), []
    for chunk in np.split(errors, sorted(cuts)):
        part, state = step(chunk, state, parameters)
        parts.append(part)
        assert state.num_judged == sum(len(part.score) for part in parts)
        assert len(state.waiting) < 40
        assert len(state.smoothed) < 40 + 5
    parts.append(finish(state, parameters))
    assert_same(JudgedErrors.joined(parts), whole(errors, parameters))


def test_a_state_is_a_value():
    """Catches a step that changes the state it was given, or keeps all rows."""
    errors = noise(5000)
    errors[3000:3100] += 1
    _, state = step(errors[:2900], initial_state(), PARAMETERS)
    first, later = step(errors[2900:], state, PARAMETERS)
    again, _ = step(errors[2900:], state, PARAMETERS)
    assert_same(first, again)
    assert first.is_anomaly.any()
    assert later.smoothed.base is None


def test_rows_are_judged_when_their_batch_is_full():
    """Catches rows that come late, twice, or never."""
    errors, state = noise(2300), initial_state()
    stops = []
    for row in range(len(errors)):
        part, state = step(errors[row : row + 1], state, PARAMETERS)
        if len(part.score):
            stops.append((row + 1, len(part.score)))
    assert stops == [(2100, 2100), (2170, 70), (2240, 70)]
    assert len(finish(state, PARAMETERS).score) == 60


@pytest.mark.parametrize("num_steps", [2519, 4000, 2100, 1500])
def test_every_error_that_is_ready_is_judged(num_steps):
    """Catches the published gap, and first errors that are ignored."""
    judged = whole(noise(num_steps), PARAMETERS)
    span = int(0.05 * min(num_steps, 2100))
    is_judged = np.arange(num_steps) >= span - 1
    assert judged.is_judged.tolist() == is_judged.tolist()
    for field in judged[:4]:
        assert np.isfinite(field).tolist() == is_judged.tolist()


def test_smoothed_errors_can_be_given():
    """Catches errors that are smoothed twice, or not at all."""
    errors = noise(3000)
    errors[2500:2600] += 1
    errors[100:130] = np.nan
    means = smoothed_errors(errors, PARAMETERS.span)[0]
    parameters = dataclasses.replace(PARAMETERS, is_smoothed=True)
    assert_same(whole(means, parameters), whole(errors, PARAMETERS))


def test_the_anomaly_in_the_published_gap_is_found():
    """Catches rows before the end that no window judges."""
    errors = noise(2519)
    errors[2385:2441] += 0.5
    ((start, stop),) = ranges(errors)
    assert start <= 2385 and stop > 2441


def test_one_anomaly_over_six_batches_has_one_score():
    """Catches an event a window, or a threshold that follows the anomaly."""
    errors = noise(4000)
    errors[2510:2900] += 0.5
    judged = whole(errors, PARAMETERS)
    (event,) = dynamic_events(judged)
    assert event.start <= 2510 and event.stop >= 2900
    assert event.score == judged.score[event.start : event.stop].max() > 0


@pytest.mark.parametrize("scale", [0.02, 50])
def test_the_unit_of_the_errors_does_not_matter(scale):
    """Catches an absolute guard."""
    errors = noise(3500)
    errors[2500:2600] += 0.2
    errors[3100:3150] = 0
    parameters = dataclasses.replace(PARAMETERS, error_floor=0.12)
    scaled = dataclasses.replace(PARAMETERS, error_floor=0.12 * scale)
    judged, other = whole(errors, parameters), whole(errors * scale, scaled)
    assert judged.is_anomaly.any()
    assert judged.is_anomaly.tolist() == other.is_anomaly.tolist()
    np.testing.assert_allclose(judged.score, other.score, rtol=1e-9)


def test_noise_gives_hardly_an_event():
    """Catches thresholds that noise reaches, also at the start."""
    assert sum(len(ranges(noise(6000, seed))) for seed in range(30)) <= 2


def test_an_error_that_drops_to_zero_is_found():
    """Catches a direction that is missing, or scored by the other."""
    errors = noise(4000)
    errors[2500:2800] = 0
    judged = whole(errors, PARAMETERS)
    (event,) = dynamic_events(judged)
    assert 2500 < event.start < event.stop < 3000
    worst = event.start + judged.score[event.start : event.stop].argmax()
    assert judged.score[worst] == event.score > 0
    assert judged.smoothed_error[worst] < judged.lower_epsilon[worst]


def test_scores_are_those_of_the_own_direction():
    """Catches 11.95 for 3.24: the distance to the other threshold.

    A peak of five steps is 11.5 + 3.24 / .3706 deviations above the mean,
    with a deviation of .3706 times itself plus the mean: worked backwards
    from 11.95 - 3.24 = (12 + 11.5) * .3706.
    """
    share = (11.95 - 3.24) / (12 + 11.5)
    mean, num_steps, num_peaks = 1.0, 2100, 5
    deviation = share / (1 - share)
    peak = mean + (11.5 + 3.24 / share) * deviation
    part = num_peaks / num_steps
    base = (mean - part * peak) / (1 - part)
    variance = (deviation**2 + mean**2 - part * peak**2) / (1 - part)
    spread = np.sqrt(variance - base**2)
    errors = base + spread * np.tile([-1.0, 1.0], 1120)
    errors[2195:2200] = peak
    parameters = dataclasses.replace(PARAMETERS, is_smoothed=True)
    (event,) = dynamic_events(whole(errors, parameters))
    assert event.score == pytest.approx(3.24, abs=0.005)
    published = judged_in_retrospect(
        errors, target_rows(len(errors)), parameters, 250, True
    )
    (event,) = dynamic_events(published)
    assert event.score == pytest.approx(11.95, abs=0.005)


def test_nothing_up_to_the_floor_is_anomalous():
    """Catches a floor without effect, or one that is part of the threshold."""
    errors = noise(3000)
    errors[2500:2600] += 0.2
    assert ranges(errors)
    largest = whole(errors, PARAMETERS).smoothed_error[200:].max()
    at_floor = dataclasses.replace(PARAMETERS, error_floor=float(largest))
    judged = whole(errors, at_floor)
    assert judged.is_judged.any() and not judged.is_anomaly.any()
    assert (judged.upper_epsilon[2450:] == largest).any()


def test_an_anomaly_does_not_hide_the_next():
    """Catches a threshold that what was found before has raised."""
    errors = noise(4000)
    errors[2500:2600] += 5
    errors[3000:3100] += 0.3
    first, second = ranges(errors)
    assert first[0] <= 2500 and second[0] <= 3000
    published = judged_in_retrospect(errors, target_rows(4000), PARAMETERS)
    assert len(dynamic_events(published)) == 1


def test_a_new_level_becomes_normal():
    """Catches an alarm that never ends."""
    errors = noise(9000)
    errors[3000:] += 0.5
    ((start, stop),) = ranges(errors)
    assert 2900 < start <= 3000 and 3500 < stop < 5100


def test_unknown_errors_are_not_normal():
    """Catches NaN that is judged, or that spoils the rest of its window."""
    errors = noise(4000)
    errors[2500:2600] += 0.5
    errors[[1000, 2550, 3999]] = np.nan
    errors[3000:3600] = np.nan
    judged = whole(errors, PARAMETERS)
    is_unknown = np.isnan(errors)
    # After the long gap the mean needs new errors.
    is_unknown[:104] = is_unknown[3600:3704] = True
    assert not judged.is_judged[is_unknown].any()
    assert not judged.is_anomaly[is_unknown].any()
    assert np.isnan(judged.upper_epsilon[is_unknown]).all()
    assert judged.is_judged[~is_unknown].all()
    (before, after) = dynamic_events(judged)
    assert before.stop == 2550 and after.start == 2551


def test_an_infinite_error_is_anomalous_and_forgotten():
    """Catches infinity in mean and deviation, and in later thresholds."""
    errors = noise(4000)
    errors[2500] = np.inf
    judged = whole(errors, PARAMETERS)
    (event,) = dynamic_events(judged)
    assert event.start < 2500 < event.stop and event.score == np.inf
    assert np.isfinite(judged.upper_epsilon[104:]).all()
    assert np.isfinite(judged.score[2501:]).all()


@pytest.mark.parametrize("value", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("num_steps", [8, 9, 30, 2200])
def test_equal_errors_are_normal(num_steps, value):
    """Catches 0 / 0, and alarms where nothing differs."""
    judged = whole(np.full(num_steps, value), PARAMETERS)
    assert judged.is_judged[-1] and not judged.is_anomaly.any()
    assert np.isfinite(judged.score[judged.is_judged]).all()


@pytest.mark.parametrize("num_steps", range(8))
def test_few_errors_cannot_be_judged(num_steps):
    """Catches a spike called normal because no threshold is below it."""
    errors = np.ones(num_steps)
    errors[num_steps // 2 : num_steps // 2 + 1] = 1e6
    judged = whole(errors, PARAMETERS)
    assert not judged.is_judged.any() and len(judged.is_judged) == num_steps


def test_the_first_error_after_none_is_found():
    """Catches a perfect forecaster whose first error is no anomaly."""
    errors = np.zeros(3000)
    errors[2500] = 1
    ((start, stop),) = ranges(errors)
    assert start <= 2500 < stop
    above = dataclasses.replace(PARAMETERS, error_floor=1.0)
    assert not whole(errors, above).is_anomaly.any()


@pytest.mark.parametrize("num_steps", [100, 200, 400, 1500])
def test_short_series_find_their_anomaly(num_steps):
    """Catches a buffer or span as long as the series."""
    errors = noise(num_steps)
    middle = num_steps // 2
    errors[middle : middle + num_steps // 20] += 1
    ((start, stop),) = ranges(errors)
    assert start <= middle < stop


@pytest.mark.parametrize("errors", [[], [np.nan], [np.nan] * 3000])
def test_nothing_known_is_nothing_judged(errors):
    """Catches a mean of nothing."""
    judged = whole(np.array(errors), PARAMETERS)
    assert len(judged.score) == len(errors)
    assert not judged.is_judged.any() and not judged.is_anomaly.any()
    assert dynamic_events(judged) == []


@pytest.mark.parametrize("errors", [np.ones((3, 1)), np.array([1.0, -0.5])])
def test_what_is_no_series_of_errors_is_refused(errors):
    """Catches signed errors, and series side by side."""
    with pytest.raises(ValueError, match="`errors` must .*Received: errors"):
        step(errors, initial_state(), PARAMETERS)
