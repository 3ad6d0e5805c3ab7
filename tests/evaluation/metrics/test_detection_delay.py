"""Delays and alarm rates against slow loops."""

import dataclasses

import numpy as np
import pytest

from evaluation.metrics.detection_delay import alarms_per_day, detection_delay

SECOND = 1_000_000


def draw(seed):
    """Flags, scores with gaps, labels with unknown rows, uneven times."""
    generator = np.random.default_rng(seed)
    num_rows = int(generator.integers(20, 80))
    labels = generator.choice((-1, 0, 1), num_rows, p=(0.1, 0.3, 0.6))
    flags = generator.random(num_rows) < 0.25
    scores = np.where(generator.random(num_rows) < 0.2, np.nan, 1.0)
    gaps = generator.integers(0, 400, num_rows) * SECOND
    return scores, flags, labels, 10**15 + gaps.cumsum()


def naive_delays(scores, flags, labels, times):
    """Delays in steps and in seconds, and the number missed, row by row."""
    steps, seconds, missed, start = [], [], 0, None
    for row in range(len(labels) + 1):
        inside = row < len(labels) and labels[row] == 1
        if inside and start is None:
            start, found = row, False
        if inside and not found and flags[row] and scores[row] == scores[row]:
            steps.append(row - start)
            seconds.append((times[row] - times[start]) / SECOND)
            found = True
        if not inside and start is not None:
            missed += not found
            start = None
    return steps, seconds, missed


@pytest.mark.parametrize("seed", range(250))
def test_delays_agree_with_the_naive_twin(seed):
    """Catches flags before the event, behind it, or without a score."""
    scores, flags, labels, times = draw(seed)
    steps, seconds, missed = naive_delays(scores, flags, labels, times)
    found = detection_delay(scores, flags, labels, timestamps=times)
    assert found.num_missed == missed
    assert found.num_events == missed + len(steps)
    if not steps:
        assert np.isnan(dataclasses.astuple(found)[:4]).all()
        return
    assert found.mean_steps == pytest.approx(np.mean(steps))
    assert found.median_steps == pytest.approx(np.median(steps))
    assert found.mean_seconds == pytest.approx(np.mean(seconds))
    assert found.median_seconds == pytest.approx(np.median(seconds))


def test_delay_in_closed_form():
    """Catches a mean in place of the median, and seconds that are rows."""
    labels = [1, 1, 0, 1, 1, 1, 1, 1, 0, 1, 0, 1]
    flags_ = [1, 0, 1, 0, 0, 0, 0, 1, 1, 0, 1, 1]
    found = detection_delay(np.ones(12), flags_, labels, seconds_per_row=30)
    assert (found.mean_steps, found.median_steps) == (pytest.approx(4 / 3), 0)
    assert (found.mean_seconds, found.median_seconds) == (40, 0)
    assert (found.num_events, found.num_missed) == (4, 1)


def test_time_passes_on_unscored_rows():
    """Catches a delay that counts scored rows only."""
    scores = [np.nan, np.nan, 1.0]
    found = detection_delay(scores, [1, 1, 1], [1, 1, 1])
    assert found.mean_steps == 2
    assert np.isnan(found.mean_seconds)


def test_unscored_event_is_missed():
    """Catches an event without scores that is not counted."""
    found = detection_delay([np.nan, 1.0], [True, False], [1, 0])
    assert (found.num_events, found.num_missed) == (1, 1)
    assert np.isnan([found.mean_steps, found.median_steps]).all()


@pytest.mark.parametrize("labels", [[], [0, 0], [-1]])
def test_no_events(labels):
    """Catches a delay of 0 where there is no event."""
    ones = np.ones(len(labels))
    found = detection_delay(ones, ones, labels)
    figures = dataclasses.astuple(found)
    assert np.isnan(figures[:4]).all() and figures[4:] == (0, 0)


def test_all_anomalous_and_flagged_at_the_last_row():
    """Catches an event lost at either end."""
    found = detection_delay(np.ones(4), [0, 0, 0, 1], [1, 1, 1, 1])
    assert (found.mean_steps, found.num_missed) == (3, 0)


@pytest.mark.parametrize("seed", range(200))
def test_alarms_agree_with_the_naive_twin(seed):
    """Catches alarms joined over unscored rows, and time without scores."""
    scores, flags, _, times = draw(seed)
    lasts = [(b - a) / SECOND for a, b in zip(times, times[1:], strict=False)]
    lasts.append(float(np.median(lasts)))
    alarms, watched, before = 0, 0.0, False
    for score, flag, seconds in zip(scores, flags, lasts, strict=True):
        flagged = bool(flag and score == score)
        alarms += flagged and not before
        watched += seconds if score == score else 0
        before = flagged
    found = alarms_per_day(scores, flags, timestamps=times)
    assert found == pytest.approx(alarms / watched * 86_400)


def test_alarms_in_closed_form():
    """Catches the last row left out of the time, and rows for alarms."""
    scores = np.ones(1440)
    flags = np.zeros(1440)
    flags[[0, 10, 11, 1439]] = 1
    assert alarms_per_day(scores, flags, 60) == pytest.approx(3)
    times = np.arange(1440) * 60 * SECOND
    assert alarms_per_day(scores, flags, timestamps=times) == pytest.approx(3)
    assert alarms_per_day(scores, 0 * flags, 60) == 0


def test_alarms_without_times_or_scores():
    """Catches a rate of 0 where nobody watched."""
    assert np.isnan(alarms_per_day([1.0, 1.0], [0, 1]))
    assert np.isnan(alarms_per_day([np.nan], [True], 60))
    assert np.isnan(alarms_per_day([], [], 60))
    assert np.isnan(alarms_per_day([], [], timestamps=[]))
    assert np.isnan(alarms_per_day([1.0], [1], timestamps=[5]))
    assert alarms_per_day([1.0], [1], 86_400) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1.0], [True], [0, 1]), "one length"),
        (([1.0], [True], [2]), "0, 1 or -1"),
        (([1.0], [True], [1], 0), "`seconds_per_row` must be positive"),
        (([1.0] * 2, [1] * 2, [1] * 2, 1, [5, 4]), "in order"),
        (([1.0] * 2, [1] * 2, [1] * 2, 1, [5]), "one for each row"),
    ],
)
def test_bad_input(arguments, message):
    """Catches broadcasting, and times that run backwards."""
    with pytest.raises(ValueError, match=message):
        detection_delay(*arguments)


def test_bad_input_of_alarms():
    """Catches broadcasting of one flag."""
    with pytest.raises(ValueError, match="one length"):
        alarms_per_day([1.0, 2.0], [True], 60)


def test_nobody_watches_a_gap():
    """Catches one alarm in a hundred days for two in two."""
    day = 24
    flags = np.zeros(2 * day)
    flags[[5, day + 5]] = 1
    hours = np.r_[np.arange(day), np.arange(day) + 100 * day]
    times = hours * 3_600_000_000
    found = alarms_per_day(np.ones(2 * day), flags, timestamps=times)
    assert found == pytest.approx(1)
