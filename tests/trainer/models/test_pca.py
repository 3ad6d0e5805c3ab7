"""Both views of the principal components against scikit-learn and loops."""

import functools
import json
import logging

import hypothesis
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import strategies as st
from sklearn.decomposition import PCA

from trainer.arrays import flatten, unflatten
from trainer.models.pca import PrincipalComponents

LENGTH, NUM_INPUTS, SCORED = 6, 5, (0, 1, 3, 4)


def make(length=LENGTH, num_inputs=NUM_INPUTS, scored=SCORED, **settings):
    network = PrincipalComponents(settings, length, num_inputs, scored, 1)
    network.build(None)
    return network


def windows(batch=80, length=LENGTH, width=NUM_INPUTS, seed=0):
    """Two causes that move slowly, around other means than 0."""
    generator = np.random.default_rng(seed)
    causes = np.cumsum(generator.normal(size=(batch, length, 2)), axis=1)
    mixture = np.random.default_rng(99).normal(size=(2, width))
    noise = 0.2 * generator.normal(size=(batch, length, width))
    return (causes @ mixture + noise + np.arange(width)).astype("float32")


def everything(network, values):
    return np.ones((*values.shape[:2], len(network.scored)), bool)


def statistics_of(network, values, observed=None):
    if observed is None:
        observed = everything(network, values)
    return network.update(network.empty_statistics(), values, observed)


def fit(network, values, held_out=None):
    if held_out is None:
        held_out = windows(40, seed=1)
    return network.finalize(
        statistics_of(network, values), statistics_of(network, held_out)
    )


def left_of(rows, train, number):
    """What scikit-learn's components leave of rows."""
    model = PCA(number).fit(train)
    return rows - model.inverse_transform(model.transform(rows))


def by_feature(values):
    return values.transpose(0, 2, 1).reshape(-1, values.shape[1])


@pytest.mark.parametrize("offset", [0.0, 1e4])
def test_residuals_are_those_of_scikit_learn(offset):
    """Catches views that are exchanged, covariates read, and few digits."""
    network = make(num_time_components=2, num_feature_components=3)
    train, values = windows() + offset, windows(7, seed=2) + offset
    train, values = train.astype("float32"), values.astype("float32")
    fit(network, train)
    found = network(tf.constant(values))
    train, values = (each[..., SCORED].astype("f8") for each in (train, values))
    expected = left_of(values.reshape(-1, 4), train.reshape(-1, 4), 2)
    np.testing.assert_allclose(
        found["time_view"], expected.reshape(7, LENGTH, 4), rtol=1e-6, atol=1e-6
    )
    expected = left_of(by_feature(values), by_feature(train), 3)
    np.testing.assert_allclose(
        found["feature_view"],
        expected.reshape(7, 4, LENGTH).transpose(0, 2, 1),
        rtol=1e-6,
        atol=1e-6,
    )


def test_every_step_and_every_window_is_a_row():
    """Catches windows of the feature view that mix features."""
    found = statistics_of(make(), windows(80))
    assert found.count == found.time.count == 80 * LENGTH
    assert found.feature.count == 80 * len(SCORED)
    values = windows(80)[..., SCORED].astype("f8")
    for moments, rows in (
        (found.time, values.reshape(-1, 4)),
        (found.feature, by_feature(values)),
    ):
        np.testing.assert_allclose(moments.mean, rows.mean(axis=0))
        np.testing.assert_allclose(moments.covariance(), np.cov(rows.T))


def test_missing_cells_are_left_out():
    """Catches a filled cell that counts, or a row lost for one."""
    values = windows()
    observed = np.random.default_rng(3).random((80, LENGTH, 4)) < 0.8
    wrong = values.copy()
    wrong[..., SCORED] = np.where(observed, values[..., SCORED], 1e3)
    found = statistics_of(make(), wrong, observed)
    known = np.where(observed, values[..., SCORED], np.nan).astype("f8")
    for moments, rows in (
        (found.time, known.reshape(-1, 4)),
        (found.feature, by_feature(known)),
    ):
        np.testing.assert_allclose(moments.mean, np.nanmean(rows, axis=0))
        pair = rows[~np.isnan(rows[:, :2]).any(axis=1), :2]
        expected = np.cov(pair.T)[0, 1]
        assert moments.covariance()[0, 1] == pytest.approx(expected)


@hypothesis.settings(max_examples=25, deadline=None, derandomize=True)
@hypothesis.given(
    st.lists(st.integers(0, 80), max_size=4), st.booleans(), st.booleans()
)
def test_any_split_merged_is_one_pass(cuts, is_last_first, has_holes):
    """Catches weights that depend on batches, or on how workers shared."""
    network, values = make(), windows()
    observed = everything(network, values)
    if has_holes:
        observed = np.random.default_rng(5).random(observed.shape) < 0.7
    empty = network.empty_statistics()
    edges = [0, *sorted(cuts), 80]
    shares = [
        network.update(empty, values[begin:end], observed[begin:end])
        for begin, end in zip(edges, edges[1:], strict=False)
    ]
    # As workers send them to one another.
    shares = [unflatten(empty, flatten(share)) for share in shares]
    ordered = shares[::-1] if is_last_first else shares
    weights = []
    for found in (
        network.update(empty, values, observed),
        functools.reduce(network.merge, ordered),
    ):
        network.finalize(found, found)
        weights.append(network.get_weights())
    for whole, merged in zip(*weights, strict=True):
        np.testing.assert_allclose(merged, whole, rtol=1e-9, atol=1e-9)


def test_held_out_rows_choose_and_are_told():
    """Catches a choice on train, and numbers that JSON cannot hold."""
    network = make()
    found = json.loads(json.dumps(fit(network, windows())))
    assert found["time_components"] == 2
    # A projection has one 1 for each direction that it leaves.
    assert np.trace(network.time.leftover.numpy()) == pytest.approx(4 - 2)
    chosen = found["feature_components"]
    left = np.trace(network.feature.leftover.numpy())
    assert left == pytest.approx(LENGTH - chosen)
    assert found["watched"] == "val_cell_error"
    time, feature = (found["evidence"][view] for view in ("time", "feature"))
    assert len(time["cell_error"]) == 4
    assert len(feature["cell_error"]) == LENGTH
    assert time["cell_error"][2] == min(time["cell_error"])
    errors = time["cell_error"][2], feature["cell_error"][chosen]
    expected = np.sqrt(np.mean(np.square(errors)))
    assert found["val_cell_error"] == pytest.approx(expected)
    ratios = time["explained_variance_ratio"]
    assert found["time_explained"] == pytest.approx(sum(ratios[:2]))
    assert sum(ratios) == pytest.approx(1.0)
    shifted = fit(make(), windows(), windows(40, seed=1) + np.float32(3))
    assert shifted["val_cell_error"] > found["val_cell_error"]


def test_a_given_number_is_taken_and_judged():
    """Catches a flag without effect, and trials that cannot be compared."""
    best = fit(make(), windows())
    for number in (1, 3):
        network = make(num_time_components=number)
        found = fit(network, windows())
        assert found["time_components"] == number
        assert np.linalg.matrix_rank(network.time.leftover) == 4 - number
        assert found["val_cell_error"] > best["val_cell_error"]
        assert found["feature_components"] == best["feature_components"]


@pytest.mark.parametrize("case", ["none", "empty", "one column"])
def test_train_judges_where_nothing_was_held_out(case, caplog):
    """Catches a figure made up where nothing was measured."""
    network, values = make(), windows()
    train = statistics_of(network, values)
    observed = everything(network, values)
    observed[..., 2] = False
    held_out = {
        "none": None,
        "empty": network.empty_statistics(),
        "one column": statistics_of(network, values, observed),
    }[case]
    with caplog.at_level(logging.WARNING):
        found = network.finalize(train, held_out)
    assert "those of train are used" in caplog.text
    assert found["time_components"] == 2
    assert not {"watched", "val_cell_error"} & set(found)


@pytest.mark.parametrize(
    ("flag", "width"),
    [("num_time_components", 4), ("num_feature_components", LENGTH)],
)
def test_one_direction_at_least_must_be_left(flag, width):
    """Catches an identity that reconstructs everything without error."""
    for number in (width, width + 5):
        with pytest.raises(ValueError, match=f"`{flag}`.* {width},.*--{flag}"):
            make(**{flag: number})
    make(**{flag: width - 1})


def test_rows_of_one_value(caplog):
    """Catches a component that copies what it is held against."""
    with caplog.at_level(logging.WARNING):
        network = make(length=1, scored=(3,))
    assert "`num_time_components`" in caplog.text
    assert "`num_feature_components`" in caplog.text
    train, values = windows(length=1), windows(9, length=1, seed=2)
    found = fit(network, train, values)
    assert found["time_components"] == found["feature_components"] == 0
    expected = values[..., [3]] - train[..., 3].mean(dtype="f8")
    for part in network(tf.constant(values)).values():
        np.testing.assert_allclose(part, expected, rtol=1e-6)
    for flag in ("num_time_components", "num_feature_components"):
        with pytest.raises(ValueError, match=f"`{flag}`"):
            make(length=1, scored=(3,), **{flag: 1})


def test_constant_column_has_no_residual():
    """Catches a direction without variance among the chosen ones."""
    train, values = windows(), windows(9, seed=2)
    train[..., 1] = values[..., 1] = 0.0
    network = make()
    fit(network, train)
    found = network(tf.constant(values))["time_view"].numpy()
    np.testing.assert_allclose(found[..., 1], 0, atol=1e-6)
    assert np.abs(found[..., 0]).max() > 0.01


@pytest.mark.parametrize("num_windows", [0, 1])
def test_too_few_rows(num_windows):
    """Catches a covariance of one row, which is no number."""
    network = make(length=1)
    statistics = statistics_of(network, windows(num_windows, 1))
    with pytest.raises(ValueError, match="at least 2 rows"):
        network.finalize(statistics)


def test_loss_is_of_observed_cells_of_both_views():
    """Catches a filled cell in the loss, or a view left out."""
    residuals = {
        "time_view": tf.constant([[[1.0, 100.0]]]),
        "feature_view": tf.constant([[[3.0, 100.0]]]),
    }
    observed = tf.constant([[[True, False]]])
    assert float(make().loss(residuals, observed)) == pytest.approx(5.0)


def test_config_and_weights_round_trip():
    """Catches a setting lost on reload, and state that is no weight."""
    network = make(num_feature_components=3)
    fit(network, windows())
    again = PrincipalComponents.from_config(network.get_config())
    assert again.get_config() == network.get_config()
    again.build(None)
    again.set_weights(network.get_weights())
    values = tf.constant(windows(3, seed=2))
    for part in network.parts:
        np.testing.assert_array_equal(
            again(values)[part], network(values)[part]
        )
    assert not network.trainable_weights
    assert network.settings.usual_window_length(0) == 30


@pytest.mark.parametrize("jit", [False, True])
def test_compiled_equals_eager(jit):
    """Catches an operation that one of the drivers cannot compile."""
    network = make()
    fit(network, windows())
    values = tf.constant(windows(3, seed=2))
    compiled = tf.function(lambda x: network(x), jit_compile=jit)
    for part in network.parts:
        np.testing.assert_allclose(
            compiled(values)[part], network(values)[part], atol=1e-6
        )
