"""The pass over train that gives a network its weights."""

import dataclasses
import functools
import types

import numpy as np
import pytest
import tensorflow as tf
from data_sets import make_forecaster, tuned_forecaster
from sklearn.linear_model import Ridge

from trainer.arrays import flatten, numbered
from trainer.dataset import load_windows
from trainer.detector import Detector, DetectorConfig
from trainer.phases import closed_form
from trainer.record_stream import stream_windows
from trainer.statistics.windows import lagged

CONTEXT = 5


def skip(count):
    """Stands in for a progress bar."""


@pytest.fixture(scope="module")
def splits(long_data_set):
    """The windows of train and of validation."""
    folder, schema = long_data_set
    return tuple(
        load_windows(folder, schema, name, CONTEXT + 1)
        for name in ("train", "validation")
    )


def with_holes(windows):
    """The same with cells missing, whole steps and whole columns too."""
    values = windows.values.copy()
    generator = np.random.default_rng(7)
    values[generator.random(values.shape) < 0.1] = np.nan
    values[50:60] = np.nan
    values[80:120, 1] = np.nan
    return dataclasses.replace(windows, values=values)


def batches(windows, size=100):
    all_windows = windows.sample(len(windows))
    return [
        all_windows[begin : begin + size]
        for begin in range(0, len(all_windows), size)
    ]


def held(windows):
    """What begins a pass over held-out windows."""
    return functools.partial(batches, windows)


def assert_same_weights(one, other):
    for mine, theirs in zip(
        one.network.get_weights(), other.network.get_weights(), strict=True
    ):
        np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=1e-7)


def test_weights_are_those_of_scikit_learn(long_data_set, splits):
    """Catches raw units, windows left out, or another window's steps."""
    train, validation = splits
    detector = make_forecaster(long_data_set[1])
    found = closed_form.run(detector, batches(train), held(validation), skip)
    scaled = detector.scaling(train.values).numpy()[np.newaxis]
    inputs = lagged(scaled, CONTEXT)[0].astype("float64")
    expected = Ridge(alpha=0.01 * len(inputs)).fit(inputs, scaled[0, CONTEXT:])
    kernel, bias = detector.network.get_weights()
    np.testing.assert_allclose(kernel, expected.coef_.T, atol=1e-5)
    np.testing.assert_allclose(bias, expected.intercept_, atol=1e-5)
    assert found["rows"] == len(train) == 395


def test_progress_counts_every_window(long_data_set, splits):
    """Catches a bar that stops short, or counts batches."""
    told = []
    detector = make_forecaster(long_data_set[1])
    closed_form.run(detector, batches(splits[0]), held(splits[1]), told.append)
    assert told == [100, 100, 100, 95]


@pytest.mark.parametrize("change", [lambda x: x, with_holes])
def test_batches_do_not_matter(long_data_set, splits, change):
    """Catches weights that depend on the order or on the size of batches."""
    train, validation = change(splits[0]), splits[1]
    shuffled = train.sample(len(train))
    np.random.default_rng(1).shuffle(shuffled)
    detectors = [make_forecaster(long_data_set[1]) for _ in range(3)]
    for detector, given in zip(
        detectors,
        [[train.sample(len(train))], batches(train, 64)[::-1], [shuffled]],
        strict=True,
    ):
        closed_form.run(detector, given, held(validation), skip)
    for other in detectors[1:]:
        assert_same_weights(detectors[0], other)


def test_a_phase_run_twice_gives_the_same_model(long_data_set, splits):
    """Catches statistics that go on from the last run."""
    detector = make_forecaster(long_data_set[1])
    train, validation = splits
    results = []
    for _ in range(2):
        found = closed_form.run(
            detector, batches(train), held(validation), skip
        )
        results.append((found, detector.get_weights()))
    assert results[0][0] == results[1][0]
    for one, other in zip(results[0][1], results[1][1], strict=True):
        np.testing.assert_array_equal(one, other)


def test_what_follows_is_forgotten(long_data_set, splits):
    """Catches thresholds that were tuned for another network."""
    detector, _ = tuned_forecaster(long_data_set)
    closed_form.run(detector, batches(splits[0]), held(splits[1]), skip)
    assert int(detector.phase_done.numpy()) == 1
    assert np.isnan(detector.thresholds.numpy()).all()
    assert np.isnan(detector.scorer.median.numpy()).all()


@pytest.mark.parametrize("given", [[], [np.zeros((0, 6, 4), "float32")]])
def test_no_window_fits(long_data_set, splits, given):
    """Catches a network of zeros that is taken for trained."""
    detector = make_forecaster(long_data_set[1])
    with pytest.raises(ValueError, match="at least 6 rows.*--context_length"):
        closed_form.run(detector, given, held(splits[1]), skip)
    assert int(detector.phase_done.numpy()) == 0


def test_nothing_measured_is_an_error(long_data_set, splits):
    """Catches weights from values that were all filled in."""
    detector = make_forecaster(long_data_set[1])
    nothing = np.full((20, CONTEXT + 1, 4), np.nan, "float32")
    with pytest.raises(ValueError, match="at least 6 rows"):
        closed_form.run(detector, [nothing], held(splits[1]), skip)


@pytest.mark.parametrize("change", [lambda x: x, with_holes])
def test_error_on_validation_equals_a_loop(long_data_set, splits, change):
    """Catches missing cells counted as 0, or a mean of means."""
    train, validation = splits[0], change(splits[1])
    detector = make_forecaster(long_data_set[1])
    found = closed_form.run(detector, batches(train), held(validation), skip)
    kernel, bias = detector.network.get_weights()
    inputs, observed = detector.prepare(
        tf.constant(validation.sample(len(validation)))
    )
    squares = [
        np.square(rows[-1] - rows[:-1].ravel() @ kernel - bias)[is_observed]
        for rows, is_observed in zip(
            inputs.numpy(), observed.numpy()[:, -1], strict=True
        )
    ]
    expected = np.sqrt(np.mean(np.concatenate(squares)))
    assert found["val_forecast_rmse"] == pytest.approx(expected, rel=1e-5)
    assert found["val_loss"] == pytest.approx(expected**2, rel=1e-5)
    assert found["validation_windows"] == 395


def test_no_validation_is_not_an_error_of_zero(long_data_set, splits):
    """Catches a figure made up where nothing was measured."""
    train, validation = splits
    nothing = dataclasses.replace(validation, starts=validation.starts[:0])
    detector = make_forecaster(long_data_set[1])
    unmeasured = dataclasses.replace(
        validation, values=np.full_like(validation.values, np.nan)
    )
    for windows in (nothing, unmeasured):
        found = closed_form.run(detector, batches(train), held(windows), skip)
        assert not [name for name in found if name.startswith("val_")]


def test_workers_share_the_windows(long_data_set, splits):
    """Catches weights of one worker's windows alone."""
    train, validation = splits
    nothing = dataclasses.replace(validation, starts=validation.starts[:0])
    whole, shared = (make_forecaster(long_data_set[1]) for _ in range(2))
    closed_form.run(whole, batches(train), held(nothing), skip)
    mine, *others = batches(train)

    def gather(arrays):
        network, given = shared.network, np.concatenate(others)
        inputs, observed = shared.prepare(tf.constant(given))
        statistics = network.update(
            network.empty_statistics(), inputs.numpy(), observed.numpy()
        )
        return [arrays, numbered("leaf", flatten(statistics))]

    found = closed_form.run(shared, [mine], list, skip, made_of(gather))
    assert found["rows"] == 395
    assert_same_weights(whole, shared)


def made_of(gather):
    """Stands in for two workers of which this is one."""
    return types.SimpleNamespace(
        gather=gather, sum=lambda numbers: numbers, num_replicas=2
    )


def make_components(schema):
    """A detector that chooses its components by held-out windows."""
    config = DetectorConfig("pca", {}, "mahalanobis", {}, CONTEXT + 1, seed=1)
    return Detector(schema.to_json(), dataclasses.asdict(config))


@pytest.mark.parametrize("make", [make_forecaster, make_components])
def test_streamed_validation_gives_the_same(long_data_set, splits, make):
    """Catches held-out windows lost, or read only in the first pass."""
    folder, schema = long_data_set
    train, validation = splits
    found = []
    for held_out in (
        held(validation),
        lambda: batches(validation, 64),
        lambda: stream_windows(folder, schema, "validation", CONTEXT + 1),
    ):
        detector = make(schema)
        numbers = closed_form.run(detector, batches(train), held_out, skip)
        found.append(numbers)
        assert numbers["validation_windows"] == 395
    for name, value in found[0].items():
        if isinstance(value, float):
            others = [numbers[name] for numbers in found[1:]]
            np.testing.assert_allclose(others, value, rtol=1e-6)


def test_held_out_windows_choose(long_data_set, splits):
    """Catches components judged by the windows that they were made from."""
    schema, train = long_data_set[1], splits[0]
    noise = np.random.default_rng(1).normal(size=(300, CONTEXT + 1, 4))
    found = [
        closed_form.run(make_components(schema), batches(train), given, skip)
        for given in (held(splits[1]), lambda: [noise.astype("float32")], list)
    ]
    assert found[0]["watched"] == found[1]["watched"] == "val_cell_error"
    assert found[1]["val_cell_error"] > found[0]["val_cell_error"]
    curves = [each["evidence"]["feature"]["cell_error"] for each in found]
    assert curves[0] != curves[1]
    assert not [name for name in found[2] if name.startswith("val_")]
    assert found[2]["validation_windows"] == 0


def test_workers_share_the_held_out_windows(long_data_set, splits):
    """Catches a choice by one worker's windows alone."""
    train, validation = splits
    whole, shared = (make_components(long_data_set[1]) for _ in range(2))
    expected = closed_form.run(whole, batches(train), held(validation), skip)
    given = iter([batches(train), batches(validation)])

    def gather(arrays):
        network = shared.network
        others = np.concatenate(next(given)[1:])
        inputs, observed = shared.prepare(tf.constant(others))
        statistics = network.update(
            network.empty_statistics(), inputs.numpy(), observed.numpy()
        )
        return [arrays, numbered("leaf", flatten(statistics))]

    found = closed_form.run(
        shared,
        batches(train)[:1],
        lambda: batches(validation)[:1],
        skip,
        made_of(gather),
    )
    assert_same_weights(whole, shared)
    for name in ("rows", "time_components", "val_cell_error", "time_explained"):
        assert found[name] == pytest.approx(expected[name], rel=1e-9)
