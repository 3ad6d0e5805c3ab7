"""Point adjustment against slow loops straight from the papers."""

import numpy as np
import pytest

from evaluation.metrics.point import point_metrics
from evaluation.metrics.point_adjust import (
    oracle_point_adjusted_f1,
    point_adjusted_f1_area,
    point_adjusted_flags,
    point_adjusted_metrics,
)


def draw(seed, missing=0.1):
    """A series with ties, long and short events, NaN and unknown rows."""
    generator = np.random.default_rng(seed)
    num_rows = int(generator.integers(20, 80))
    labels = np.repeat(generator.integers(0, 2, num_rows), 1)
    labels = np.repeat(labels, generator.integers(1, 6, num_rows))[:num_rows]
    scores = np.round(generator.normal(size=num_rows) + 0.5 * labels, 1)
    labels = np.where(generator.random(num_rows) < missing, -1, labels)
    scores[generator.random(num_rows) < missing] = np.nan
    scores[generator.random(num_rows) < 0.02] = np.inf
    return scores, scores >= 1.0, labels


def naive_flags(flags, labels, percent):
    """PA%K as Kim et al. 2022 define it, one event after the other."""
    flags, row = [bool(flag) for flag in flags], 0
    while row < len(labels):
        stop = row
        while stop < len(labels) and labels[stop] == 1:
            stop += 1
        inside = flags[row:stop]
        if inside and 100 * sum(inside) > percent * len(inside):
            flags[row:stop] = [True] * len(inside)
        row = max(stop, row + 1)
    return flags


def naive_metrics(scores, flags, labels, percent):
    flags = [f and s == s for f, s in zip(flags, scores, strict=True)]
    flags = naive_flags(flags, labels, percent)
    pairs = list(zip(flags, labels, strict=True))
    hits = sum(flag and label == 1 for flag, label in pairs)
    false = sum(flag and label == 0 for flag, label in pairs)
    missed = sum(not flag and label == 1 for flag, label in pairs)
    if not hits + missed:
        return (np.nan,) * 3
    precision = hits / (hits + false) if hits + false else 0.0
    return (
        precision,
        hits / (hits + missed),
        2 * hits / (2 * hits + false + missed),
    )


def test_check_vector():
    """Catches the backward fill that stops too early, and a late start."""
    labels = np.array([1, 0, 1, 1, 1, 0, 0, 0, 1, 1, 1, 1])
    flags = np.array([0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 1, 0])
    adjusted = point_adjusted_flags(flags, labels)
    expected = [0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 1, 1]
    assert adjusted.astype(int).tolist() == expected


def test_event_at_the_first_and_last_row():
    """Catches the bug of three code bases: row 0 is never filled."""
    flags = point_adjusted_flags([0, 1, 0, 1, 0], [1, 1, 0, 1, 1])
    assert flags.tolist() == [True, True, False, True, True]


def test_input_is_not_changed():
    """Catches flags that are filled in place."""
    flags = np.array([False, True, False])
    labels = np.array([1, 1, 1])
    assert point_adjusted_flags(flags, labels).all()
    assert flags.tolist() == [False, True, False]
    point_adjusted_metrics(np.ones(3), flags, labels)
    assert flags.tolist() == [False, True, False]


def test_unknown_rows_end_an_event():
    """Catches a fill that runs across a row of unknown label."""
    flags = point_adjusted_flags([1, 0, 0, 0], [1, 1, -1, 1])
    assert flags.tolist() == [True, True, False, False]


@pytest.mark.parametrize("seed", range(250))
def test_agrees_with_the_naive_twin(seed):
    """Catches >= for >, rows lost at edges, unscored flags that count."""
    scores, flags, labels = draw(seed)
    # A stale flag on a row without a score.
    flags = flags | np.isnan(scores)
    for percent in (0, 20, 50, 100):
        found = point_adjusted_metrics(scores, flags, labels, percent)
        expected = naive_metrics(scores, flags, labels, percent)
        assert (found.precision, found.recall, found.f1) == pytest.approx(
            expected, nan_ok=True
        )


def test_percent_is_exceeded_not_reached():
    """Catches >= : half of the rows do not exceed 50 percent."""
    flags, labels = [1, 0, 1, 0, 0], [1, 1, 1, 1, 0]
    assert point_adjusted_flags(flags, labels, 50).sum() == 2
    assert point_adjusted_flags(flags, labels, 49.9).sum() == 4


@pytest.mark.parametrize("seed", range(40))
def test_hundred_percent_is_no_adjustment(seed):
    """Catches another treatment of unscored rows than in point.py."""
    scores, flags, labels = draw(seed)
    found = point_adjusted_metrics(scores, flags, labels, 100)
    point = point_metrics(scores, flags, labels)
    assert (found.precision, found.recall, found.f1) == pytest.approx(
        (point.precision, point.recall, point.f1), nan_ok=True
    )


@pytest.mark.parametrize("seed", range(200))
def test_area_agrees_with_the_naive_twin(seed):
    """Catches a step taken at the wrong end, and a lost first or last one."""
    scores, flags, labels = draw(seed)
    text = "".join("1" if label == 1 else " " for label in labels)
    lengths = {len(run) for run in text.split()} | {1}
    # F1 can only change at these shares.
    shares = sorted({a / b for b in lengths for a in range(b + 1)})
    area = 0.0
    for low, high in zip(shares, shares[1:], strict=False):
        percent = 50 * (low + high)
        area += (high - low) * naive_metrics(scores, flags, labels, percent)[2]
    found = point_adjusted_f1_area(scores, flags, labels)
    assert found == pytest.approx(area, nan_ok=True)


def test_area_in_closed_form():
    """Catches the area of a curve that is joined by slopes."""
    # Lifted below 25 %: F1 = 1, behind: 1 hit of 4 rows, 2 / (1 + 4).
    area = point_adjusted_f1_area(np.ones(5), [0, 1, 0, 0, 0], [1, 1, 1, 1, 0])
    assert area == pytest.approx(0.25 + 0.75 * 0.4)


@pytest.mark.parametrize("seed", range(250))
def test_oracle_agrees_with_a_naive_sweep(seed):
    """Catches ties that are split, and thresholds that are left out."""
    scores, _, labels = draw(seed)
    found = oracle_point_adjusted_f1(scores, labels)
    best, threshold = 0.0, np.nan
    for value in np.unique(scores[~np.isnan(scores)])[::-1]:
        f1 = naive_metrics(scores, scores >= value, labels, 0)[2]
        if f1 > best + 1e-12:
            best, threshold = f1, value
    if not (labels == 1).any():
        best = np.nan
    assert found.f1 == pytest.approx(best, nan_ok=True)
    assert found.threshold == pytest.approx(threshold, nan_ok=True)


def test_oracle_ties_are_flagged_together():
    """Catches an F1 that no threshold can reach."""
    assert oracle_point_adjusted_f1([1, 1], [1, 0]).f1 == pytest.approx(2 / 3)


def test_oracle_edges():
    """Catches errors and false zeros where nothing can be found."""
    nothing = oracle_point_adjusted_f1([], [])
    assert np.isnan([nothing.f1, nothing.threshold]).all()
    unscored = oracle_point_adjusted_f1([np.nan, 1.0], [1, 0])
    assert unscored.f1 == 0 and np.isnan(unscored.threshold)
    lowest = oracle_point_adjusted_f1([-np.inf, -np.inf], [1, 1])
    assert (lowest.f1, lowest.threshold) == (1, -np.inf)


def test_unscored_event_is_missed():
    """Catches an event without scores that leaves the recall."""
    found = point_adjusted_metrics(
        [np.nan, np.nan, 0, 9], [1, 1, 0, 1], [1, 1, 0, 1]
    )
    assert (found.precision, found.recall) == (1, pytest.approx(1 / 3))


@pytest.mark.parametrize("labels", [[], [0, 0], [-1, -1], [0, -1]])
def test_no_anomalies_gives_nan(labels):
    """Catches a 0 or 1 where there is nothing to find."""
    ones = np.ones(len(labels))
    found = point_adjusted_metrics(ones, ones, labels)
    assert np.isnan([found.precision, found.recall, found.f1]).all()
    assert np.isnan(point_adjusted_f1_area(ones, ones, labels))


def test_nothing_flagged_and_all_anomalous():
    """Catches a division by zero, and NaN where no row is normal."""
    nothing = point_adjusted_metrics(np.ones(3), np.zeros(3), [0, 1, 1])
    assert (nothing.precision, nothing.recall, nothing.f1) == (0, 0, 0)
    every = point_adjusted_metrics(np.ones(3), [0, 0, 1], [1, 1, 1])
    assert (every.precision, every.recall, every.f1) == (1, 1, 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1.0], [True], [0, 1]), "one length"),
        (([[1.0]], [[True]], [[0]]), "flat"),
        (([1.0], [True], [2]), "0, 1 or -1"),
        (([1.0], [True], [1], 101), "within 0 to 100"),
        (([1.0], [True], [1], np.nan), "within 0 to 100"),
    ],
)
def test_bad_input(arguments, message):
    """Catches broadcasting, labels of another meaning, K as a share > 1."""
    with pytest.raises(ValueError, match=message):
        point_adjusted_metrics(*arguments)
