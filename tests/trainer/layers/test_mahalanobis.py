"""The layer against the NumPy functions and the rules for unknowns."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from trainer.layers.mahalanobis import MahalanobisDistance
from trainer.statistics.moments import Moments
from trainer.statistics.pairwise import PairwiseMoments
from trainer.statistics.shrinkage import oas_covariance
from trainer.statistics.whitening import (
    cholesky_factor,
    mahalanobis_contributions,
    mahalanobis_distance,
)


def normal_rows(num_rows, num_features, seed=1):
    generator = np.random.default_rng(seed)
    mixing = generator.normal(size=(num_features, num_features))
    return generator.normal(size=(num_rows, num_features)) @ mixing + 2.0


def fitted(num_features, **settings):
    layer = MahalanobisDistance(num_features, **settings)
    moments = PairwiseMoments.from_batch(normal_rows(300, num_features))
    layer.set_from(moments)
    return layer, moments


@pytest.mark.parametrize(
    ("mode", "shrink"), [("eager", False), ("graph", True), ("jit", True)]
)
def test_equals_numpy(mode, shrink):
    """Catches float32 on the way, and drivers that differ."""
    layer, moments = fitted(4, shrink=shrink, relative_ridge=1e-5)
    covariance = moments.covariance()
    if shrink:
        covariance, _ = oas_covariance(moments.covariance(ddof=0), 300)
    factor = cholesky_factor(covariance, 1e-5)
    rows = normal_rows(60, 4, seed=2)
    measure = {
        "eager": layer,
        "graph": tf.function(lambda x: layer(x)),
        "jit": tf.function(lambda x: layer(x), jit_compile=True),
    }[mode]
    distance, is_scored, contributions = measure(
        tf.constant(rows.reshape(5, 12, 4))
    )
    assert is_scored.numpy().all() and is_scored.shape == (5, 12)
    np.testing.assert_allclose(
        distance.numpy().ravel(),
        mahalanobis_distance(rows, moments.mean, factor),
        rtol=1e-9,
    )
    expected = mahalanobis_contributions(rows, moments.mean, factor)
    np.testing.assert_allclose(
        contributions.numpy().reshape(60, 4), expected, rtol=1e-9, atol=1e-9
    )


@pytest.mark.parametrize("jit", [False, True])
def test_unknown_entries_are_left_out_and_the_rest_rescaled(jit):
    """Catches 0 for unknown, a missing rescaling, and invented terms."""
    layer, moments = fitted(4, shrink=False, relative_ridge=0.0)
    rows = normal_rows(3, 4, seed=3)
    rows[1, [0, 2]] = np.nan
    measure = tf.function(lambda x: layer(x), jit_compile=jit)
    distance, is_scored, contributions = measure(rows)
    kept = [1, 3]
    precision = np.linalg.inv(moments.covariance()[np.ix_(kept, kept)])
    deviation = rows[1, kept] - moments.mean[kept]
    expected = deviation * (precision @ deviation) * 4 / 2
    assert is_scored.numpy().all()
    np.testing.assert_allclose(distance[1], np.sqrt(expected.sum()), rtol=1e-9)
    np.testing.assert_allclose(
        contributions[1], [np.nan, expected[0], np.nan, expected[1]], rtol=1e-9
    )
    whole = measure(rows[[0, 2, 2]])
    np.testing.assert_allclose(
        distance.numpy()[[0, 2]], whole[0][:2], rtol=1e-12
    )


def test_too_few_entries_are_not_scored():
    """Catches unknown called normal: fewer than half is no score."""
    layer, _ = fitted(5)
    rows = normal_rows(4, 5)
    rows[0, :2] = np.nan
    rows[1, :3] = np.nan
    rows[2] = np.nan
    distance, is_scored, contributions = layer(rows)
    assert is_scored.numpy().tolist() == [True, False, False, True]
    assert np.isnan(distance).tolist() == [False, True, True, False]
    assert np.isnan(contributions).sum(axis=1).tolist() == [2, 5, 5, 0]


def test_an_infinite_entry_is_infinitely_strange():
    """Catches infinity minus infinity: a diverged network called unknown."""
    layer, _ = fitted(4)
    rows = normal_rows(2, 4)
    rows[0, :2] = [-np.inf, np.nan]
    distance, is_scored, contributions = layer(rows)
    assert is_scored.numpy().tolist() == [True, True]
    assert np.isinf(distance).tolist() == [True, False]
    assert contributions[0, 0] == np.inf
    assert np.isnan(contributions[0]).tolist() == [False, True, False, False]


def test_without_statistics_nothing_is_scored():
    """Catches distances from an unfinished detector."""
    layer = MahalanobisDistance(3)
    rows = normal_rows(2, 3)
    for _ in range(2):
        distance, is_scored, contributions = layer(rows)
        assert not is_scored.numpy().any()
        assert np.isnan(distance).all() and np.isnan(contributions).all()
        layer.set_from(PairwiseMoments.from_batch(rows))
        assert layer(rows)[1].numpy().all()
        layer.reset()


def test_singular_statistics_give_finite_distances():
    """Catches a factor of 0 from a perfect reconstruction."""
    for rows in (np.zeros((9, 3)), np.ones((9, 3)) * np.arange(9)[:, None]):
        layer = MahalanobisDistance(3)
        layer.set_from(PairwiseMoments.from_batch(rows))
        distance = layer(rows + [[0.0, 0.0, 1.0]])[0]
        assert np.isfinite(distance).all()


def test_contradicting_pairs_give_finite_distances():
    """Catches a covariance of pairs that has no Cholesky factor.

    Three sensors, never all on: two pairs rise together, the third does not.
    """
    ramp = np.linspace(-1.0, 1.0, 50)
    rows = np.full((150, 3), np.nan)
    for position, (pair, sign) in enumerate(
        (((0, 1), 1.0), ((1, 2), 1.0), ((0, 2), -1.0))
    ):
        part = rows[50 * position : 50 * (position + 1)]
        part[:, pair[0]], part[:, pair[1]] = ramp, sign * ramp
    moments = PairwiseMoments.from_batch(rows)
    assert np.linalg.eigvalsh(moments.covariance())[0] < 0
    for shrink in (False, True):
        layer = MahalanobisDistance(3, shrink=shrink)
        layer.set_from(moments)
        distance, is_scored, _ = layer(np.eye(3))
        assert is_scored.numpy().all()
        assert (distance.numpy() > 0.5).all()
        assert (distance.numpy() < 5).all()
        assert layer.count.numpy() == 150


def test_the_least_known_pair_sets_the_shrinkage():
    """Catches shrinkage by all rows, where most pairs rest on a few."""
    rows = normal_rows(300, 3)
    rows[20:, 0] = np.nan
    moments = PairwiseMoments.from_batch(rows)
    layer = MahalanobisDistance(3, relative_ridge=0.0)
    layer.set_from(moments)
    factor = layer.factor.numpy()
    expected, _ = oas_covariance(moments.covariance(ddof=0), 20)
    np.testing.assert_allclose(factor @ factor.T, expected, rtol=1e-9)
    assert layer.count.numpy() == 300


def test_bad_statistics_are_errors_and_change_nothing():
    """Catches half of the weights taken over."""
    layer, _ = fitted(3)
    before = layer.get_weights()
    bad = dataclasses.replace(
        PairwiseMoments.empty(3),
        complete=Moments(5, np.zeros(3), np.full((3, 3), np.nan)),
    )
    for moments, message in (
        (PairwiseMoments.from_batch(np.zeros((1, 3))), "at least 2 rows"),
        (PairwiseMoments.empty(4), "must have 3 features"),
        (bad, "positive definite"),
    ):
        with pytest.raises(ValueError, match=message):
            layer.set_from(moments)
    for old, new in zip(before, layer.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_many_rows_need_no_square_matrix():
    """Catches a product of all rows with all rows, here 80 GB."""
    layer, _ = fitted(3)
    rows = tf.zeros([100_000, 3], tf.float64)
    assert layer(rows)[0].shape == (100_000,)


def test_saved_model_takes_any_shape(tmp_path):
    """Catches Python state, and shapes frozen into the exported graph."""
    layer, _ = fitted(3)
    module = tf.Module()
    module.layer = layer
    measure = tf.function(
        lambda rows: layer(rows)[0],
        input_signature=[tf.TensorSpec([None, None, 3], tf.float64)],
    )
    tf.saved_model.save(module, str(tmp_path), signatures=measure)
    served = tf.saved_model.load(str(tmp_path)).signatures["serving_default"]
    for shape in ((1, 1, 3), (2, 90, 3)):
        rows = normal_rows(shape[0] * shape[1], 3).reshape(shape)
        rows[0, 0, 0] = np.nan
        np.testing.assert_allclose(
            served(tf.constant(rows))["output_0"], layer(rows)[0], rtol=1e-12
        )


def test_config_and_weights_round_trip(tmp_path):
    """Catches settings or statistics that a saved model forgets."""
    layer, _ = fitted(3, relative_ridge=1e-3, shrink=False)
    inputs = keras.Input((3,), dtype="float64")
    model = keras.Model(inputs, layer(inputs)[0])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    rows = normal_rows(4, 3)
    np.testing.assert_array_equal(model(rows), loaded(rows))
    restored = loaded.layers[-1]
    assert restored.get_config() == layer.get_config()
    assert restored.factor.numpy().dtype == np.float64
    assert not model.trainable_weights
