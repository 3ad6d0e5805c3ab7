"""Alarms against naive counting, intervals against the Poisson itself."""

import math

import numpy as np
import pytest
from scipy import stats

from trainer.statistics.alarm_rate import (
    event_peaks,
    num_alarms,
    poisson_rate_interval,
    threshold_for_alarms,
)

NAN = np.nan


def naive_runs(scores, threshold):
    runs, is_open = [], False
    for score in scores:
        if score >= threshold:
            if not is_open:
                runs.append([])
            runs[-1].append(score)
        is_open = score >= threshold
    return runs


def naive_threshold(scores, num_wanted):
    levels = sorted({score for score in scores if score == score})
    for level in reversed(levels):
        if len(naive_runs(scores, level)) > num_wanted:
            return np.nextafter(level, np.inf)
    return np.nextafter(levels[0], np.inf)


def many_scores(seed):
    """Short series with ties, NaN and runs of all kinds."""
    generator = np.random.default_rng(seed)
    num_steps = generator.integers(1, 40)
    scores = generator.normal(size=num_steps).cumsum()
    if seed % 2:
        scores = np.round(scores)
    scores[generator.random(num_steps) < 0.1] = NAN
    scores[generator.integers(num_steps)] = 0.0
    return scores


@pytest.mark.parametrize(
    ("scores", "count"),
    [
        ([], 0),
        ([NAN, NAN], 0),
        ([1.0], 1),
        ([0.9], 0),
        ([1.0, 2.0, 0.0, 3.0], 2),
        ([1.0, NAN, 1.0], 2),
        ([NAN, 1.0, 1.0, NAN], 1),
        ([np.inf, 0.0, 1.0], 2),
    ],
)
def test_alarms_are_runs(scores, count):
    """Catches steps counted, a strict comparison, NaN joining two runs."""
    assert num_alarms(np.array(scores), 1.0) == count


@pytest.mark.parametrize("seed", range(50))
def test_counts_peaks_and_thresholds_equal_naive_ones(seed):
    """Catches a run lost at an end, at a tie or beside NaN."""
    scores = many_scores(seed)
    for level in np.unique(scores[~np.isnan(scores)]):
        runs = naive_runs(scores, level)
        assert num_alarms(scores, level) == len(runs)
        assert event_peaks(scores, level).tolist() == list(map(max, runs))
    for num_wanted in (0, 0.5, 1, 1.5, 2, 3, 5, 100):
        found = threshold_for_alarms(scores, num_wanted)
        assert found == naive_threshold(scores, num_wanted)


def test_no_higher_threshold_gives_more():
    """Catches a low threshold at which many alarms have run together."""
    scores = np.array([0.0, 5.0, 1.0, 5.0, 1.0, 5.0, 0.0])
    assert num_alarms(scores, 1.0) == 1
    assert threshold_for_alarms(scores, 1) == np.nextafter(5.0, 6.0)


def test_less_than_one_wanted_flags_nothing():
    """Catches a fraction rounded up to one."""
    scores = np.array([1.0, 3.0, 2.0])
    assert num_alarms(scores, threshold_for_alarms(scores, 0.99)) == 0
    assert num_alarms(scores, threshold_for_alarms(scores, 1.0)) == 1


@pytest.mark.parametrize("scores", [[4.0], [4.0] * 9, [4.0, NAN, 4.0]])
def test_equal_scores_are_spared(scores):
    """Catches one alarm that lasts for ever."""
    assert threshold_for_alarms(np.array(scores), 5) > 4.0


def test_no_event_has_no_peak():
    """Catches reducing over nothing."""
    assert event_peaks(np.array([1.0, NAN]), 2.0).shape == (0,)
    assert event_peaks(np.zeros(0), 2.0).shape == (0,)


@pytest.mark.parametrize(
    ("scores", "num_wanted"), [([], 1), ([NAN], 1), ([1.0], NAN), ([1.0], -1)]
)
def test_nothing_to_count_is_an_error(scores, num_wanted):
    """Catches a threshold made up from nothing."""
    with pytest.raises(ValueError, match="num_wanted="):
        threshold_for_alarms(np.array(scores), num_wanted)


@pytest.mark.parametrize("confidence", [0.5, 0.95, 0.999])
@pytest.mark.parametrize("num_events", [0, 1, 7, 400])
def test_interval_ends_where_the_tails_are_left(num_events, confidence):
    """Catches degrees of freedom or tails taken for one another."""
    low, high = poisson_rate_interval(num_events, 4.0, confidence)
    tail = (1 - confidence) / 2
    assert stats.poisson.cdf(num_events, 4 * high) == pytest.approx(tail)
    if num_events:
        assert stats.poisson.sf(num_events - 1, 4 * low) == pytest.approx(tail)
    else:
        assert low == 0
        assert high == pytest.approx(-math.log(tail) / 4)


def test_interval_covers_the_rate_as_often_as_it_says():
    """Catches a 95 % interval that holds in the middle only."""
    intervals = [poisson_rate_interval(count, 1.0) for count in range(200)]
    lows, highs = map(np.array, zip(*intervals, strict=True))
    for rate in np.geomspace(0.01, 100, 60):
        is_covered = (lows <= rate) & (rate <= highs)
        covered = stats.poisson.pmf(np.arange(200), rate)[is_covered].sum()
        assert 0.95 <= covered + 1e-9


def test_no_exposure_says_nothing():
    """Catches 0 alarms a day where no day was seen."""
    assert np.isnan(poisson_rate_interval(0, 0.0)).all()


@pytest.mark.parametrize(
    "bad",
    [
        (-1, 1.0, 0.95),
        (NAN, 1.0, 0.95),
        (1, -1.0, 0.95),
        (1, NAN, 0.95),
        (1, 1.0, 95.0),
        (1, 1.0, 0.0),
    ],
)
def test_interval_arguments_are_checked(bad):
    """Catches 95 for 95 per cent."""
    with pytest.raises(ValueError, match="confidence="):
        poisson_rate_interval(*bad)
