"""Every signature against the detector in memory."""

import json

import numpy as np
import pytest
import tensorflow as tf
from data_sets import make_detector

from trainer import export
from trainer.config import RunSettings
from trainer.dataset import load_windows
from trainer.phases import error_statistics, reconstruction, threshold_tuning
from trainer.thresholds.f_beta import FBeta

TALK_OUTPUTS = {
    "X_time_abs_recon_err": (tf.float64, 3),
    "X_feat_abs_recon_err": (tf.float64, 3),
    "mahalanobis_dist_time": (tf.float64, 2),
    "mahalanobis_dist_feat": (tf.float64, 2),
    "time_anom_thresh_var": (tf.float64, 1),
    "feat_anom_thresh_var": (tf.float64, 1),
    "time_anom_flags": (tf.int64, 1),
    "feat_anom_flags": (tf.int64, 1),
}


def finished(data_set):
    folder, schema = data_set
    detector = make_detector(schema)
    splits = {
        name: load_windows(folder, schema, name, 12)
        for name in ("train", "validation", "statistics", "tuning", "test")
    }
    reconstruction.run(
        detector,
        splits["train"],
        splits["validation"],
        RunSettings(epochs=3, driver="graph"),
    )
    error_statistics.run(
        detector, splits["statistics"], lambda count: None, False
    )
    rules = {"f_beta": FBeta(FBeta.settings_class())}
    threshold_tuning.run(
        detector, splits["tuning"], rules, lambda count: None, False
    )
    return detector, splits["test"]


def cut(windows):
    return np.stack([windows.values[s : s + 12] for s in windows.starts])


@pytest.fixture(scope="module")
def sequences(sequence_data_set, tmp_path_factory):
    detector, windows = finished(sequence_data_set)
    path = str(tmp_path_factory.mktemp("model") / "sequences")
    export.export(detector, path, "v1", cut(windows)[:8], {})
    return detector, tf.saved_model.load(path).signatures, cut(windows)


@pytest.fixture(scope="module")
def series(long_data_set, tmp_path_factory):
    detector, windows = finished(long_data_set)
    path = str(tmp_path_factory.mktemp("model") / "series")
    export.export(detector, path, "v1", cut(windows)[:8], {}, "any")
    return detector, tf.saved_model.load(path).signatures, windows.values


def as_strings(values):
    """One `;`-joined string a window and feature, empty where NaN."""
    return {
        f"tag_{feature}": tf.constant(
            [
                ";".join("" if np.isnan(x) else repr(float(x)) for x in row)
                for row in values[:, :, feature]
            ]
        )
        for feature in range(values.shape[2])
    }


def test_talk_outputs_from_strings(sequences):
    """Outputs renamed, turned round, or flags that differ from memory."""
    detector, signatures, values = sequences
    served = signatures["serve_strings"](**as_strings(values))
    assert set(served) == set(TALK_OUTPUTS)
    for name, (dtype, rank) in TALK_OUTPUTS.items():
        assert served[name].dtype == dtype, name
        assert served[name].shape.rank == rank, name
    views = detector(values)
    for view, short in (("time", "time"), ("feature", "feat")):
        threshold = detector.thresholds.numpy()[detector.views.index(view)]
        distance = served[f"mahalanobis_dist_{short}"].numpy()
        np.testing.assert_allclose(distance, views[view].score, rtol=1e-5)
        expected = (distance.max(axis=1) >= threshold).astype(int)
        np.testing.assert_array_equal(served[f"{short}_anom_flags"], expected)
        # Errors in raw units: the part times the column's spread.
        part = detector.residual_parts(values)[f"{view}_view"]
        np.testing.assert_allclose(
            served[f"X_{short}_abs_recon_err"],
            np.abs(part) * detector.scaling.scale.numpy(),
            rtol=1e-5,
        )


def test_columns_and_strings_agree_with_the_default(sequences):
    """Features stacked in the order of their names, not of the schema."""
    _, signatures, values = sequences
    default = signatures["serving_default"](values=values)
    columns = signatures["serve_columns"](
        **{f"tag_{i}": values[:, :, i] for i in range(3)}
    )
    strings = signatures["serve_strings"](**as_strings(values))
    for served in (columns, strings):
        np.testing.assert_allclose(
            served["mahalanobis_dist_time"], default["time_score"], rtol=1e-5
        )
        np.testing.assert_array_equal(
            served["feat_anom_flags"], default["feature_is_anomaly"]
        )


def test_a_string_of_another_length_is_refused(sequences):
    """A short string that is padded in silence."""
    _, signatures, values = sequences
    strings = as_strings(values[:2])
    strings["tag_1"] = tf.constant(["1;2;3", "1;2;3"])
    with pytest.raises(tf.errors.InvalidArgumentError, match="tag_1 must hold"):
        signatures["serve_strings"](**strings)


def test_thresholds_can_be_overridden(sequences):
    """An override that is not compared, or NaN that flags nothing."""
    _, signatures, values = sequences
    serve = signatures["serve_with_thresholds"]
    default = signatures["serving_default"](values=values)
    nan = float("nan")
    stored = serve(values=values, thresholds=tf.constant([nan, nan], "double"))
    for name in ("time_is_anomaly", "feature_is_anomaly", "time_threshold"):
        np.testing.assert_array_equal(stored[name], default[name])
    low = serve(values=values, thresholds=tf.constant([0.0, nan], "double"))
    assert low["time_is_anomaly"].numpy().all()
    np.testing.assert_array_equal(low["time_threshold"], np.zeros(len(values)))
    np.testing.assert_array_equal(
        low["feature_is_anomaly"], default["feature_is_anomaly"]
    )


def test_unknown_is_not_normal(sequences):
    """NaN in, 'normal' out."""
    _, signatures, values = sequences
    values = values[:2].copy()
    values[0] = np.nan
    served = signatures["serving_default"](values=values)
    for view in ("time", "feature"):
        assert not served[f"{view}_is_scored"][0].numpy().any()
        assert np.isnan(served[f"{view}_score"][0]).all()
        assert served[f"{view}_is_anomaly"].numpy()[0] == -1
        assert served[f"{view}_is_anomaly"].numpy()[1] in (0, 1)


def score(signatures, values, sizes):
    """Scores `values` in chunks of the given sizes, state carried on."""
    state = signatures["initial_state"]()
    outputs, begin = [], 0
    for size in sizes:
        chunk = tf.constant(values[begin : begin + size])
        result = signatures["score_chunk"](values=chunk, **state)
        state = {name: result.pop(name) for name in ("context", "num_seen")}
        outputs.append(result)
        begin += size
    return {
        name: np.concatenate([output[name] for output in outputs])
        for name in outputs[0]
    }


def test_chunks_equal_the_whole_and_the_windows(series):
    """A step scored from another window when it comes in another chunk."""
    detector, signatures, values = series
    whole = score(signatures, values, [len(values)])
    pieces = score(signatures, values, [1, 5, 100, 294])
    for name in whole:
        np.testing.assert_allclose(whole[name], pieces[name], rtol=1e-6)
    windows = np.lib.stride_tricks.sliding_window_view(values, 12, axis=0)
    views = detector(windows.transpose(0, 2, 1).copy())
    np.testing.assert_allclose(
        whole["time_score"][11:], views["time"].score[:, -1], rtol=1e-5
    )
    np.testing.assert_allclose(
        whole["feature_score"][11:],
        tf.reduce_max(views["feature"].score, 1),
        rtol=1e-5,
    )
    for view in ("time", "feature"):
        assert not whole[f"{view}_is_scored"][:11].any()
        assert whole[f"{view}_is_scored"][11:].all()
        np.testing.assert_array_equal(
            whole[f"{view}_is_anomaly"],
            np.nan_to_num(whole[f"{view}_score"]) >= whole[f"{view}_threshold"],
        )


def test_too_few_known_features_are_no_normal_step(series):
    """One feature of four observed, and the feature view says 'normal'."""
    _, signatures, values = series
    values = values.copy()
    values[50, :3] = np.nan
    values[60, :2] = np.nan
    found = score(signatures, values, [400])
    for view in ("time", "feature"):
        assert not found[f"{view}_is_scored"][50]
        assert np.isnan(found[f"{view}_score"][50])
        assert found[f"{view}_is_scored"][60]


def test_a_value_too_large_to_scale_is_an_anomaly(series):
    """A finite reading beyond float32 filled with the last normal one."""
    detector, signatures, values = series
    values = values.copy()
    values[50, 1] = 3e38
    found = score(signatures, values, [400])
    for view in ("time", "feature"):
        assert found[f"{view}_score"][50] == np.inf
        assert found[f"{view}_is_anomaly"][50]


def test_contributions_sum_to_the_squared_score(series):
    """Contributions of another step or of the unwhitened errors."""
    _, signatures, values = series
    found = score(signatures, values, [400])
    np.testing.assert_allclose(
        found["time_contribution"][11:].sum(axis=1),
        found["time_score"][11:] ** 2,
        rtol=1e-9,
    )


def test_description(series):
    """A description that does not parse, or belongs to another model."""
    detector, signatures, _ = series
    text = signatures["describe"]()["description"].numpy().decode()
    described = json.loads(text)
    assert described["window_length"] == 12
    assert described["scored_names"] == [f"sensor_{i}" for i in range(4)]
    assert described["schema"]["hash"] == detector.schema.hash()


def test_unfinished_detector_is_not_exported(long_data_set, tmp_path):
    """A model without thresholds, which flags nothing."""
    detector = make_detector(long_data_set[1])
    with pytest.raises(ValueError, match="all three phases"):
        export.export(
            detector, str(tmp_path / "m"), "v", np.zeros((1, 12, 4)), {}
        )
    assert not (tmp_path / "m").exists()


def test_a_model_that_differs_is_not_written(
    long_data_set, tmp_path, monkeypatch
):
    """The comparison skipped, or made with the same object."""
    detector, windows = finished(long_data_set)
    saved = tf.saved_model.save

    def save_another(module, path, **kwargs):
        weight = detector.network.trainable_variables[0]
        before = weight.numpy()
        weight.assign(before + 0.1)
        saved(module, path, **kwargs)
        weight.assign(before)

    monkeypatch.setattr(tf.saved_model, "save", save_another)
    with pytest.raises(RuntimeError, match="differ"):
        export.export(detector, str(tmp_path / "m"), "v", cut(windows)[:8], {})
    assert list(tmp_path.iterdir()) == []


def test_names_that_are_not_identifiers(long_data_set, tmp_path):
    """A column called 'CPU %' that cannot be a signature's input."""
    import dataclasses

    folder, schema = long_data_set
    features = (
        dataclasses.replace(schema.features[0], name="CPU %"),
        *schema.features[1:],
    )
    renamed = dataclasses.replace(schema, features=features)
    detector, windows = finished((folder, renamed))
    export.export(detector, str(tmp_path / "m"), "v", cut(windows)[:8], {})
    loaded = tf.saved_model.load(str(tmp_path / "m"))
    inputs = loaded.signatures["serve_columns"].structured_input_signature[1]
    assert sorted(inputs) == [f"feature_{i}" for i in range(4)]


def test_fused_view_of_steps(series):
    """Catches a fused flag that is not what both views say."""
    _, signatures, values = series
    served = signatures["score_chunk"](
        values=tf.constant(values), **signatures["initial_state"]()
    )
    either = served["time_is_anomaly"] | served["feature_is_anomaly"]
    np.testing.assert_array_equal(served["fused_is_anomaly"], either)
    assert 0 < either.numpy().sum() < len(values)
    ratio = np.fmax(
        served["time_score"] / served["time_threshold"],
        served["feature_score"] / served["feature_threshold"],
    )
    np.testing.assert_allclose(served["fused_score"], ratio)
    np.testing.assert_array_equal(served["fused_threshold"], 1)


def test_fused_view_of_windows(series):
    """Catches thresholds of the request that the fused view does not know."""
    _, signatures, values = series
    windows = np.stack([values[i : i + 12] for i in range(0, 240, 12)])
    stored = signatures["serving_default"](values=tf.constant(windows))
    flags = [stored[f"{view}_is_anomaly"] for view in ("time", "feature")]
    np.testing.assert_array_equal(
        stored["fused_is_anomaly"], np.maximum(*flags)
    )
    asked = signatures["serve_with_thresholds"](
        values=tf.constant(windows),
        thresholds=tf.constant([1e-9, np.nan], tf.float64),
    )
    assert asked["fused_is_anomaly"].numpy().all()
    description = json.loads(signatures["describe"]()["description"].numpy())
    assert description["views"] == ["time", "feature", "fused"]
