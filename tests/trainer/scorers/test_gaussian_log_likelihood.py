"""The scorer against SciPy's density, and a published system's numbers."""

import dataclasses
import functools
import logging

import keras
import numpy as np
import pytest
import tensorflow as tf
from data_sets import feature_of, wave
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import multivariate_normal

from trainer import config, scorers
from trainer.arrays import flatten, unflatten
from trainer.detector import Detector, DetectorConfig
from trainer.schema import Schema
from trainer.scorers.gaussian_log_likelihood import (
    GaussianLogLikelihood,
    HorizonMoments,
)
from trainer.statistics.moments import Moments
from trainer.statistics.pairwise import PairwiseMoments

LENGTH, NUM_SCORED = 8, 3
EXACT = 1e-15

# What LSTM-AD's published sample scores say of its Gaussian, in data units.
RANGES = np.array([40.58417239, 40.94432267])
MEAN = np.array([0.85424358, 0.86977224])
COVARIANCE = np.array([[0.40050095, 0.00352597], [0.00352597, 0.43011106]])


def residuals(num_windows, seed=1, missing=0.0):
    """Correlated over features, of another spread at each step."""
    generator = np.random.default_rng(seed)
    mixing = np.array([[1.0, 0.5, 0.0], [0.0, 0.4, 0.3], [0.0, 0.0, 0.1]])
    noise = generator.normal(size=(num_windows, LENGTH, NUM_SCORED)) @ mixing
    noise = noise * np.linspace(1, 2, LENGTH)[:, np.newaxis] + 0.2
    noise[generator.random(noise.shape) < missing] = np.nan
    return {"forecast": noise.astype("float32")}


def make(num_scored=NUM_SCORED, stride=1, **settings):
    return GaussianLogLikelihood(
        settings, LENGTH, num_scored, ["forecast"], stride=stride
    )


def run_phase(scorer, parts, positions="all", batch_size=16):
    statistics = scorer.empty_statistics()
    for begin in range(0, len(parts["forecast"]), batch_size):
        batch = {k: v[begin : begin + batch_size] for k, v in parts.items()}
        statistics = scorer.update(statistics, batch, positions)
    scorer.finalize(statistics)
    return statistics


def fitted(stride=1, **settings):
    scorer = make(stride=stride, **settings)
    run_phase(scorer, residuals(50))
    return scorer


def scores_of(scorer, rows, positions="all"):
    """Of one array of residuals, `[batch, time, feature]`."""
    parts = {"forecast": tf.constant(rows)}
    return scorer(parts, positions=positions)["time"]


def published(error="compat"):
    """The scorer with the published mean and covariance, scaled units."""
    scorer = make(2, error=error, relative_ridge=EXACT)
    count = 3000
    moments = Moments(
        count, MEAN / RANGES, count * COVARIANCE / np.outer(RANGES, RANGES)
    )
    nothing = PairwiseMoments.empty(2)
    rows = dataclasses.replace(nothing, complete=moments)
    scorer.finalize({"time": HorizonMoments((rows,))})
    return scorer


def published_score(errors):
    """Log densities of errors in data units, `[row, 2]`: low = strange."""
    return -scores_of(published(), (errors / RANGES)[np.newaxis]).score[0]


def test_is_registered():
    """Catches a registry line that names nothing."""
    found = config.load(scorers.SCORERS, "gaussian_log_likelihood", "scorer")
    assert found is GaussianLogLikelihood


@pytest.mark.parametrize("num_scored", [1, 3])
@pytest.mark.parametrize("error", ["signed", "absolute", "compat"])
def test_equals_scipy(error, num_scored):
    """Catches a lost term of the density, its sign, or the sample variance."""
    train = residuals(50)["forecast"][..., :num_scored]
    scorer = make(num_scored, error=error, relative_ridge=EXACT)
    run_phase(scorer, {"forecast": train})
    values = residuals(4, seed=2)["forecast"][..., :num_scored]
    found = scores_of(scorer, values)
    rows = train.astype("float64").reshape(-1, num_scored)
    rows = rows if error == "signed" else np.abs(rows)
    wanted = np.abs(values) if error == "absolute" else values
    wanted = wanted.astype("float64")
    gaussian = multivariate_normal(rows.mean(axis=0), np.cov(rows.T, ddof=0))
    expected = -gaussian.logpdf(wanted).reshape(values.shape[:2])
    np.testing.assert_allclose(found.score, expected, rtol=1e-9)
    standardised = (wanted - rows.mean(axis=0)) / rows.std(axis=0)
    np.testing.assert_allclose(
        found.contribution, standardised**2, rtol=1e-9, atol=1e-12
    )
    assert found.is_scored.numpy().all()


def test_golden_rows():
    """Catches another unit, sign of the error, or logarithm.

    The row t=100 is printed with its forecast and score. Of t=101 the score
    alone is printed, so that it cannot be checked. The score is to 8 digits,
    the parameters were recovered from such scores, to 1.8e-5.
    """
    actual = np.array([1.97065101, 3.29014898])
    forecast = np.array([3.25866385, 2.73920816])
    error = actual - forecast
    found = float(published_score(error[np.newaxis])[0])
    assert found == pytest.approx(0.62310696, abs=1.8e-5)
    in_data_units = multivariate_normal(MEAN, COVARIANCE).logpdf(error)
    expected = in_data_units + np.log(RANGES).sum()
    assert found == pytest.approx(expected, abs=1e-10)


def test_the_largest_published_density_is_at_the_mean():
    """Catches a density that is normalised in other units: 6.457 is given."""
    largest = float(published_score(MEAN[np.newaxis])[0])
    assert largest == pytest.approx(6.457, abs=5e-4)


def test_a_likeness_of_the_published_outliers():
    """Catches a score that saturates, or is largest where it should not be.

    Rows whose two columns are off by 200 get the six lowest log densities, all
    below -9e4, where the published ones are; of the others 1 in 1,000 is
    below -25 or so.
    """
    outliers = [1708, 1807, 2265, 4171, 4237, 4429]
    generator = np.random.default_rng(3)
    covariance = [[1.3, 0.22], [0.22, 1.3]]
    errors = generator.multivariate_normal([-0.14, -0.14], covariance, 5000)
    errors[outliers] += 200 * generator.choice([-1, 1], size=(6, 2))
    found = published_score(errors).numpy()
    assert sorted(np.argsort(found)[:6]) == outliers
    assert found[outliers].max() < -9e4
    assert -40 < np.quantile(np.delete(found, outliers), 1e-3) < -15


def test_errors_without_sign_have_the_ratio_of_a_half_normal():
    """Catches compat learning from errors as they are."""
    generator = np.random.default_rng(4)
    parts = {"forecast": generator.normal(size=(2500, LENGTH, NUM_SCORED))}
    for error, expected in (
        ("signed", 0.0),
        ("absolute", 1.3236),
        ("compat", 1.3236),
    ):
        scorer = make(error=error)
        run_phase(scorer, parts)
        deviation = np.linalg.norm(scorer.gaussian.factor[0], axis=-1)
        ratio = scorer.gaussian.mean.numpy() / deviation
        np.testing.assert_allclose(ratio[0], expected, atol=0.03)


def test_only_compat_takes_drops_and_rises_apart():
    """Catches a sign that is lost, or the fault outside of compat.

    The fault: drops are punished, and rises of 1.3 deviations are the most
    normal of all.
    """
    generator = np.random.default_rng(5)
    half = generator.normal(size=(200, LENGTH, NUM_SCORED))
    parts = {"forecast": np.concatenate([half, -half])}
    rise = np.full((1, 1, NUM_SCORED), 1.3)
    found = {}
    for error in ("signed", "absolute", "compat"):
        scorer = make(error=error)
        run_phase(scorer, parts)
        found[error] = [
            float(scores_of(scorer, rows).score[0, 0])
            for rows in (rise, -rise, 0 * rise)
        ]
    for error in ("signed", "absolute"):
        up, down, _ = found[error]
        assert up == pytest.approx(down, abs=1e-9)
    assert found["signed"][2] == min(found["signed"])
    up, down, middle = found["compat"]
    assert up + 1 < middle < down - 1


@pytest.mark.parametrize("copies", [[0, 0, 1], [0, 1, 0, 0]])
def test_a_duplicated_column_stays_finite(copies):
    """Catches a covariance that has no Cholesky factor, or no determinant."""
    train = residuals(50)["forecast"][..., copies]
    values = residuals(4, seed=2)["forecast"][..., copies]
    for ridge in (1e-6, EXACT):
        scorer = make(len(copies), relative_ridge=ridge)
        run_phase(scorer, {"forecast": train})
        found = scores_of(scorer, values)
        assert np.isfinite(found.score).all()
        assert np.isfinite(found.contribution).all()
    scorer = make()
    run_phase(scorer, {"forecast": np.zeros((50, LENGTH, NUM_SCORED))})
    assert np.isfinite(scores_of(scorer, values[..., :3]).score).all()


def test_the_ridge_grows_until_there_is_a_factor():
    """Catches a phase that fails for a singular covariance's rounding."""
    scatter = np.array([[1.0, 1 + 2e-9], [1 + 2e-9, 1.0]]) * 100
    moments = dataclasses.replace(
        PairwiseMoments.empty(2), complete=Moments(100, np.zeros(2), scatter)
    )
    scorer = make(2, relative_ridge=1e-11)
    scorer.finalize({"time": HorizonMoments((moments,))})
    factor = scorer.gaussian.factor.numpy()[0]
    ridge = (factor @ factor.T)[0, 0] - 1
    assert ridge == pytest.approx(1e-8, rel=1e-6)


def test_few_rows_give_the_diagonal_and_a_warning(caplog):
    """Catches correlations by chance, and 10 rows in place of 10 a feature."""
    part = residuals(10)["forecast"][:, :3]
    for num_rows, is_few in ((29, True), (30, False)):
        caplog.clear()
        for shrink in (False, True):
            scorer = make(relative_ridge=EXACT, shrink=shrink)
            rows = part.reshape(1, 30, 3)[:, :num_rows]
            with caplog.at_level(logging.WARNING):
                run_phase(scorer, {"forecast": rows})
            factor = scorer.gaussian.factor.numpy()[0]
            is_diagonal = not np.tril(factor, -1).any()
            assert is_diagonal == (is_few and not shrink)
        assert len(caplog.records) == is_few
        variance = rows.astype("float64").var(axis=(0, 1))
        scorer = make(relative_ridge=EXACT)
        run_phase(scorer, {"forecast": rows})
        found = np.square(scorer.gaussian.factor.numpy()[0]).sum(axis=-1)
        np.testing.assert_allclose(found, variance, rtol=1e-9)


def test_unknown_features_are_left_out_and_the_rest_rescaled():
    """Catches 0 for unknown, a conditional density, another determinant."""
    scorer = fitted(relative_ridge=EXACT)
    rows = residuals(1, seed=3)["forecast"].astype("float64")
    whole = scores_of(scorer, rows)
    gaps = rows.copy()
    gaps[0, 1, 0] = np.nan
    gaps[0, 2, :2] = np.nan
    gaps[0, 3] = np.nan
    gaps[0, 4, 1] = np.inf
    found = scores_of(scorer, gaps)
    factor = scorer.gaussian.factor.numpy()[0]
    covariance, kept = factor @ factor.T, [1, 2]
    deviation = rows[0, 1, kept] - scorer.gaussian.mean.numpy()[0, kept]
    square = deviation @ np.linalg.solve(
        covariance[np.ix_(kept, kept)], deviation
    )
    constant = np.linalg.slogdet(2 * np.pi * covariance)[1]
    expected = (square * 3 / 2 + constant) / 2
    np.testing.assert_allclose(found.score[0, 1], expected, rtol=1e-9)
    is_scored = found.is_scored.numpy()[0]
    assert is_scored.tolist() == [True, True, False, False] + 4 * [True]
    np.testing.assert_array_equal(np.isnan(found.score[0]), ~is_scored)
    assert np.isposinf(found.score[0, 4])
    assert np.isposinf(found.contribution[0, 4, 1])
    contribution = found.contribution.numpy()[0]
    assert np.isnan(contribution).sum(axis=-1)[:5].tolist() == [0, 1, 3, 3, 0]
    for step in (0, 5, 7):
        assert found.score[0, step] == whole.score[0, step]


@pytest.mark.parametrize("stride", [1, 3, 4, 8, 11])
def test_per_horizon_equals_pooled_on_each_horizon(stride):
    """Catches a step given to another horizon, wherever windows end."""
    # As long as the longest stride, and no multiple of most.
    part, value = (
        np.tile(residuals(count, count, missing=0.1)["forecast"], (1, 2, 1))
        for count in (50, 5)
    )
    scorer = make(stride=stride, form="per_horizon", relative_ridge=EXACT)
    run_phase(scorer, {"forecast": part})
    found = scores_of(scorer, value)
    assert found.score.shape == value.shape[:2]
    for horizon in range(stride):
        alone = make(relative_ridge=EXACT)
        run_phase(alone, {"forecast": part[:, horizon::stride]})
        expected = scores_of(alone, value[:, horizon::stride])
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(one[:, horizon::stride], other, 1e-9)
    last = scores_of(scorer, value, "last")
    for one, whole in zip(last, found, strict=True):
        np.testing.assert_allclose(one, whole[:, -1:], rtol=1e-9)


def test_last_positions_take_one_step_of_each_window():
    """Catches steps that overlapping windows count many times."""
    for form, stride, horizon in (("pooled", 1, 0), ("per_horizon", 3, 1)):
        scorer = make(stride=stride, form=form)
        empty = scorer.empty_statistics()
        parts = residuals(20)
        found = scorer.update(empty, parts, "last")["time"]
        assert found.count == 20
        last = parts["forecast"][:, -1].astype("float64")
        mean = found.horizons[horizon].mean
        np.testing.assert_allclose(mean, last.mean(axis=0), rtol=1e-12)
    with pytest.raises(ValueError, match="positions='first'"):
        scorer.update(empty, parts, "first")


def test_rows_that_are_not_scored_are_not_counted():
    """Catches statistics of steps of which hardly anything is known."""
    scorer = make()
    parts = residuals(20)
    parts["forecast"][0, 0, :2] = np.nan
    parts["forecast"][1, 0, 0] = np.nan
    found = run_phase(scorer, parts)["time"]
    assert found.count == 20 * LENGTH - 1
    assert found.horizons[0].num_partial == 1


@pytest.fixture(scope="module")
def statistics_of():
    """Statistics of windows from `begin` to `end`, some cells missing."""
    scorer = make(stride=3, form="per_horizon")
    part = residuals(30, missing=0.2)["forecast"]
    empty = scorer.empty_statistics()

    def update(begin, end):
        found = scorer.update(empty, {"forecast": part[begin:end]}, "all")
        # As workers send them to one another.
        return scorer, unflatten(empty, flatten(found))

    return update


@given(st.lists(st.integers(0, 30), max_size=4), st.booleans())
def test_any_split_merged_is_one_pass(statistics_of, cuts, is_last_first):
    """Catches a merge that depends on how workers shared the windows."""
    ends = [*sorted(cuts), 30]
    shares = [
        statistics_of(begin, end)[1]
        for begin, end in zip([0, *ends], ends, strict=False)
    ]
    scorer, whole = statistics_of(0, 30)
    merged = functools.reduce(
        scorer.merge, reversed(shares) if is_last_first else shares
    )
    weights = []
    for each in (whole, merged):
        scorer.finalize(each)
        weights.append(scorer.get_weights())
    for expected, actual in zip(*weights, strict=True):
        np.testing.assert_allclose(actual, expected, rtol=1e-10, atol=1e-10)


def test_a_phase_run_twice_gives_the_same_weights():
    """Catches a pass that adds to the state of the one before."""
    scorer = fitted()
    first = scorer.get_weights()
    run_phase(scorer, residuals(50), batch_size=50)
    for old, new in zip(first, scorer.get_weights(), strict=True):
        np.testing.assert_allclose(old, new, rtol=1e-12, atol=1e-12)


def test_bad_statistics_are_errors_and_change_nothing():
    """Catches some horizons taken over while another fails."""
    scorer = fitted(stride=3, form="per_horizon")
    before = scorer.get_weights()
    infinite = residuals(50)["forecast"]
    infinite[0, 2, 1] = np.inf
    unknown = residuals(50)["forecast"]
    unknown[:, 1::3, 0] = np.nan
    short = residuals(50)["forecast"][:, :2]
    for part, message in (
        (infinite, r"For step 3 of a forecast .*infinite"),
        (unknown, r"For step 2 of a forecast .*role `ignored`"),
        (short, r"For step 3 of a forecast .*at least 2 rows"),
    ):
        with pytest.raises(ValueError, match=message):
            with np.errstate(invalid="ignore"):
                run_phase(scorer, {"forecast": part})
    for old, new in zip(before, scorer.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_reset_scores_nothing():
    """Catches scores from statistics of an older network."""
    scorer = fitted(stride=3, form="per_horizon")
    scorer.reset()
    found = scores_of(scorer, residuals(2)["forecast"])
    assert not found.is_scored.numpy().any()
    assert np.isnan(found.score).all()
    assert np.isnan(found.contribution).all()


@pytest.mark.parametrize("parts", [(), ("time_view", "feature_view")])
def test_networks_with_other_than_one_part_are_refused(parts):
    """Catches one part of many scored as if it were all."""
    with pytest.raises(ValueError, match=", ".join(parts) or "none"):
        GaussianLogLikelihood({}, LENGTH, NUM_SCORED, parts)


def test_settings_are_checked():
    """Catches a misspelled choice, or a forecast that serves no step."""
    for settings in (
        {"error": "abs"},
        {"form": "stacked"},
        {"relative_ridge": 0.0},
        {"stride": 0},
    ):
        with pytest.raises(ValueError, match=str(next(iter(settings)))):
            make(**settings)


@pytest.mark.parametrize("jit", [False, True])
def test_compiled_equals_eager(jit):
    """Catches an operation that one of the drivers cannot compile."""
    scorer = fitted(stride=3, form="per_horizon")
    parts = residuals(5, seed=3, missing=0.1)
    for positions in ("all", "last"):
        score = tf.function(
            lambda x, positions=positions: scorer(x, positions=positions),
            jit_compile=jit,
        )
        actual = score({k: tf.constant(v) for k, v in parts.items()})["time"]
        expected = scorer(parts, positions=positions)["time"]
        for old, new in zip(expected, actual, strict=True):
            np.testing.assert_allclose(old, new, rtol=1e-9, atol=1e-9)


def test_one_graph_takes_any_number_of_steps():
    """Catches a number of steps, or of windows, frozen into the graph."""
    scorer = fitted(stride=3, form="per_horizon")
    spec = tf.TensorSpec([None, None, NUM_SCORED], tf.float32)
    score = tf.function(
        lambda part: scorer({"forecast": part})["time"], input_signature=[spec]
    )
    values = residuals(5, seed=2)["forecast"]
    whole = scores_of(scorer, values).score
    for count, num_steps in ((0, 4), (5, 0), (2, 1), (5, 7)):
        found = score(tf.constant(values[:count, :num_steps]))
        np.testing.assert_allclose(
            found.score, whole[:count, :num_steps], rtol=1e-12
        )
        assert found.contribution.shape[-1] == NUM_SCORED


def test_model_with_weights_round_trips(tmp_path):
    """Catches statistics that are no weights, or settings that are lost."""
    scorer = fitted(
        stride=3, form="per_horizon", error="compat", relative_ridge=1e-4
    )
    inputs = {
        "forecast": keras.Input((LENGTH, NUM_SCORED), name="forecast"),
    }
    model = keras.Model(inputs, scorer(inputs)["time"].score)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    values = residuals(3, seed=4)
    np.testing.assert_array_equal(model(values), loaded(values))
    assert loaded.layers[-1].get_config() == scorer.get_config()
    assert {variable.dtype for variable in scorer.weights} == {"float64"}
    assert not model.trainable_weights


@pytest.mark.parametrize("error", ["signed", "compat"])
def test_other_units_of_a_column_leave_the_scores(error):
    """Catches a density in raw units, which depends on them."""
    rows = wave(np.random.default_rng(6), 300, 2).astype("float64")
    other = rows * [1.0, 250.0] + [0.0, -3e3]
    found = []
    for values in (rows, other):
        features = tuple(map(feature_of, ("a", "b"), values.T))
        schema = Schema(features, splits={}, dtype="float64")
        settings = DetectorConfig(
            network="vector_autoregression",
            network_settings={"context_length": 2},
            scorer="gaussian_log_likelihood",
            scorer_settings={"error": error},
            window_length=LENGTH,
            seed=1,
        )
        detector = Detector(schema.to_json(), dataclasses.asdict(settings))
        kernel = np.random.default_rng(7).normal(size=(4, 2)) / 4
        detector.network.kernel.assign(kernel)
        series = tf.constant(values[np.newaxis])
        parts = detector.residual_parts(series)
        run_phase(detector.scorer, {"forecast": parts["forecast"].numpy()})
        found.append(detector(series)["time"])
    for one, same in zip(*found, strict=True):
        np.testing.assert_allclose(one, same, rtol=1e-4, atol=1e-4)
    assert np.ptp(found[0].score) > 1
