"""Range-based precision and recall of Tatbul et al. (2018)."""

import dataclasses
import itertools

import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from evaluation.metrics.range_based import range_based_metrics

BIASES = ("flat", "front", "middle", "back")
CARDINALITIES = ("one", "reciprocal")


def draw(seed):
    """Stretches of 20 to 80 rows, some without a score or a label."""
    generator = np.random.default_rng(seed)
    rows = int(generator.integers(20, 80))
    draws = np.repeat(generator.random((3, rows)), 3, axis=1)[:, 1 : rows + 1]
    labels = (draws[0] < 0.3).astype(int)
    labels[generator.random(rows) < 0.1] = -1
    is_anomaly = draws[1] < generator.choice([0.05, 0.3, 0.7])
    scores = np.where(draws[2] < 0.15, np.nan, 1.0)
    return scores, is_anomaly, labels


def ranges_of(mask):
    """Lists of rows, one a stretch."""
    found = []
    for row, is_inside in enumerate(mask):
        if is_inside:
            if row == 0 or not mask[row - 1]:
                found.append([])
            found[-1].append(row)
    return found


def delta(bias, position, length):
    """Weight of a position, which counts from 1 (Figure 2 of the paper)."""
    if bias == "flat":
        return 1
    if bias == "front":
        return length - position + 1
    if bias == "back":
        return position
    return position if position <= length / 2 else length - position + 1


def overlap_reward(one, others, known, cardinality, bias):
    """Equations 6 and 7; rows that are not known have no weight."""
    reward, largest, num_overlaps = 0, 0, 0
    for position, row in enumerate(one, 1):
        if row in known:
            largest += delta(bias, position, len(one))
    for other in others:
        num_overlaps += any(row in other for row in one)
        for position, row in enumerate(one, 1):
            if row in other:
                reward += delta(bias, position, len(one)) / largest
    if cardinality == "reciprocal" and num_overlaps > 1:
        reward /= num_overlaps
    return reward, num_overlaps > 0


def naive(scores, is_anomaly, labels, alpha, cardinality, biases, beta):
    """Equations 3 to 9, a loop for each sum."""
    known = {row for row, label in enumerate(labels) if label != -1}
    real = ranges_of(labels == 1)
    predicted = ranges_of(is_anomaly & ~np.isnan(scores))
    predicted = [one for one in predicted if known.intersection(one)]
    if not real:
        return [np.nan] * 3
    recall = 0
    for one in real:
        reward, exists = overlap_reward(
            one, predicted, known, cardinality, biases[1]
        )
        recall += (alpha * exists + (1 - alpha) * reward) / len(real)
    precision = 0
    for one in predicted:
        reward, _ = overlap_reward(one, real, known, cardinality, biases[0])
        precision += reward / len(predicted)
    if precision == recall == 0:
        return [0, 0, 0]
    f_beta = (1 + beta**2) * precision * recall
    return [precision, recall, f_beta / (beta**2 * precision + recall)]


def figures(result):
    return list(dataclasses.astuple(result)[:3])


@pytest.mark.parametrize("first", range(0, 240, 40))
def test_agrees_with_naive_twin(first):
    """Catches wrong positions, cardinalities, weights and unknown rows."""
    settings = itertools.cycle(
        itertools.product((0.0, 0.3, 1.0), CARDINALITIES, BIASES, BIASES)
    )
    for seed, setting in zip(range(first, first + 40), settings, strict=False):
        alpha, cardinality, *biases = setting
        for beta in (0.5, 2.0):
            result = range_based_metrics(
                *draw(seed),
                alpha=alpha,
                cardinality=cardinality,
                precision_bias=biases[0],
                recall_bias=biases[1],
                beta=beta,
            )
            expected = naive(*draw(seed), alpha, cardinality, biases, beta)
            assert figures(result) == pytest.approx(
                expected, nan_ok=True, abs=1e-12
            )


@pytest.mark.parametrize(
    ("cardinality", "bias", "precision", "recall"),
    [
        ("one", "flat", 0.680555555556, 0.865),
        ("reciprocal", "flat", 0.618055555556, 0.8275),
        ("one", "front", 0.716666666667, 0.88),
        ("reciprocal", "front", 0.65, 0.835),
        ("one", "middle", 0.652777777778, 0.891666666667),
        ("reciprocal", "middle", 0.597222222222, 0.854166666667),
        ("one", "back", 0.644444444444, 0.85),
        ("reciprocal", "back", 0.586111111111, 0.82),
    ],
)
def test_agrees_with_prts(cardinality, bias, precision, recall):
    """Catches a twin that shares our mistake.

    Made with prts 1.0.0.3: ts_precision(labels, is_anomaly, alpha=0, ...) and
    ts_recall(labels, is_anomaly, alpha=0.25, ...).
    """
    labels = np.array(list("11010011110001000011111000"), int)
    is_anomaly = np.array(list("11110010100001110001110110"), int) == 1
    result = range_based_metrics(
        np.zeros(26),
        is_anomaly,
        labels,
        alpha=0.25,
        cardinality=cardinality,
        precision_bias=bias,
        recall_bias=bias,
    )
    assert result.precision == pytest.approx(precision)
    assert result.recall == pytest.approx(recall)


@pytest.mark.parametrize("seed", range(10))
def test_ranges_of_one_row_are_points(seed):
    """Catches figures that are not the classical ones where they must be."""
    generator = np.random.default_rng(seed)
    labels, is_anomaly = np.zeros((2, 60), int)
    labels[::2] = generator.random(30) < 0.5
    is_anomaly[::2] = generator.random(30) < 0.5
    result = range_based_metrics(
        np.zeros(60), is_anomaly == 1, labels, recall_bias="front", beta=2.0
    )
    assert figures(result) == pytest.approx(
        sklearn_metrics.precision_recall_fscore_support(
            labels, is_anomaly, average="binary", beta=2.0
        )[:3]
    )


def test_closed_forms_of_position():
    """Catches front taken for back. The first of 4 rows is flagged."""
    for bias, share in zip(BIASES, (1 / 4, 4 / 10, 1 / 6, 1 / 10), strict=True):
        result = range_based_metrics(
            np.zeros(4), [True, False, False, False], [1] * 4, recall_bias=bias
        )
        assert (result.precision, result.recall) == (1.0, pytest.approx(share))


def test_existence_is_for_recall_alone():
    """Catches an existence reward in precision, as prts gives if told to."""
    result = range_based_metrics(
        np.zeros(4), [True] * 4, [0, 1, 0, 0], alpha=1.0
    )
    assert (result.precision, result.recall) == (0.25, 1.0)


def test_events_at_the_borders_and_of_one_row():
    """Catches an event lost at row 0 or at the last row."""
    is_anomaly = [True, False, True, False, True]
    result = range_based_metrics(np.zeros(5), is_anomaly, [1, 0, 1, 0, 1])
    assert figures(result) == [1.0] * 3
    assert (result.num_events, result.num_flagged_ranges) == (3, 3)


def test_unscored_event_is_missed():
    """Catches a stale flag that finds an event nobody could score."""
    scores = [np.nan, np.nan, 0.0, 1.0]
    result = range_based_metrics(
        scores, [True, True, False, True], [1, 1, 0, 1]
    )
    assert (result.precision, result.recall) == (1.0, 0.5)


def test_unknown_rows_keep_their_place():
    """Catches unknown rows counted as normal, or time that stops there.

    Of the flagged rows 0 to 3, row 1 is unknown: weights 1, -, 3, 4.
    """
    result = range_based_metrics(
        np.zeros(6),
        [True, True, True, True, False, True],
        [0, -1, 1, 0, 0, -1],
        precision_bias="back",
    )
    assert result.precision == pytest.approx(3 / 8)
    assert result.num_flagged_ranges == 1


@pytest.mark.parametrize("labels", [[], [0, 0], [-1, 0], [-1, -1]])
def test_no_anomalies_gives_nan(labels):
    """Catches a recall of 0 or 1 where there is nothing to find."""
    rows = len(labels)
    result = range_based_metrics(np.zeros(rows), np.ones(rows, bool), labels)
    assert np.isnan(figures(result)).all()
    assert result.num_events == 0


@pytest.mark.parametrize("scores", [[0.0, 0.0], [np.nan, np.nan]])
def test_nothing_flagged_gives_zero(scores):
    """Catches a division by zero that turns into NaN."""
    result = range_based_metrics(scores, np.isnan(scores), [0, 1], alpha=1.0)
    assert figures(result) == [0.0] * 3


def test_all_anomalous():
    """Catches a need for normal rows where there is none."""
    result = range_based_metrics([2.0, 2.0], [True, False], [1, 1])
    assert (result.precision, result.recall) == (1.0, 0.5)


@pytest.mark.parametrize(
    "setting",
    [
        {"alpha": 1.1},
        {"alpha": float("nan")},
        {"beta": 0.0},
        {"beta": float("inf")},
        {"cardinality": "two"},
        {"precision_bias": "left"},
        {"recall_bias": "left"},
    ],
)
def test_bad_settings(setting):
    """Catches a misspelt setting that is taken for the default."""
    with pytest.raises(ValueError, match=f"`{next(iter(setting))}` must be"):
        range_based_metrics([1.0], [True], [1], **setting)
