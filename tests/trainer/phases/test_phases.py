"""The three phases on small data."""

import dataclasses
import types

import numpy as np
import pytest
from data_sets import make_detector

from trainer.config import RunSettings
from trainer.dataset import load_windows
from trainer.phases import error_statistics, reconstruction, threshold_tuning
from trainer.thresholds.f_beta import FBeta
from trainer.thresholds.quantile import Quantile


def skip(count):
    """Stands in for a progress bar."""


def train(data_set, length=12, epochs=2):
    folder, schema = data_set
    detector = make_detector(schema, length)
    splits = {
        name: load_windows(folder, schema, name, length)
        for name in ("train", "validation", "statistics", "tuning")
    }
    numbers = reconstruction.run(
        detector,
        splits["train"],
        splits["validation"],
        RunSettings(epochs=epochs, driver="graph"),
    )
    return detector, splits, numbers


def test_statistics_count_every_row_once(sequence_data_set):
    """Rows per view: steps of all sequences, and features of each."""
    detector, splits, _ = train(sequence_data_set)
    found = error_statistics.run(detector, splits["statistics"], skip, False)
    assert found == {"time_rows": 60 * 12, "feature_rows": 60 * 3}


def test_statistics_of_long_series_count_last_steps(long_data_set):
    """Overlapping windows that count a step many times."""
    detector, splits, _ = train(long_data_set)
    found = error_statistics.run(detector, splits["statistics"], skip, False)
    assert found == {"time_rows": 389, "feature_rows": 389 * 4}


def test_a_phase_run_twice_gives_the_same_model(sequence_data_set):
    """Counters that go on from the last run."""
    detector, splits, _ = train(sequence_data_set)
    weights = []
    for _ in range(2):
        error_statistics.run(detector, splits["statistics"], skip, False)
        threshold_tuning.run(detector, splits["tuning"], _rules(), skip, False)
        weights.append(detector.get_weights())
    for one, other in zip(*weights, strict=True):
        np.testing.assert_array_equal(one, other)


def test_thresholds_separate_what_can_be_separated(sequence_data_set):
    """A threshold of the other view, or of scores in another order."""
    detector, splits, _ = train(sequence_data_set, epochs=5)
    error_statistics.run(detector, splits["statistics"], skip, False)
    threshold_tuning.run(detector, splits["tuning"], _rules(), skip, False)
    thresholds = detector.thresholds.numpy()
    windows = splits["tuning"]
    raw = np.stack([windows.values[s : s + 12] for s in windows.starts])
    found = detector.window_scores(raw)
    for position, view in enumerate(detector.views):
        flags = found[view].numpy() >= thresholds[position]
        np.testing.assert_array_equal(flags, windows.labels() == 1)


def test_later_phase_needs_the_earlier_one(long_data_set):
    """Thresholds tuned before there are scores."""
    folder, schema = long_data_set
    detector = make_detector(schema)
    windows = load_windows(folder, schema, "tuning", 12)
    with pytest.raises(ValueError, match="--training_mode=reconstruction"):
        error_statistics.run(detector, windows, skip, False)
    with pytest.raises(ValueError, match="calculate_error_distribution"):
        threshold_tuning.run(detector, windows, _rules(), skip, False)


def test_no_window_fits(long_data_set):
    """Training on nothing that reports a loss of 0."""
    folder, schema = long_data_set
    windows = load_windows(folder, schema, "train", 12)
    nothing = dataclasses.replace(windows, starts=windows.starts[:0])
    with pytest.raises(ValueError, match="at least `window_length`"):
        reconstruction.run(
            make_detector(schema), nothing, nothing, RunSettings()
        )


def test_several_replicas_are_not_jitted(long_data_set):
    """A compilation that fails after minutes, or shares no gradients."""
    folder, schema = long_data_set
    windows = load_windows(folder, schema, "train", 12)
    workers = types.SimpleNamespace(num_replicas=2)
    with pytest.raises(ValueError, match="Leave --driver out"):
        reconstruction.run(
            make_detector(schema),
            windows,
            windows,
            RunSettings(driver="jit"),
            workers=workers,
        )
    with pytest.raises(ValueError, match="their number, 2"):
        reconstruction.run(
            make_detector(schema),
            windows,
            windows,
            RunSettings(batch_size=1),
            workers=workers,
        )


def test_rule_follows_the_labels(sequence_data_set):
    """F-beta on one class alone; labels -1, or of windows without a score."""
    detector, splits, _ = train(sequence_data_set)
    error_statistics.run(detector, splits["statistics"], skip, False)
    tuning = splits["tuning"]

    def chosen(labels, values=tuning.values):
        rows = np.repeat(np.array(labels, np.int8), 12)
        windows = dataclasses.replace(tuning, row_labels=rows, values=values)
        found = threshold_tuning.run(detector, windows, _rules(), skip, False)
        assert found["time_rule"] == found["feature_rule"]
        return found["time_rule"]

    assert chosen([0, 1, -1] * 20) == "f_beta"
    assert chosen([0, 0, -1] * 20) == "quantile"
    assert chosen([-1] * 60) == "quantile"
    unknown = tuning.values.copy()
    unknown[: 12 * 30] = np.nan
    assert chosen([1] * 30 + [0] * 30, unknown) == "quantile"


def _rules():
    return {
        "f_beta": FBeta(FBeta.settings_class()),
        "quantile": Quantile(Quantile.settings_class()),
    }
