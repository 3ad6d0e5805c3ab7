"""Scores that thresholds are chosen from are those that are served."""

import dataclasses

import numpy as np
import pytest
from data_sets import tuned_forecaster

from inference.scoring import LoadedDetector
from trainer.dataset import windows_of_runs
from trainer.export import export
from trainer.phases.threshold_tuning import run, scores_over_time, with_breaks
from trainer.runs import Run
from trainer.thresholds.f_beta import FBeta
from trainer.thresholds.quantile import Quantile

# What every way to serve promises: float32 products depend on their shape.
TOLERANCE = 1e-5


def skip(count):
    """Stands in for a progress bar."""


@pytest.fixture(
    scope="module", params=["exponential", "centred", "none"], ids=str
)
def served(request, long_data_set, tmp_path_factory):
    """A tuned detector, its windows of tuning, and its exported self."""
    detector, tuning = tuned_forecaster(long_data_set, smoothing=request.param)
    path = str(tmp_path_factory.mktemp("tuning") / "model")
    sample = tuning.values[: 4 * 12].reshape(4, 12, 4)
    export(detector, path, "v1", sample, {})
    return detector, tuning, LoadedDetector(path)


def stretches(detector, values, lengths):
    """Windows over stretches of these lengths."""
    cuts = np.cumsum([0, *lengths])
    runs = [
        Run(f"series-{number}", 0, values[begin:end])
        for number, (begin, end) in enumerate(zip(cuts, cuts[1:], strict=False))
    ]
    windows = windows_of_runs(runs, detector.schema, detector.learning_length)
    return windows, runs


def test_scores_are_those_that_are_served(served):
    """Catches thresholds chosen from scores without, or of other, smoothing."""
    detector, tuning, loaded = served
    found = scores_over_time(detector, tuning, skip, False)["time"]
    expected = loaded.score_views(tuning.values)["time"].score
    assert np.isnan(expected[:5]).all()
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found, expected[5:], rtol=TOLERANCE)


@pytest.mark.parametrize("lengths", [(400,), (100, 6, 294), (5, 300, 95)])
def test_each_stretch_is_scored_as_if_alone(served, lengths):
    """Catches a mean that runs on from one stretch to the next."""
    detector, tuning, loaded = served
    values = tuning.values.copy()
    generator = np.random.default_rng(3)
    values[generator.random(values.shape) < 0.05] = np.nan
    values[70:90] = np.nan
    values[200, 2] = np.inf
    windows, runs = stretches(detector, values, lengths)
    found = scores_over_time(detector, windows, skip, False)["time"]
    expected = [
        loaded.score_views(each.values)["time"].score[5:]
        for each in runs
        if len(each.values) > 5
    ]
    expected = np.concatenate(expected)
    assert np.isnan(expected).any()
    np.testing.assert_allclose(found, expected, rtol=TOLERANCE)


def test_scores_of_sequences_are_smoothed_within_each(sequence_data_set):
    """Catches sequences smoothed as one long series, or not at all."""
    detector, tuning = tuned_forecaster(sequence_data_set)
    found = scores_over_time(detector, tuning, skip, False)["time"]
    sequences = tuning.sample(len(tuning))
    expected = detector(sequences)["time"].score.numpy().max(axis=1)
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    plain, _ = tuned_forecaster(sequence_data_set, smoothing="none")
    unsmoothed = scores_over_time(plain, tuning, skip, False)["time"]
    # Equal where the first step is the largest.
    assert (found <= unsmoothed).all()
    assert (found < 0.9 * unsmoothed).mean() > 0.9


def test_threshold_is_of_the_smoothed_scores(served):
    """Catches a threshold on the scale of scores that are never served."""
    detector, tuning, _ = served
    nothing = np.zeros_like(tuning.row_labels)
    normal = dataclasses.replace(tuning, row_labels=nothing)
    rule = Quantile(Quantile.settings_class())
    run(detector, normal, {"quantile": rule}, skip, False)
    scores = scores_over_time(detector, tuning, skip, False)["time"]
    expected = rule.fit(scores, normal.labels())
    assert detector.thresholds.numpy()[0] == pytest.approx(expected)


def test_rules_see_breaks_between_stretches(served):
    """Catches an alarm that is taken to go on in another series."""
    detector, tuning, _ = served
    windows, _ = stretches(detector, tuning.values, (100, 300))
    seen = {}

    class Rule(Quantile):
        def fit(self, scores, labels, steps_per_day, view):
            seen.update(scores=scores, labels=labels, steps=steps_per_day)
            return 1.0

    rule = Rule(Rule.settings_class())
    run(detector, windows, {"rule": rule}, skip, False, steps_per_day=24.0)
    scores = scores_over_time(detector, windows, skip, False)["time"]
    expected = with_breaks(scores, windows)
    np.testing.assert_array_equal(seen["scores"], expected[0])
    np.testing.assert_array_equal(seen["labels"], expected[1])
    assert seen["steps"] == 24.0
    assert len(seen["scores"]) == 95 + 1 + 295 + 1


def test_breaks_are_unknown_steps_behind_each_stretch():
    """Catches a break that takes a step away, or counts as normal."""
    runs = [
        Run("a", 0, np.zeros((3, 1)), np.array([0, 1, 0], np.int8)),
        Run("b", 0, np.zeros((1, 1)), np.array([1], np.int8)),
        Run("c", 0, np.zeros((2, 1)), np.array([-1, 0], np.int8)),
    ]
    windows = windows_of_runs(runs, None, 2)
    scores, labels = with_breaks(np.array([1.0, 2.0, 3.0]), windows)
    np.testing.assert_array_equal(scores, [1, 2, np.nan, 3, np.nan])
    np.testing.assert_array_equal(labels, [1, 0, -1, 0, -1])
    assert labels.dtype == np.int8


def test_labels_of_breaks_are_of_no_class(served):
    """Catches breaks that make a rule with labels of data without any."""
    detector, tuning, _ = served
    everything = np.ones_like(tuning.row_labels)
    one_class = dataclasses.replace(tuning, row_labels=everything)
    rules = {
        "f_beta": FBeta(FBeta.settings_class()),
        "quantile": Quantile(Quantile.settings_class()),
    }
    found = run(detector, tuning, rules, skip, False)
    assert found["time_rule"] == "f_beta"
    with pytest.raises(ValueError, match="both classes"):
        run(detector, one_class, {"f_beta": rules["f_beta"]}, skip, False)
