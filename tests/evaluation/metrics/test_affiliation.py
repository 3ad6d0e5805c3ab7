"""Affiliation precision and recall of Huet et al. (2022)."""

import dataclasses

import numpy as np
import pytest

from evaluation.metrics.affiliation import affiliation_metrics


def draw(seed, rows=None):
    """Stretches of 20 to 80 rows, some without a score or a label."""
    generator = np.random.default_rng(seed)
    rows = rows or int(generator.integers(20, 80))
    draws = np.repeat(generator.random((3, rows)), 3, axis=1)[:, 1 : rows + 1]
    labels = (draws[0] < 0.2).astype(int)
    labels[generator.random(rows) < 0.1] = -1
    is_anomaly = draws[1] < generator.choice([0.05, 0.2, 0.7])
    scores = np.where(draws[2] < 0.15, np.nan, 1.0)
    return scores, is_anomaly, labels


def farther(distance, near, zone, rows):
    """P(a random instant is as far from `near`), among a zone's known rows."""
    left, right = near[0] - distance, near[1] + distance

    def lengths(start, stop):
        inside = np.minimum(rows + 1, stop) - np.maximum(rows, start)
        return np.maximum(inside, 0).sum()

    far = lengths(zone[0], min(left, zone[1]))
    far += lengths(max(right, zone[0]), zone[1])
    return far / lengths(*zone) if distance > 0 else 1.0


def naive(scores, is_anomaly, labels):
    """The definitions, by the midpoint rule in quarters of a row.

    What is integrated is linear in each of them, so that the rule is exact.
    """
    known = (labels != -1) & ~np.isnan(scores)
    rows, flagged = np.flatnonzero(known), np.flatnonzero(known & is_anomaly)
    change = np.diff((labels == 1).astype(int), prepend=0, append=0)
    begins, ends = np.flatnonzero(change == 1), np.flatnonzero(change == -1)
    if not len(begins):
        return [np.nan] * 2
    quarters = np.array([0.125, 0.375, 0.625, 0.875])
    instants = (flagged[:, None] + quarters).ravel()
    precisions, recalls = [], []
    for event, (begin, end) in enumerate(zip(begins, ends, strict=True)):
        is_first, is_last = event == 0, event == len(begins) - 1
        left = 0 if is_first else (ends[event - 1] + begin) / 2
        right = len(labels) if is_last else (end + begins[event + 1]) / 2
        zone = (left, right)
        inside = instants[(instants > left) & (instants < right)]
        if not len(inside):
            recalls.append(0.0)
            continue
        far = [
            farther(max(begin - at, at - end, 0), (begin, end), zone, rows)
            for at in inside
        ]
        precisions.append(np.mean(far))
        far = []
        for at in (np.arange(begin, end)[:, None] + quarters).ravel():
            distances = [
                max(max(row, left) - at, at - min(row + 1, right), 0)
                for row in flagged
                if row + 1 > left and row < right
            ]
            far.append(farther(min(distances), (at, at), zone, rows))
        recalls.append(np.mean(far))
    return [np.mean(precisions) if precisions else 0.0, np.mean(recalls)]


def figures(result):
    return [result.precision, result.recall]


@pytest.mark.parametrize("first", range(0, 240, 40))
def test_agrees_with_naive_twin(first):
    """Catches wrong zones, mirrored distances and unknown rows drawn from."""
    for seed in range(first, first + 40):
        sample = draw(seed)
        result = affiliation_metrics(*sample)
        assert figures(result) == pytest.approx(
            naive(*sample), nan_ok=True, abs=1e-12
        )


@pytest.mark.parametrize(
    ("labels", "is_anomaly", "precision", "recall"),
    [
        (
            "11010011110001000011111000",
            "11110010100001110001110110",
            0.780962962962963,
            0.9824615384615385,
        ),
        ("0001100000", "0100000001", 0.275, 0.6),
        ("1000000001", "0000010000", 0.1, 0.1),
        ("0110111000", "1111111111", 0.634887090931047, 1.0),
        ("0000010000", "0000110000", 0.9, 1.0),
    ],
)
def test_agrees_with_tsb_ad(labels, is_anomaly, precision, recall):
    """Catches a twin that shares our mistake.

    Made with TSB-AD 1.5: pr_from_events(convert_vector_to_events(is_anomaly),
    convert_vector_to_events(labels), (0, rows)) of its affiliation metrics.
    """
    result = affiliation_metrics(
        np.zeros(len(labels)),
        np.array(list(is_anomaly), int) == 1,
        np.array(list(labels), int),
    )
    assert figures(result) == pytest.approx([precision, recall])


def test_closed_form():
    """Catches a survival function taken for its complement.

    One event of one row in three, the row before it flagged: the integrals
    from 0 to 1 of 1 - (1 + 2 d) / 3 and of 1 - 2 d / 3.
    """
    result = affiliation_metrics(np.zeros(3), [True, False, False], [0, 1, 0])
    assert figures(result) == pytest.approx([1 / 3, 2 / 3])
    assert result.f1 == pytest.approx(4 / 9)


@pytest.mark.parametrize("seed", range(20))
def test_flagging_everything(seed):
    """Catches random instants drawn where nothing can be flagged.

    Flags everywhere are as far as random instants: a half, and half the
    probability that both are in the event.
    """
    labels = np.zeros(60, int)
    labels[20:30] = 1
    generator = np.random.default_rng(seed)
    scores = np.where(generator.random(60) < 0.2, np.nan, 0.0)
    labels[(generator.random(60) < 0.3) & (labels == 0)] = -1
    known = (labels != -1) & ~np.isnan(scores)
    share = (known & (labels == 1)).sum() / known.sum()
    result = affiliation_metrics(scores, np.ones(60, bool), labels)
    assert result.precision == pytest.approx((1 + share**2) / 2)


def test_unknown_stretch_does_not_flatter():
    """Catches a flag called near because a long stretch is unknown."""
    labels = np.array([0, 0, 1, 0, 0, 0] + [-1] * 1000)
    is_anomaly = np.arange(1006) == 5
    result = affiliation_metrics(np.zeros(1006), is_anomaly, labels)
    short = affiliation_metrics(np.zeros(6), is_anomaly[:6], labels[:6])
    assert figures(result) == pytest.approx(figures(short))
    assert result.precision < 0.1


@pytest.mark.parametrize("seed", range(20))
def test_time_has_no_direction(seed):
    """Catches a left that is not treated as the right."""
    sample = draw(seed, rows=200)
    result = affiliation_metrics(*sample)
    mirrored = affiliation_metrics(*(each[::-1] for each in sample))
    assert figures(mirrored) == pytest.approx(figures(result))
    assert mirrored.num_zones_flagged == result.num_zones_flagged


def test_events_at_the_borders_and_of_one_row():
    """Catches an event lost at row 0 or at the last row."""
    result = affiliation_metrics(
        np.zeros(5), [True, False, True, False, True], [1, 0, 1, 0, 1]
    )
    assert figures(result) == [1.0] * 2
    assert (result.num_events, result.num_zones_flagged) == (3, 3)


def test_unscored_event_is_missed():
    """Catches a stale flag that finds an event nobody could score."""
    scores = [np.nan, np.nan, 0.0, 0.0, 1.0]
    is_anomaly = [True, True, False, False, True]
    result = affiliation_metrics(scores, is_anomaly, [1, 1, 0, 0, 1])
    assert figures(result) == [1.0, 0.5]
    assert result.num_zones_flagged == 1


@pytest.mark.parametrize("labels", [[], [0, 0], [-1, 0], [-1, -1]])
def test_no_anomalies_gives_nan(labels):
    """Catches a recall of 0 or 1 where there is nothing to find."""
    rows = len(labels)
    result = affiliation_metrics(np.zeros(rows), np.ones(rows, bool), labels)
    assert np.isnan(dataclasses.astuple(result)[:3]).all()
    assert result.num_events == 0


@pytest.mark.parametrize("scores", [[0.0, 0.0], [np.nan, np.nan]])
@pytest.mark.parametrize("labels", [[0, 1], [-1, 1], [1, 1]])
def test_nothing_flagged_gives_zero(scores, labels):
    """Catches a division by zero that turns into NaN."""
    result = affiliation_metrics(scores, np.isnan(scores), labels)
    assert dataclasses.astuple(result)[:3] == (0.0, 0.0, 0.0)


def test_all_anomalous():
    """Catches a need for normal rows where there is none.

    The recall of the second row: the integral from 0 to 1 of 1 / 2, and from
    0 to 1 / 2 of (1 - 2 d) / 2 in addition.
    """
    result = affiliation_metrics(np.zeros(2), [True, False], [1, 1])
    assert figures(result) == pytest.approx([1.0, (1 + 0.5 + 0.125) / 2])
