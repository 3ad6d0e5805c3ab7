"""The linear forecast against known processes, scikit-learn and loops."""

import functools

import hypothesis
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import strategies as st
from sklearn.linear_model import Ridge

from trainer.arrays import flatten, unflatten
from trainer.models.vector_autoregression import (
    VectorAutoregression,
    ridge_regression,
)
from trainer.statistics.windows import lagged

CONTEXT = 3
NUM_INPUTS, SCORED = 4, (0, 2)


def make(num_inputs=NUM_INPUTS, scored=SCORED, length=CONTEXT + 1, **settings):
    settings = {"context_length": CONTEXT} | settings
    network = VectorAutoregression(settings, length, num_inputs, scored, 1)
    network.build(None)
    return network


def windows(batch=30, length=CONTEXT + 1, width=NUM_INPUTS, seed=0):
    """Correlated over time and features, around other means than 0."""
    noise = np.random.default_rng(seed).normal(size=(batch, length, width))
    smooth = np.cumsum(noise, axis=1) + noise[..., ::-1]
    return (smooth + np.arange(width)).astype("float32")


def fit(network, values, observed=None):
    if observed is None:
        observed = np.ones(values.shape, bool)[..., list(network.scored)]
    statistics = network.empty_statistics()
    network.finalize(network.update(statistics, values, observed))
    return network


def fitted(**settings):
    return fit(make(**settings), windows(200))


def process(matrices, intercept, num_steps):
    """A vector autoregression with known weights, newest matrix first."""
    generator = np.random.default_rng(3)
    rows = list(np.zeros((len(matrices), len(intercept))))
    for _ in range(num_steps):
        mean = intercept + sum(
            matrix @ rows[-age] for age, matrix in enumerate(matrices, 1)
        )
        rows.append(mean + generator.normal(size=len(intercept)))
    return np.array(rows, "float32")[np.newaxis, 100:]


def moments_of(rows):
    return rows.mean(axis=0), np.cov(rows.T, ddof=0)


def regression_rows(num_rows=60, num_inputs=5, num_targets=2):
    generator = np.random.default_rng(4)
    inputs = generator.normal(size=(num_rows, num_inputs)) + 3.0
    weights = generator.normal(size=(num_inputs, num_targets))
    noise = generator.normal(size=(num_rows, num_targets))
    return inputs, inputs @ weights + 0.5 * noise - 7.0


@pytest.mark.parametrize(
    "matrices",
    [
        [[[0.5, 0.2], [-0.3, 0.6]]],
        [[[0.4, 0.0], [0.3, 0.2]], [[0.1, -0.4], [0.0, 0.3]]],
    ],
    ids=["one step", "two steps"],
)
def test_recovers_a_known_process(matrices):
    """Catches lags in the wrong order, and a kernel that is transposed."""
    matrices, intercept = np.array(matrices), np.array([1.0, -2.0])
    values = process(matrices, intercept, 60_000)
    network = make(2, (0, 1), 4, context_length=len(matrices), ridge=0.0)
    fit(network, values)
    # The kernel holds the oldest step first.
    expected = np.concatenate([matrix.T for matrix in matrices[::-1]])
    np.testing.assert_allclose(network.kernel, expected, atol=0.02)
    np.testing.assert_allclose(network.bias, intercept, atol=0.05)


@pytest.mark.parametrize("ridge", [1e-8, 0.01, 3.0])
def test_ridge_equals_scikit_learn(ridge):
    """Catches a penalty on the bias, or one not counted for each row."""
    inputs, targets = regression_rows()
    found = ridge_regression(
        *moments_of(np.hstack([inputs, targets])), targets.shape[1], ridge
    )
    expected = Ridge(alpha=ridge * len(inputs)).fit(inputs, targets)
    np.testing.assert_allclose(found[0], expected.coef_.T, rtol=1e-10)
    np.testing.assert_allclose(found[1], expected.intercept_, rtol=1e-10)


@pytest.mark.parametrize(
    "kind", ["free", "duplicated", "collinear", "constant"]
)
def test_no_ridge_equals_least_squares(kind):
    """Catches huge weights that cancel, and a solver that fails."""
    inputs, targets = regression_rows()
    if kind == "duplicated":
        inputs[:, 1] = inputs[:, 0]
    if kind == "collinear":
        inputs[:, 1] = 2 * inputs[:, 0] - inputs[:, 3]
    if kind == "constant":
        inputs[:, 1] = 3.0
    found = ridge_regression(
        *moments_of(np.hstack([inputs, targets])), targets.shape[1], 0.0
    )
    centred = inputs - inputs.mean(axis=0)
    kernel = np.linalg.lstsq(centred, targets - targets.mean(axis=0))[0]
    bias = targets.mean(axis=0) - inputs.mean(axis=0) @ kernel
    np.testing.assert_allclose(found[0], kernel, rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(found[1], bias, rtol=1e-9)


def test_infinite_moments_are_an_error():
    """Catches weights of NaN that a model would be saved with."""
    for bad in (np.nan, np.inf):
        with pytest.raises(ValueError, match="finite moments.*`ignored`"):
            ridge_regression(np.array([0.0, bad]), np.eye(2), 1, 0.1)
        with pytest.raises(ValueError, match="finite moments.*`ignored`"):
            ridge_regression(np.zeros(2), np.full((2, 2), bad), 1, 0.1)


@pytest.mark.parametrize("reads_covariates", [False, True])
def test_weights_are_those_of_scikit_learn(reads_covariates):
    """Catches other columns read than said, or targets among the inputs."""
    values = windows(200)
    network = fit(make(reads_covariates=reads_covariates, ridge=0.1), values)
    read = list(range(NUM_INPUTS) if reads_covariates else SCORED)
    inputs = lagged(values[..., read], CONTEXT)[:, 0].astype("float64")
    targets = values[:, -1, list(SCORED)].astype("float64")
    expected = Ridge(alpha=0.1 * len(inputs)).fit(inputs, targets)
    np.testing.assert_allclose(network.kernel, expected.coef_.T, atol=1e-6)
    np.testing.assert_allclose(network.bias, expected.intercept_, atol=1e-5)


@pytest.mark.parametrize("reads_covariates", [False, True])
def test_residuals_equal_a_loop(reads_covariates):
    """Catches forecasts of another step or feature, or a sign turned."""
    network = fitted(reads_covariates=reads_covariates)
    values = windows(3, 9, seed=1)
    found = network(tf.constant(values))["forecast"]
    read = list(range(NUM_INPUTS) if reads_covariates else SCORED)
    kernel, bias = network.kernel.numpy(), network.bias.numpy()
    assert found.shape == (3, 9 - CONTEXT, len(SCORED))
    for series, rows in enumerate(values):
        for step in range(CONTEXT, 9):
            past = rows[step - CONTEXT : step, read].ravel()
            expected = rows[step, list(SCORED)] - past @ kernel - bias
            np.testing.assert_allclose(
                found[series, step - CONTEXT], expected, atol=1e-5
            )


def test_covariates_count_only_where_asked_for():
    """Catches a setting that changes the shapes but not what is read."""
    values = windows(3, 9, seed=1)
    changed = values.copy()
    changed[:, :, [1, 3]] += 5.0
    for reads_covariates in (False, True):
        network = fitted(reads_covariates=reads_covariates)
        before = network(tf.constant(values))["forecast"]
        after = network(tf.constant(changed))["forecast"]
        assert np.any(before != after) == reads_covariates


def test_no_forecast_sees_its_own_step():
    """Catches a forecast from the value that it is held against, or later."""
    network = fitted()
    values = windows(1, 12, seed=2)
    before = network(tf.constant(values))["forecast"].numpy()
    for step in range(12):
        changed = values.copy()
        changed[0, step, 0] += 1.0
        change = network(tf.constant(changed))["forecast"].numpy() - before
        change = np.concatenate([np.zeros((CONTEXT, 2)), change[0]])
        assert (change[:step] == 0).all()
        if step >= CONTEXT:
            np.testing.assert_allclose(change[step], [1.0, 0.0], atol=1e-5)
        later = slice(max(step + 1, CONTEXT), step + 1 + CONTEXT)
        assert (change[later, 0] != 0).all()
        assert (change[step + 1 + CONTEXT :] == 0).all()


@hypothesis.settings(max_examples=40, deadline=None, derandomize=True)
@hypothesis.given(
    st.lists(st.integers(0, 30), max_size=4), st.booleans(), st.booleans()
)
def test_any_split_merged_is_one_pass(cuts, is_last_first, has_holes):
    """Catches weights that depend on batches, or on how workers shared."""
    network, values = make(), windows(30, 6)
    observed = np.ones((30, 6, 2), bool)
    if has_holes:
        observed = np.random.default_rng(5).random(observed.shape) < 0.7
    empty = network.empty_statistics()
    edges = [0, *sorted(cuts), 30]
    shares = [
        network.update(empty, values[begin:end], observed[begin:end])
        for begin, end in zip(edges, edges[1:], strict=False)
    ]
    # As workers send them to one another.
    shares = [unflatten(empty, flatten(share)) for share in shares]
    ordered = shares[::-1] if is_last_first else shares
    merged = functools.reduce(network.merge, ordered)
    whole = network.update(empty, values, observed)
    assert merged.count == whole.count
    np.testing.assert_allclose(merged.mean, whole.mean, rtol=1e-10)
    np.testing.assert_allclose(
        merged.covariance(), whole.covariance(), rtol=1e-10, atol=1e-10
    )
    network.finalize(whole)
    expected = network.get_weights()
    network.finalize(merged)
    for one, other in zip(network.get_weights(), expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-7)


def test_updating_in_turns_is_one_pass():
    """Catches an `update` that forgets the windows before."""
    network, values = make(), windows(30)
    observed = np.ones((30, CONTEXT + 1, 2), bool)
    statistics = network.empty_statistics()
    for begin in range(0, 30, 7):
        batch = slice(begin, begin + 7)
        statistics = network.update(statistics, values[batch], observed[batch])
    network.finalize(statistics)
    expected = fit(make(), values).get_weights()
    for one, other in zip(network.get_weights(), expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("ridge", [0.0, 0.01])
def test_constant_columns_have_no_weight(ridge):
    """Catches a singular matrix, or weights that rounding chose."""
    values = windows(200)
    values[..., 0] = 0.0
    network = fit(make(ridge=ridge), values)
    kernel = network.kernel.numpy().reshape(CONTEXT, 2, 2)
    np.testing.assert_allclose(kernel[:, 0], 0, atol=1e-12)
    np.testing.assert_allclose(kernel[:, :, 0], 0, atol=1e-12)
    assert (np.abs(kernel[:, 1, 1]) > 1e-3).all()
    assert network.bias.numpy()[0] == pytest.approx(0, abs=1e-12)


def test_missing_targets_do_not_count():
    """Catches a filled value that the forecast is held against."""
    values = windows(200)
    observed = np.ones((200, CONTEXT + 1, 2), bool)
    observed[50:120, -1, 0] = False
    expected = fit(make(), values, observed).get_weights()
    wrong = values.copy()
    wrong[50:120, -1, 0] = 1e3
    found = fit(make(), wrong, observed).get_weights()
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)
    whole = fit(make(), values).get_weights()
    kernel, bias = zip(expected, whole, strict=True)
    np.testing.assert_allclose(kernel[0][:, 1], kernel[1][:, 1], rtol=1e-6)
    assert (kernel[0][:, 0] != kernel[1][:, 0]).all()
    assert bias[0][1] == pytest.approx(bias[1][1], rel=1e-5)


def test_a_column_missing_in_half_of_train():
    """Catches filled inputs counted where their targets are left out."""
    noise = np.random.default_rng(0).normal(size=20_000)
    series = np.zeros(20_000, "float32")
    for step in range(1, len(series)):
        series[step] = 0.9 * series[step - 1] + noise[step]
    rows = np.stack([series, series[::-1]], axis=1)
    is_known = np.ones(rows.shape, bool)
    is_known[:10_000, 0] = False
    rows[~is_known] = 0.0
    values, observed = (
        np.lib.stride_tricks.sliding_window_view(each, 2, axis=0).swapaxes(1, 2)
        for each in (rows, is_known)
    )
    settings = {"context_length": 1, "ridge": 0.0}
    network = VectorAutoregression(settings, 2, 2, (0, 1), 1)
    network.build(None)
    kernel = fit(network, values, observed).kernel.numpy()
    assert kernel[0, 0] == pytest.approx(0.9, abs=0.02)


@pytest.mark.parametrize("ridge", [0.0, 1e-18])
def test_hardly_any_ridge(ridge):
    """Catches a system of equations that has no single solution."""
    column = np.random.default_rng(0).normal(size=(100, 1))
    rows = np.hstack([column, column, 2 * column])
    covariance = np.cov(rows.T, ddof=0)
    kernel, _ = ridge_regression(rows.mean(axis=0), covariance, 1, ridge)
    np.testing.assert_allclose(kernel.ravel(), [1, 1], rtol=1e-6)


def test_loss_is_of_observed_cells():
    """Catches a filled cell in the loss."""
    residuals = {"forecast": tf.constant([[[1.0, 100.0]]])}
    observed = tf.constant([[[True, False]]])
    assert float(make().loss(residuals, observed)) == pytest.approx(1.0)


@pytest.mark.parametrize("length", [2, CONTEXT])
def test_window_must_be_longer_than_the_context(length):
    """Catches windows without a step to forecast, found out in training."""
    with pytest.raises(ValueError, match="`context_length`.*--context_length"):
        make(length=length)
    make(length=CONTEXT + 1)


def test_usual_window_holds_context_and_warm_up():
    """Catches windows too short for their last score."""
    settings = make().settings
    assert settings.usual_window_length(0) == CONTEXT + 1
    assert settings.usual_window_length(100) == CONTEXT + 101


def test_config_and_weights_round_trip():
    """Catches a setting lost on reload, and state that is no weight."""
    network = fitted(reads_covariates=True, ridge=0.5)
    again = VectorAutoregression.from_config(network.get_config())
    assert again.get_config() == network.get_config()
    again.build(None)
    again.set_weights(network.get_weights())
    values = tf.constant(windows(3, 9, seed=1))
    np.testing.assert_array_equal(
        again(values)["forecast"], network(values)["forecast"]
    )
    assert not network.trainable_weights


def test_a_pass_replaces_the_one_before():
    """Catches weights that a second pass adds to."""
    network = fitted()
    expected = network.get_weights()
    fit(network, windows(200))
    for one, other in zip(network.get_weights(), expected, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("jit", [False, True])
def test_compiled_equals_eager(jit):
    """Catches an operation that one of the drivers cannot compile."""
    network = fitted()
    values = tf.constant(windows(3, 9, seed=1))
    compiled = tf.function(lambda x: network(x), jit_compile=jit)
    np.testing.assert_allclose(
        compiled(values)["forecast"], network(values)["forecast"], atol=1e-5
    )
