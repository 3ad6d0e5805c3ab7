"""Event-wise counting and the composite F1."""

import dataclasses

import numpy as np
import pytest

from evaluation.metrics.event_wise import event_wise_metrics


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


def naive(scores, is_anomaly, labels):
    """The same counts, row by row."""
    flagged = [
        bool(flag) and score == score
        for flag, score in zip(is_anomaly, scores, strict=True)
    ]
    found = {"event": [], "stretch": [], "row": []}
    for row, label in enumerate(labels):
        if label == 1:
            if row == 0 or labels[row - 1] != 1:
                found["event"].append(False)
            found["event"][-1] |= flagged[row]
        if flagged[row]:
            if row == 0 or not flagged[row - 1]:
                found["stretch"].append(set())
            found["stretch"][-1].add(int(label))
            found["row"].append(int(label))
    counted = [labels for labels in found["stretch"] if labels != {-1}]
    rows = [label for label in found["row"] if label != -1]
    if not found["event"]:
        return [np.nan] * 5
    recall = sum(found["event"]) / len(found["event"])
    precision = sum(1 in labels for labels in counted) / max(len(counted), 1)
    point_precision = sum(rows) / max(len(rows), 1)

    def mean(one, other):
        return 2 * one * other / (one + other) if one + other else 0.0

    return [
        precision,
        recall,
        mean(precision, recall),
        point_precision,
        mean(point_precision, recall),
    ]


def figures(result):
    return list(dataclasses.astuple(result)[:5])


@pytest.mark.parametrize("first", range(0, 300, 50))
def test_agrees_with_naive_twin(first):
    """Catches ranges off by one and unknown rows counted as normal."""
    for seed in range(first, first + 50):
        sample = draw(seed)
        assert figures(event_wise_metrics(*sample)) == pytest.approx(
            naive(*sample), nan_ok=True, abs=1e-12
        )


def test_example_of_the_authors_program():
    """Catches a precision by events in the composite F1.

    The example of `fc_score.py` in astha-chem/mvts-ano-eval: 7 of 9 flagged
    rows are right, and both events are found.
    """
    labels, is_anomaly = np.zeros(100, int), np.zeros(100, bool)
    labels[10:20] = labels[50:60] = 1
    is_anomaly[15:17] = is_anomaly[55:62] = True
    result = event_wise_metrics(np.zeros(100), is_anomaly, labels)
    assert result.point_precision == pytest.approx(7 / 9)
    assert result.event_recall == result.event_precision == 1.0
    assert result.composite_f1 == pytest.approx(0.875)


def test_flagging_everything():
    """Catches a composite F1 that praises an alarm that never ends."""
    labels = np.repeat([0, 1, 0, 0, 0, 1, 0, 0, 0, 0], 10)
    result = event_wise_metrics(np.zeros(100), np.ones(100, bool), labels)
    assert result.event_f1 == 1.0
    assert result.composite_f1 == pytest.approx(2 * 0.2 / 1.2)
    assert (result.num_stretches, result.num_false_stretches) == (1, 0)


def test_events_at_the_borders_and_of_one_row():
    """Catches an event lost at row 0 or at the last row."""
    result = event_wise_metrics(
        np.zeros(5), [True, False, True, False, True], [1, 0, 1, 0, 1]
    )
    assert figures(result) == [1.0] * 5
    assert (result.num_events, result.num_detected) == (3, 3)


def test_unscored_event_is_missed():
    """Catches a stale flag that finds an event nobody could score."""
    result = event_wise_metrics(
        [np.nan, np.nan, 0.0, 1.0], [True, True, False, True], [1, 1, 0, 1]
    )
    assert result.event_recall == 0.5
    assert result.point_precision == result.event_precision == 1.0


def test_unknown_rows():
    """Catches flags on unknown rows taken for false or for hits.

    Rows 0-1: unknown alone, not counted. Rows 3-5: one stretch, right, though
    an unknown row is in it. Rows 7-8: false.
    """
    labels = [-1, -1, 0, 1, -1, 0, 0, -1, 0]
    is_anomaly = [True, True, False, True, True, True, False, True, True]
    result = event_wise_metrics(np.zeros(9), is_anomaly, labels)
    assert (result.num_stretches, result.num_false_stretches) == (2, 1)
    assert result.event_precision == 0.5
    assert result.point_precision == pytest.approx(1 / 3)


@pytest.mark.parametrize("labels", [[], [0, 0], [-1, 0], [-1, -1]])
def test_no_anomalies_gives_nan(labels):
    """Catches a recall of 0 or 1 where there is nothing to find."""
    rows = len(labels)
    result = event_wise_metrics(np.zeros(rows), np.ones(rows, bool), labels)
    assert np.isnan(figures(result)).all()
    assert result.num_events == 0


@pytest.mark.parametrize("scores", [[0.0, 0.0], [np.nan, np.nan]])
def test_nothing_flagged_gives_zero(scores):
    """Catches a division by zero that turns into NaN."""
    is_anomaly = np.isnan(scores)
    assert figures(event_wise_metrics(scores, is_anomaly, [0, 1])) == [0.0] * 5


def test_all_anomalous():
    """Catches a need for normal rows where there is none."""
    result = event_wise_metrics([2.0, 2.0], [True, False], [1, 1])
    assert figures(result) == [1.0] * 5
