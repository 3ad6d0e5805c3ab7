"""What every network, scorer and rule that fit together must keep."""

import dataclasses
import functools

import keras
import numpy as np
import pytest
import tensorflow as tf
from data_sets import make_detector

from trainer.arrays import flatten, unflatten
from trainer.config import RunSettings, load
from trainer.dataset import load_windows
from trainer.detector import Detector, DetectorConfig
from trainer.export import export
from trainer.models import NETWORKS
from trainer.phases import (
    closed_form,
    error_statistics,
    reconstruction,
    threshold_tuning,
)
from trainer.phases.threshold_tuning import scores_over_time
from trainer.presets import PRESETS
from trainer.scorers import SCORERS
from trainer.thresholds import RULES

LENGTH = 12
# Where the usual ones need longer windows.
NETWORK_SETTINGS = {
    "forecast_and_nearest_window": {"context_length": 3, "neighbour_length": 3},
    "lstm_forecaster": {"units": (4,), "context_length": 6, "horizon": 4},
    "nearest_window": {"neighbour_length": 6},
}


def fit_together(network, scorer):
    """Whether the scorer takes the network's parts."""
    parts = load(NETWORKS, network, "network").parts
    scorer = load(SCORERS, scorer, "scorer")
    try:
        scorer({}, LENGTH, 4, parts)
    except ValueError:
        return False
    return set(scorer.needs) <= set(parts)


def pairs():
    """Those of the presets, and the first that fits of every other network."""
    presets = [load(PRESETS, name, "preset") for name in PRESETS]
    chosen = {(preset.network, preset.scorer) for preset in presets}
    for network in sorted(set(NETWORKS) - {network for network, _ in chosen}):
        fitting = filter(functools.partial(fit_together, network), SCORERS)
        chosen.add((network, next(fitting)))
    return sorted(chosen)


PAIRS = pairs()


def skip(count):
    """Stands in for a progress bar."""


@pytest.fixture(scope="module", params=PAIRS, ids="-".join)
def tuned(request, long_data_set):
    """A detector after all phases, and windows of test."""
    folder, schema = long_data_set
    network, scorer = request.param
    settings = NETWORK_SETTINGS.get(network, {})
    config = DetectorConfig(network, settings, scorer, {}, LENGTH, seed=1)
    detector = Detector(schema.to_json(), dataclasses.asdict(config))
    lengths = {
        "train": (detector.learning_length, 1),
        "validation": (detector.learning_length, 1),
        "statistics": (detector.scoring_length, detector.stride),
        "tuning": (detector.scoring_length, detector.stride),
        "test": (LENGTH, 1),
    }
    splits = {
        name: load_windows(folder, schema, name, length, stride)
        for name, (length, stride) in lengths.items()
    }
    train, validation = splits["train"], splits["validation"]
    if detector.network.is_closed_form:
        held_out = functools.partial(list, [cut(validation)])
        closed_form.run(detector, [cut(train)], held_out, skip)
    else:
        settings = RunSettings(epochs=1, max_steps=4, driver="graph")
        reconstruction.run(detector, train, validation, settings)
    error_statistics.run(detector, splits["statistics"], skip, False)
    threshold_tuning.run(detector, splits["tuning"], make_rules(), skip, False)
    return detector, cut(splits["test"])[::9], splits["tuning"]


@pytest.fixture(scope="module")
def exported(tuned, tmp_path_factory):
    """Its exported signatures, reloaded."""
    detector, windows, _ = tuned
    path = str(tmp_path_factory.mktemp("contract") / "model")
    export(detector, path, "v1", windows[:4], {})
    return tf.saved_model.load(path).signatures


@pytest.fixture(scope="module")
def scores(tuned):
    """View to the scores that rules are given."""
    detector, _, tuning = tuned
    return scores_over_time(detector, tuning, skip, False)


@pytest.fixture(params=sorted(RULES))
def ruled(request, tuned, scores):
    """The detector with the thresholds of one rule."""
    detector, windows, tuning = tuned
    rule = make_rules()[request.param]
    lowest = min(map(np.nanmin, scores.values()))
    assert lowest >= 0 or detector.scorer.has_negative_scores
    if rule.is_adaptive and detector.scorer.has_negative_scores:
        pytest.skip("the rule takes no scores below 0")
    labels = tuning.labels(detector.stride)
    detector.thresholds.assign(
        [rule.fit(scores[view], labels) for view in detector.views]
    )
    return detector, windows


def make_rules():
    """All registered rules at their defaults, those with labels first."""
    classes = {name: load(RULES, name, "threshold rule") for name in RULES}
    names = sorted(classes, key=lambda name: not classes[name].needs_labels)
    return {
        name: classes[name](classes[name].settings_class()) for name in names
    }


def cut(windows):
    """All windows, `[window, time, feature]`."""
    return windows.sample(len(windows))


def assert_same_scores(actual, detector, windows):
    """Within what every way to serve promises, for each view."""
    expected = detector(windows)
    thresholds = detector.thresholds.numpy()
    for view, threshold in zip(detector.views, thresholds, strict=True):
        score = expected[view].score.numpy()
        actual_score = np.asarray(actual[view])[:, -score.shape[1] :]
        size = max(abs(threshold), detector.scorer.score_unit)
        tolerance = 1e-5 * np.maximum(np.abs(score), size)
        assert np.isfinite(score).all()
        assert np.all(np.abs(actual_score - score) <= tolerance), view


def test_something_fits():
    """Catches a contract that holds because nothing is checked."""
    assert {network for network, _ in PAIRS} == set(NETWORKS)
    assert {scorer for _, scorer in PAIRS} == set(SCORERS)


def test_config_round_trips(tuned):
    """Catches an argument that `get_config` forgets."""
    detector, windows, _ = tuned
    again = Detector.from_config(detector.get_config())
    assert again.get_config() == detector.get_config()
    again.set_weights(detector.get_weights())
    for view, scores in again(windows).items():
        np.testing.assert_array_equal(scores.score, detector(windows)[view][0])
    for part in (detector.network, detector.scorer):
        copy = type(part).from_config(part.get_config())
        assert copy.get_config() == part.get_config()


def test_merged_statistics_are_those_of_one_pass(tuned):
    """Catches a scorer whose statistics workers cannot share."""
    detector, windows, _ = tuned
    if not detector.scorer.num_passes:
        # It learns nothing.
        assert not detector.scorer.weights
        return
    windows = windows.copy()
    windows[::3, 4, 1] = np.nan
    parts = parts_of(detector, windows)
    scorer = type(detector.scorer).from_config(detector.scorer.get_config())
    empty = scorer.empty_statistics()

    def statistics(begin, end):
        share = {name: part[begin:end] for name, part in parts.items()}
        found = scorer.update(empty, share, detector.positions)
        # As workers send them to one another.
        return unflatten(empty, flatten(found))

    count = len(windows)
    halves = statistics(0, count // 2), statistics(count // 2, count)
    weights = []
    for found in (
        statistics(0, count),
        scorer.merge(scorer.merge(*halves), empty),
    ):
        scorer.finalize(found)
        weights.append(scorer.get_weights())
    for whole, merged in zip(*weights, strict=True):
        np.testing.assert_allclose(merged, whole, rtol=1e-10, atol=1e-10)


def test_thresholds_are_finite_and_flag_something(ruled):
    """Catches a threshold that no score, or every score, reaches."""
    detector, windows = ruled
    for view, threshold in zip(
        detector.views, detector.thresholds.numpy(), strict=True
    ):
        assert np.isfinite(threshold)
        flags = detector(windows)[view].score.numpy() >= threshold
        assert 0 < flags.mean() < 1


def test_saved_and_loaded_scores_are_the_same(tuned, tmp_path):
    """Catches state that is no weight."""
    detector, windows, _ = tuned
    detector.save(tmp_path / "detector.keras")
    again = keras.models.load_model(tmp_path / "detector.keras")
    again.check_finished()
    np.testing.assert_array_equal(again.thresholds, detector.thresholds)
    scores = {view: found.score for view, found in again(windows).items()}
    assert_same_scores(scores, detector, windows)


def test_served_scores_are_the_same(tuned, exported):
    """Catches an export that leaves out a step, a weight or a threshold."""
    detector, windows, _ = tuned
    outputs = exported["serving_default"](values=tf.constant(windows))
    scores = {view: outputs[f"{view}_score"] for view in detector.views}
    assert_same_scores(scores, detector, windows)


def test_served_flags_are_those_of_the_rule(ruled, exported):
    """Catches thresholds rounded, exchanged, or compared another way."""
    detector, windows = ruled
    thresholds = tf.convert_to_tensor(detector.thresholds)
    outputs = exported["serve_with_thresholds"](
        values=tf.constant(windows), thresholds=thresholds
    )
    for view, threshold in zip(detector.views, thresholds.numpy(), strict=True):
        assert (outputs[f"{view}_threshold"].numpy() == threshold).all()
        flags = (detector(windows)[view].score.numpy() >= threshold).any(axis=1)
        np.testing.assert_array_equal(outputs[f"{view}_is_anomaly"], flags)


def test_unknown_in_unknown_out(tuned, exported):
    """Catches missing values that come back as normal, or as a number."""
    detector, windows, _ = tuned
    windows = windows[:3].copy()
    windows[1] = np.nan
    found = detector(windows)
    outputs = exported["serving_default"](values=tf.constant(windows))
    for view in detector.views:
        for score, is_scored in (
            (found[view].score, found[view].is_scored),
            (outputs[f"{view}_score"], outputs[f"{view}_is_scored"]),
        ):
            assert np.isnan(score[1]).all()
            assert not is_scored[1].numpy().any()
            behind = slice(detector.network.context_length, None)
            if len(score[0]) < LENGTH or view == "feature":
                behind = slice(None)
            assert np.isfinite(score[0][behind]).all()
            assert np.isfinite(score[2][behind]).all()
        assert outputs[f"{view}_is_anomaly"].numpy()[1] == -1
        assert (outputs[f"{view}_is_anomaly"].numpy()[[0, 2]] != -1).all()


@pytest.mark.parametrize(
    "names",
    [("A", "a"), ("_x", "y"), ("class", "in"), ("self", "b"), ("CPU %", "ok")],
)
def test_odd_column_names_can_be_served(names, long_data_set, tmp_path):
    """Catches inputs that TensorFlow renames, merges, or cannot be given."""
    _, schema = long_data_set
    features = tuple(
        dataclasses.replace(feature, name=name)
        for feature, name in zip(schema.features, names, strict=False)
    )
    detector = make_detector(dataclasses.replace(schema, features=features))
    windows = np.random.default_rng(1).normal(size=(40, LENGTH, 2))
    windows = windows.astype("float32")
    finish(detector, windows)
    path = str(tmp_path / "model")
    export(detector, path, "v1", windows[:4], {})
    signatures = tf.saved_model.load(path).signatures
    serve = signatures["serve_columns"]
    inputs = list(serve.structured_input_signature[1])
    assert len(inputs) == 2
    order = (
        list(names) if set(inputs) == set(names) else ["feature_0", "feature_1"]
    )
    assert set(inputs) == set(order)
    outputs = serve(
        **{
            name: tf.constant(windows[:, :, position])
            for position, name in enumerate(order)
        }
    )
    expected = detector(windows)["time"].score
    np.testing.assert_allclose(
        outputs["mahalanobis_dist_time"], expected, rtol=1e-5
    )


def parts_of(detector, windows):
    """Residual parts as scorers are given them in phase 2."""
    parts = detector.residual_parts(windows)
    return {name: part.numpy() for name, part in parts.items()}


def finish(detector, windows):
    """Statistics from `windows` and any thresholds, without a training."""
    parts = parts_of(detector, windows)
    scorer = detector.scorer
    scorer.finalize(scorer.update(scorer.empty_statistics(), parts, "all"))
    detector.thresholds.assign(np.ones(len(detector.views)))
    detector.finish_phase("tuned")
