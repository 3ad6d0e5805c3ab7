"""The scorer: which rows it counts, and what it scores."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import mahalanobis

from trainer import config, scorers
from trainer.scorers.mahalanobis import Mahalanobis

WINDOW_LENGTH, NUM_SCORED = 6, 3


def residuals(num_windows, seed=1, shape=(WINDOW_LENGTH, NUM_SCORED)):
    """Both parts, correlated over time and features, and not the same."""
    generator = np.random.default_rng(seed)
    parts = {}
    for name in Mahalanobis.needs:
        noise = generator.normal(size=(num_windows, *shape)) + 0.3
        parts[name] = (np.cumsum(noise, axis=1) * 0.3).astype("float32")
    return parts


def fitted(**settings):
    scorer = Mahalanobis(settings, WINDOW_LENGTH, NUM_SCORED)
    run_phase(scorer, residuals(50))
    return scorer


def run_phase(scorer, parts, positions="all", batch_size=16):
    statistics = scorer.empty_statistics()
    for start in range(0, len(parts["time_view"]), batch_size):
        batch = {k: v[start : start + batch_size] for k, v in parts.items()}
        statistics = scorer.update(statistics, batch, positions)
    scorer.finalize(statistics)
    return statistics


def test_is_registered():
    """Catches a registry line that names nothing."""
    found = config.load(scorers.SCORERS, "mahalanobis", "scorer")
    assert found is Mahalanobis


def test_counts_of_one_pass():
    """Catches the views exchanged, and a last partial batch left out.

    The counts are those of the talk: 6400 windows of 30 steps, 5 features.
    """
    scorer = Mahalanobis({}, 30, 5)
    statistics = run_phase(
        scorer, residuals(6400, shape=(30, 5)), batch_size=1000
    )
    assert statistics["time"].count == 192_000
    assert statistics["feature"].count == 32_000
    assert scorer.time.count.numpy() == 192_000
    assert scorer.feature.count.numpy() == 32_000
    assert scorer.time.mean.shape == (5,)
    assert scorer.feature.mean.shape == (30,)


@pytest.mark.parametrize("error", ["absolute", "signed"])
def test_scores_equal_scipy_row_by_row(error):
    """Catches a part in the wrong view, its axes exchanged, a lost sign."""
    settings = {"error": error, "shrink": False, "relative_ridge": 0.0}
    scorer = fitted(**settings)
    as_error = np.abs if error == "absolute" else np.asarray
    train = {k: as_error(v) for k, v in residuals(50).items()}
    parts = residuals(4, seed=2)
    scores = scorer({k: tf.constant(v) for k, v in parts.items()})

    rows = train["time_view"].astype("float64").reshape(-1, NUM_SCORED)
    precision = np.linalg.inv(np.cov(rows.T))
    expected = [
        [mahalanobis(row, rows.mean(axis=0), precision) for row in window]
        for window in as_error(parts["time_view"])
    ]
    np.testing.assert_allclose(scores["time"].score, expected, rtol=1e-6)
    np.testing.assert_allclose(
        tf.reduce_sum(scores["time"].contribution, axis=-1),
        np.square(expected),
        rtol=1e-6,
    )

    windows = train["feature_view"].astype("float64").transpose(0, 2, 1)
    rows = windows.reshape(-1, WINDOW_LENGTH)
    precision = np.linalg.inv(np.cov(rows.T))
    expected = [
        [mahalanobis(row, rows.mean(axis=0), precision) for row in window]
        for window in as_error(parts["feature_view"]).transpose(0, 2, 1)
    ]
    np.testing.assert_allclose(scores["feature"].score, expected, rtol=1e-6)
    np.testing.assert_allclose(
        scores["feature"].contribution, np.square(expected), rtol=1e-6
    )
    assert scores["time"].is_scored.numpy().all()
    assert scores["feature"].is_scored.shape == (4, NUM_SCORED)


def test_last_positions_take_one_step_of_each_window():
    """Catches steps that overlapping windows count many times."""
    scorer = Mahalanobis({}, WINDOW_LENGTH, NUM_SCORED)
    parts = residuals(20)
    statistics = run_phase(scorer, parts, "last", batch_size=7)
    last = np.abs(parts["time_view"][:, -1].astype("float64"))
    assert statistics["time"].count == 20
    assert statistics["feature"].count == 20 * NUM_SCORED
    np.testing.assert_allclose(statistics["time"].mean, last.mean(axis=0))
    with pytest.raises(ValueError, match="positions='first'"):
        scorer.update(statistics, parts, "first")


def test_one_unknown_entry_costs_no_row():
    """Catches NaN statistics, and rows or windows lost for one cell."""
    scorer = Mahalanobis({}, WINDOW_LENGTH, NUM_SCORED)
    parts = residuals(20)
    for part in parts.values():
        part[3, 2, 1] = np.nan
    statistics = run_phase(scorer, parts)
    assert statistics["time"].count == 20 * WINDOW_LENGTH
    assert statistics["feature"].count == 20 * NUM_SCORED
    scores = scorer({k: tf.constant(v) for k, v in parts.items()})
    assert scores["time"].is_scored.numpy().all()
    assert np.isnan(scores["time"].contribution).sum() == 1
    assert np.isfinite(scores["feature"].score).all()


def test_rows_that_are_not_scored_are_not_counted():
    """Catches statistics of steps of which hardly anything is known."""
    scorer = Mahalanobis({}, WINDOW_LENGTH, NUM_SCORED)
    parts = residuals(20)
    for part in parts.values():
        part[0, 0, :2] = np.nan
        part[1, :3, 0] = np.nan
        part[2, :4, 1] = np.nan
    statistics = run_phase(scorer, parts)
    assert statistics["time"].count == 20 * WINDOW_LENGTH - 1
    assert statistics["feature"].count == 20 * NUM_SCORED - 1


def test_many_missing_cells_leave_useful_statistics():
    """Catches long windows without statistics, as none of them is whole.

    With one cell in ten missing, a window of 100 steps is whole once in
    40,000 times. The covariance is that of the complete windows, but for
    its sampling error.
    """
    generator = np.random.default_rng(7)
    shape = (400, 100, 3)
    noise = generator.normal(size=shape)
    smooth = noise + np.roll(noise, 1, axis=1)
    whole = {name: smooth.astype("float32") for name in Mahalanobis.needs}
    is_missing = generator.random(shape) < 0.1
    gaps = {k: np.where(is_missing, np.nan, v) for k, v in whole.items()}
    assert np.isnan(gaps["feature_view"]).any(axis=1).all()
    scorer = Mahalanobis({"error": "signed"}, 100, 3)
    complete = run_phase(scorer, whole, batch_size=100)
    expected = {k: v.score.numpy() for k, v in scorer(whole).items()}
    statistics = run_phase(scorer, gaps, batch_size=100)
    num_missing = is_missing.sum(axis=2)
    assert statistics["time"].count == (num_missing <= 1).sum()
    assert statistics["feature"].count == 400 * 3
    for view in scorer.views:
        error = statistics[view].covariance() - complete[view].covariance()
        assert np.abs(error).max() < 0.2
    for view, scores in scorer(gaps).items():
        ratio = np.nanmean(scores.score) / expected[view].mean()
        assert 0.8 < ratio < 1.25


def test_a_step_never_observed_is_an_error_with_a_next_step():
    """Catches a phase that fails with a riddle about eigenvalues."""
    scorer = Mahalanobis({}, WINDOW_LENGTH, NUM_SCORED)
    parts = residuals(20)
    for part in parts.values():
        part[:, :, 1] = np.nan
    with pytest.raises(ValueError, match="view time.*role `ignored`"):
        run_phase(scorer, parts)


def test_a_phase_run_twice_gives_the_same_weights():
    """Catches a pass that adds to the state of the one before."""
    scorer = Mahalanobis({}, WINDOW_LENGTH, NUM_SCORED)
    run_phase(scorer, residuals(50))
    first = scorer.get_weights()
    run_phase(scorer, residuals(50))
    for old, new in zip(first, scorer.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_batches_do_not_matter():
    """Catches statistics of batches averaged instead of merged."""
    scorer = Mahalanobis({}, WINDOW_LENGTH, NUM_SCORED)
    weights = []
    for batch_size in (1, 7, 50):
        run_phase(scorer, residuals(50), batch_size=batch_size)
        weights.append(scorer.get_weights())
    for other in weights[1:]:
        for old, new in zip(weights[0], other, strict=True):
            np.testing.assert_allclose(old, new, rtol=1e-10, atol=1e-12)


@pytest.fixture(scope="module")
def statistics_of():
    """Statistics of windows from `begin` to `end`, some cells missing."""
    scorer = Mahalanobis({}, WINDOW_LENGTH, NUM_SCORED)
    parts = residuals(30)
    is_missing = np.random.default_rng(8).random(parts["time_view"].shape) < 0.2
    for part in parts.values():
        part[is_missing] = np.nan

    def update(begin, end):
        share = {name: part[begin:end] for name, part in parts.items()}
        return scorer, scorer.update(scorer.empty_statistics(), share, "all")

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
    for view in scorer.views:
        actual, expected = merged[view], whole[view]
        assert actual.count == expected.count
        np.testing.assert_allclose(actual.mean, expected.mean, rtol=1e-10)
        scale = np.abs(expected.covariance()).max()
        np.testing.assert_allclose(
            actual.covariance() / scale,
            expected.covariance() / scale,
            rtol=0,
            atol=1e-10,
        )


def test_too_few_rows_are_an_error_and_change_nothing():
    """Catches one view taken over while the other fails."""
    scorer = fitted()
    before = scorer.get_weights()
    good = scorer.update(scorer.empty_statistics(), residuals(20), "all")
    bad = good | {"feature": scorer.empty_statistics()["feature"]}
    with pytest.raises(ValueError, match=r"view feature .*at least 2 rows"):
        scorer.finalize(bad)
    for old, new in zip(before, scorer.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_reset_scores_nothing():
    """Catches scores from statistics of an older network."""
    scorer = fitted()
    scorer.reset()
    for view in scorer(residuals(2)).values():
        assert not view.is_scored.numpy().any()
        assert np.isnan(view.score).all()


def test_parts_are_checked():
    """Catches a network that gives other parts, or unscored columns."""
    scorer = fitted()
    with pytest.raises(ValueError, match="time_view and feature_view"):
        scorer.update(
            scorer.empty_statistics(), {"time_view": np.zeros((1, 6, 3))}, "all"
        )
    with pytest.raises(ValueError, match=r"\[batch, 6, 3\]"):
        scorer(residuals(2, shape=(6, 4)))


def test_settings_are_checked():
    """Catches a misspelled choice taken for the other one."""
    with pytest.raises(ValueError, match="'squared'"):
        Mahalanobis({"error": "squared"}, WINDOW_LENGTH, NUM_SCORED)


@pytest.mark.parametrize("jit", [False, True])
def test_compiled_equals_eager(jit):
    """Catches an operation that one of the drivers cannot compile."""
    scorer = fitted()
    parts = residuals(5, seed=3)
    parts["time_view"][1, 2, 0] = np.nan
    parts["feature_view"][1, :5, 0] = np.nan
    score = tf.function(lambda x: scorer(x), jit_compile=jit)
    expected = scorer(parts)
    actual = score({k: tf.constant(v) for k, v in parts.items()})
    for view in scorer.views:
        for old, new in zip(expected[view], actual[view], strict=True):
            np.testing.assert_allclose(old, new, rtol=1e-9, atol=1e-9)
    assert not actual["feature"].is_scored.numpy()[1, 0]


def test_model_with_weights_round_trips(tmp_path):
    """Catches statistics that are no weights, or not in float64."""

    def build(scorer):
        inputs = {
            name: keras.Input((WINDOW_LENGTH, NUM_SCORED), name=name)
            for name in scorer.needs
        }
        scores = scorer(inputs)
        return keras.Model(
            inputs, {name: view.score for name, view in scores.items()}
        )

    scorer = fitted(error="signed", relative_ridge=1e-4)
    model = build(scorer)
    parts = residuals(3, seed=4)
    expected = model(parts)
    model.save_weights(tmp_path / "model.weights.h5")
    other = build(Mahalanobis.from_config(scorer.get_config()))
    other.load_weights(tmp_path / "model.weights.h5")
    model.save(tmp_path / "model.keras")
    for loaded in (other, keras.models.load_model(tmp_path / "model.keras")):
        for name, score in loaded(parts).items():
            np.testing.assert_array_equal(score, expected[name])
    assert not model.trainable_weights
    assert {variable.dtype for variable in scorer.weights} == {"float64"}
