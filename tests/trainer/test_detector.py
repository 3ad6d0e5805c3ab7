import dataclasses
import types

import keras
import numpy as np
import pytest
import tensorflow as tf
from data_sets import make_detector


def test_prepare_scales_fills_and_masks(long_data_set):
    """Scaling by the wrong column; a gap filled with 0 before scaling."""
    _, schema = long_data_set
    detector = make_detector(schema)
    rng = np.random.default_rng(0)
    raw = rng.standard_normal((2, 12, 4)).astype("f4")
    raw[0, 0, 1] = raw[0, 5, 2] = raw[1, 3, 0] = np.nan
    inputs, observed = detector.prepare(tf.constant(raw))
    mean = np.array([feature.mean for feature in schema.features])
    scale = np.array(
        [
            max(
                np.sqrt(feature.variance),
                0.01 * (feature.maximum - feature.minimum),
            )
            for feature in schema.features
        ]
    )
    expected = (raw - mean) / scale
    expected[0, 0, 1] = 0
    expected[0, 5, 2] = expected[0, 4, 2]
    expected[1, 3, 0] = expected[1, 2, 0]
    np.testing.assert_allclose(inputs, expected, atol=1e-5)
    np.testing.assert_array_equal(observed, np.isfinite(raw))


def test_roles(long_data_set):
    """A covariate that is scored, or an ignored column that is read."""
    _, schema = long_data_set
    roles = ("covariate", "scored", "ignored", "scored")
    features = tuple(
        dataclasses.replace(feature, role=role)
        for feature, role in zip(schema.features, roles, strict=True)
    )
    detector = make_detector(dataclasses.replace(schema, features=features))
    raw = np.random.default_rng(0).standard_normal((2, 12, 4)).astype("f4")
    parts = detector.residual_parts(tf.constant(raw))
    assert parts["time_view"].shape == (2, 12, 2)

    def changes(column):
        other = raw.copy()
        other[:, :, column] += 1
        changed = detector.residual_parts(tf.constant(other))["time_view"]
        return not np.allclose(changed, parts["time_view"])

    assert [changes(column) for column in range(4)] == [True, True, False, True]


def test_a_constant_column_has_no_residual_until_it_moves(long_data_set):
    """The network's own error on a column that never moved, as its share."""
    _, schema = long_data_set
    still = dataclasses.replace(
        schema.features[1],
        mean=7.0,
        variance=0.0,
        minimum=7.0,
        maximum=7.0,
        is_constant=True,
    )
    features = (schema.features[0], still, *schema.features[2:])
    detector = make_detector(dataclasses.replace(schema, features=features))
    raw = np.random.default_rng(0).standard_normal((2, 12, 4)).astype("f4")
    raw[:, :, 1] = 7
    raw[1, 5, 1] = 7.5
    for part in detector.residual_parts(tf.constant(raw)).values():
        expected = np.zeros((2, 12))
        # In hundredths of the constant.
        expected[1, 5] = 0.5 / 0.07
        np.testing.assert_allclose(part[:, :, 1], expected, rtol=1e-6)
        assert (part.numpy()[:, :, 0] != 0).all()


def test_unknown_cells_stay_unknown(long_data_set):
    """A filled cell whose residual is taken for an observed one."""
    _, schema = long_data_set
    detector = make_detector(schema)
    raw = np.zeros((1, 12, 4), "f4")
    raw[0, 3, 2] = np.nan
    raw[0, 4, 1] = np.inf
    for part in detector.residual_parts(tf.constant(raw)).values():
        unknown = np.isnan(part.numpy())
        assert unknown[0, 3, 2] and unknown[0, 4, 1]
        assert unknown.sum() == 2


def test_training_ignores_missing_cells(long_data_set):
    """NaN in the input that reaches loss or gradient."""
    _, schema = long_data_set
    detector = make_detector(schema)
    detector.compile(optimizer=keras.optimizers.Adam(1e-2))
    raw = np.random.default_rng(0).standard_normal((8, 12, 4)).astype("f4")
    raw[:, ::3, 1] = np.nan
    losses = []
    for _ in range(20):
        detector.reset_metrics()
        losses.append(float(detector.train_step(tf.constant(raw))["loss"]))
    assert np.isfinite(losses).all()
    assert losses[-1] < losses[0]


def test_test_step_errors_are_root_mean_squares(long_data_set):
    """Errors averaged over batches of different size, or over the mask."""
    _, schema = long_data_set
    detector = make_detector(schema)
    raw = np.random.default_rng(0).standard_normal((7, 12, 4)).astype("f4")
    raw[0, 3, 2] = np.nan
    for batch in (raw[:5], raw[5:]):
        detector.test_step(tf.constant(batch))
    parts = detector.residual_parts(tf.constant(raw))
    found = {metric.name: float(metric.result()) for metric in detector.metrics}
    for name, part in parts.items():
        expected = np.sqrt(np.nanmean(np.square(part)))
        assert found[f"{name}_rmse"] == pytest.approx(expected, rel=1e-5)


def test_phases_out_of_order(long_data_set):
    """Thresholds tuned on scores of a scorer that has learned nothing."""
    _, schema = long_data_set
    detector = make_detector(schema)
    with pytest.raises(ValueError, match="--training_mode=reconstruction"):
        detector.start_phase("reconstruction", "reconstruction")
    with pytest.raises(ValueError, match="all three phases"):
        detector.check_finished()


def test_earlier_phase_clears_later_state(long_data_set):
    """Old thresholds kept beside a retrained network."""
    _, schema = long_data_set
    detector = make_detector(schema)
    detector.thresholds.assign([1.0, 2.0])
    detector.finish_phase("tuned")
    detector.check_finished()
    detector.start_phase("reconstruction", "reconstruction")
    assert np.isnan(detector.thresholds.numpy()).all()
    with pytest.raises(ValueError, match="all three phases"):
        detector.check_finished()


def test_save_and_load(long_data_set, tmp_path):
    """State kept in Python attributes, which a file does not hold."""
    _, schema = long_data_set
    detector = make_detector(schema)
    detector.thresholds.assign([1.0, 2.0])
    detector.finish_phase("tuned")
    detector.save(tmp_path / "detector.keras")
    again = keras.models.load_model(tmp_path / "detector.keras")
    again.check_finished()
    assert again.get_config() == detector.get_config()
    for one, other in zip(detector.weights, again.weights, strict=True):
        np.testing.assert_array_equal(one, other)


def test_parts_that_do_not_fit(long_data_set, monkeypatch):
    """A scorer whose parts the network does not give, found at run time."""
    from trainer.models.dense_autoencoder import DenseAutoencoder

    monkeypatch.setattr(DenseAutoencoder, "parts", ("forecast",))
    with pytest.raises(ValueError, match="needs the parts"):
        make_detector(long_data_set[1])


def test_seed_of_a_step(long_data_set, monkeypatch):
    """The same masks in every step, on every replica, or in every run."""
    _, schema = long_data_set

    def seed(run=1, step=0, replica=0):
        detector = make_detector(schema)
        config = dataclasses.replace(detector.detector_config, seed=run)
        detector.detector_config = config
        detector.compile(optimizer=keras.optimizers.Adam(1e-3))
        detector.optimizer.iterations.assign(step)
        context = types.SimpleNamespace(replica_id_in_sync_group=replica)
        monkeypatch.setattr(
            tf.distribute, "get_replica_context", lambda: context
        )
        found = detector._step_seed()
        assert (found.shape, found.dtype) == ((2,), tf.int32)
        return tuple(found.numpy())

    seeds = [seed(), seed(run=2), seed(step=1), seed(replica=1)]
    assert seed() == seeds[0]
    assert len(set(seeds)) == 4
