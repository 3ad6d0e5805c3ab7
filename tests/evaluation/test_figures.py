import json
import math

import numpy as np
import pytest

from evaluation import figures
from evaluation.scored_run import ScoredRun
from inference.results import StepScores


def scores_of(score, threshold=1.0):
    score = np.array(score, float)
    is_scored = ~np.isnan(score)
    return StepScores(
        score,
        np.full(len(score), threshold),
        is_scored & (np.nan_to_num(score) >= threshold),
        is_scored,
        np.ones((len(score), 2)),
    )


def run_of(score, labels=None, sequence_label=-1):
    labels = [-1] * len(score) if labels is None else labels
    return ScoredRun(
        "s",
        0,
        np.zeros((len(score), 2)),
        np.array(labels, np.int8),
        sequence_label,
        None,
        {"time": scores_of(score)},
    )


def test_steps_are_put_together_in_order():
    """Catches labels of one run beside scores of another."""
    samples = figures.samples_of_steps(
        [run_of([0.1, 2.0], [0, 1]), run_of([math.nan, 3.0], [1, 0])], "time"
    )
    np.testing.assert_array_equal(samples.scores, [0.1, 2.0, math.nan, 3.0])
    np.testing.assert_array_equal(samples.is_anomaly, [0, 1, 0, 1])
    np.testing.assert_array_equal(samples.labels, [0, 1, 1, 0])


def test_a_sequence_has_the_largest_of_its_scored_steps():
    """Catches NaN steps that hide a peak, and unknown taken as normal."""
    runs = [
        run_of([math.nan, 5.0, 0.5], sequence_label=1),
        run_of([0.5, 0.2, 0.1], sequence_label=0),
        run_of([math.nan] * 3, sequence_label=1),
    ]
    samples = figures.samples_of_sequences(runs, "time")
    np.testing.assert_array_equal(samples.scores, [5.0, 0.5, math.nan])
    np.testing.assert_array_equal(samples.is_anomaly, [1, 0, 0])
    np.testing.assert_array_equal(samples.is_scored, [1, 1, 0])
    result = figures.compare({"time": samples}, "sequence")
    assert result.views["time"].recall == 0.5
    assert result.views["time"].num_unscored == 1


def test_table_has_all_rows_and_n_a():
    """Catches a baseline left out, and NaN shown as a number."""
    samples = figures.samples_of_steps([run_of([0.1, 2.0], [0, 0])], "time")
    result = figures.compare({"time": samples}, "step")
    rows = list(figures.table_rows(result))
    assert [row[0].strip() for row in rows] == [
        "time view",
        "random (time)",
        "± of 10 seeds",
        "all flagged",
    ]
    assert all(len(row) == len(figures.HEADER) for row in rows)
    assert rows[0][1:] == ("n/a", "n/a", "n/a", "n/a", "50.0%", "0")


def test_json_holds_all_numbers_and_no_nan():
    """Catches NaN in a file that other programs cannot read then."""
    labels = [0, 1, 0, 1]
    samples = figures.samples_of_steps(
        [run_of([0.1, 2.0, 0.2, 0.3], labels)], "time"
    )
    result = figures.compare({"time": samples}, "step")
    content = json.loads(json.dumps(figures.to_json(result), allow_nan=False))
    assert content["views"]["time"]["precision"] == 1.0
    assert content["views"]["time"]["recall"] == 0.5
    assert content["views"]["time"]["flagged_share"] == 0.25
    assert content["always"]["precision"] == pytest.approx(0.5)
    assert content["random"]["time"]["num_seeds"] == 10
    unlabelled = figures.compare(
        {"time": samples._replace(labels=np.full(4, -1))}, "step"
    )
    json.dumps(figures.to_json(unlabelled), allow_nan=False)
