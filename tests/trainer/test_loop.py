import types

import keras
import numpy as np
import pytest
import tensorflow as tf
from data_sets import make_detector

from trainer import loop
from trainer.dataset import load_windows
from trainer.driver import OneReplica


@pytest.fixture
def parts(long_data_set):
    folder, schema = long_data_set
    train = load_windows(folder, schema, "train", 12)
    validation = load_windows(folder, schema, "validation", 12)
    return schema, train, validation


def compiled(schema):
    detector = make_detector(schema)
    detector.compile(optimizer=keras.optimizers.Adam(1e-3))
    return detector


@pytest.mark.parametrize("driver", ["jit", "graph", "auto"])
def test_losses_equal_keras_fit(parts, driver):
    """A batch left out, seen twice, or a step that differs from `fit`."""
    schema, train, validation = parts
    reference = compiled(schema)
    expected = reference.fit(
        train.batches(4),
        validation_data=validation.batches(256),
        epochs=3,
        shuffle=False,
        verbose=0,
    ).history
    detector = compiled(schema)
    found = loop.fit(
        OneReplica(detector, driver),
        train,
        validation,
        batch_size=4,
        epochs=3,
        seed=0,
        is_shuffled=False,
    ).history
    assert set(found) == {
        "loss",
        "val_loss",
        "val_time_view_rmse",
        "val_feature_view_rmse",
    }
    for name, values in found.items():
        np.testing.assert_allclose(values, expected[name], atol=1e-6)
    for one, other in zip(detector.weights, reference.weights, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_every_window_once_an_epoch(parts):
    """Blocks that drop the tail, or a shuffle that repeats windows."""
    _, train, _ = parts
    starts = train.order(seed=1, epoch=2)
    driver = types.SimpleNamespace(block_length=50)
    blocks = list(loop._blocks(starts, 7, driver))
    np.testing.assert_array_equal(
        np.concatenate([block.ravel() for block in blocks]), starts
    )
    assert [block.shape for block in blocks] == [(50, 7), (5, 7), (1, 4)]
    blocks = list(loop._blocks(starts[:28], 7, driver))
    assert [block.shape for block in blocks] == [(4, 7)]


def test_same_seed_same_weights(parts):
    """Random state outside the seed."""
    schema, train, validation = parts

    def weights():
        detector = compiled(schema)
        loop.fit(
            OneReplica(detector, "graph"),
            train,
            validation,
            batch_size=32,
            epochs=2,
            seed=3,
        )
        return detector.get_weights()

    for one, other in zip(weights(), weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_timing_both_kinds_leaves_no_trace(parts):
    """Steps of the comparison kept: weights that depend on the clock."""
    schema, train, _ = parts

    def trained(kind):
        detector = compiled(schema)
        driver = OneReplica(detector, kind)
        resident = tf.constant(train.values)
        for begin in (0, 40):
            block = train.starts[begin : begin + 40].reshape(10, 4)
            driver.train(resident, block)
        variables = (
            *detector.variables,
            *detector.metrics_variables,
            *detector.optimizer.variables,
        )
        return driver.kind, [np.array(variable) for variable in variables]

    chosen, weights = trained("auto")
    same, expected = trained(chosen)
    assert chosen == same
    for one, other in zip(weights, expected, strict=True):
        np.testing.assert_array_equal(one, other)


def test_max_steps(parts):
    """A limit checked once an epoch only."""
    schema, train, validation = parts
    detector = compiled(schema)
    loop.fit(
        OneReplica(detector, "graph"),
        train,
        validation,
        batch_size=4,
        epochs=9,
        seed=0,
        max_steps=61,
    )
    assert int(detector.optimizer.iterations) == 61


def test_early_stopping_restores_the_best(parts):
    """The last weights kept in place of the best ones."""
    schema, train, validation = parts
    detector = make_detector(schema)
    # A rate so large that the loss rises again.
    detector.compile(optimizer=keras.optimizers.Adam(0.3))
    stopping = keras.callbacks.EarlyStopping(
        "val_loss", patience=2, restore_best_weights=True
    )
    driver = OneReplica(detector, "graph")
    history = loop.fit(
        driver,
        train,
        validation,
        batch_size=32,
        epochs=12,
        seed=0,
        callbacks=[stopping],
    ).history["val_loss"]
    assert history.index(min(history)) < len(history) - 1
    found = loop.evaluate(
        driver, tf.constant(validation.values), validation.starts
    )
    assert found["loss"] == pytest.approx(min(history), rel=1e-6)


def test_loss_that_is_not_finite(parts):
    """A model of NaN weights that is saved as if it were trained."""
    schema, train, validation = parts
    detector = make_detector(schema)
    detector.compile(optimizer=keras.optimizers.Adam(1e30))
    with pytest.raises(ValueError, match="learning_rate"):
        loop.fit(
            OneReplica(detector, "graph"),
            train,
            validation,
            batch_size=32,
            epochs=3,
            seed=0,
        )
