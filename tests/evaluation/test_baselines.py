"""Trivial detectors against closed forms and slow twins."""

import pickle
import subprocess
import sys

import numpy as np
import pytest
from data_sets import feature_of

from evaluation import baselines
from evaluation.baselines import GROUPS, RANDOM, fit_baselines
from trainer.schema import Schema
from trainer.thresholds.constant import apply

OTHERS = ("step difference", "standardised distance", "PCA error")


def schema_of(train, roles=None):
    """A schema with the statistics of `train` `[row, feature]`."""
    roles = roles or ["scored"] * train.shape[1]
    return Schema(
        features=tuple(
            feature_of(f"feature_{column}", train[:, column], role)
            for column, role in enumerate(roles)
        ),
        splits={},
    )


def correlated(num_rows=400, num_features=5, seed=1):
    """Columns of different units that follow two common causes."""
    generator = np.random.default_rng(seed)
    causes = generator.normal(size=(num_rows, 2))
    mixture = np.random.default_rng(99).normal(size=(2, num_features))
    noise = 0.1 * generator.normal(size=(num_rows, num_features))
    return (causes @ mixture + noise) * 10.0 ** np.arange(num_features) + 7


def fitted(train, roles=None):
    return fit_baselines(schema_of(train, roles), [train])


def z_of(values, train):
    return (values - train.mean(axis=0)) / train.std(axis=0, ddof=1)


def test_groups_name_every_detector_once():
    """Catches a row of the table without detectors, or one left out."""
    names = fitted(correlated()).names
    assert names == tuple(name for group in GROUPS.values() for name in group)
    assert len(names) == len(set(names)) == 9
    assert GROUPS["random score"] == RANDOM


def test_random_scores_are_repeatable_and_independent():
    """Catches one stream for all seeds or for all series."""
    found = fitted(correlated())
    values = correlated(4000)
    scores = {
        (name, key): found.score(name, values, key)[0]
        for name in RANDOM
        for key in ("a 0", "b 0", "")
    }
    for (name, key), score in scores.items():
        again = found.score(name, np.full_like(values, np.nan), key)[0]
        np.testing.assert_array_equal(score, again)
    table = np.array(list(scores.values()))
    assert 0 <= table.min() and table.max() < 1
    np.testing.assert_allclose(table.mean(axis=1), 0.5, atol=0.03)
    correlation = np.corrcoef(table)
    assert np.abs(correlation[~np.eye(15, dtype=bool)]).max() < 0.08


def test_closed_forms():
    """Catches squares not rooted, signs, a step to the wrong neighbour."""
    train = np.array([[-1.0, 0.0], [0.0, 20.0], [1.0, 40.0]] * 4)
    found = fitted(train)
    deviation = train.std(axis=0, ddof=1)
    z = np.array([[3.0, 4.0], [0.0, 5.0], [-1.0, 5.0]])
    values = z * deviation + train.mean(axis=0)
    score, terms = found.score("step difference", values, "")
    np.testing.assert_allclose(score, [np.nan, 4.0, 1.0], atol=1e-12)
    np.testing.assert_allclose(terms[1:], [[3, 1], [1, 0]], atol=1e-12)
    assert np.isnan(terms[0]).all()
    score, terms = found.score("standardised distance", values, "")
    np.testing.assert_allclose(score, [5, 5, np.sqrt(26)])
    np.testing.assert_allclose(terms, z**2, atol=1e-12)
    score, terms = found.score("all flagged", values, "")
    np.testing.assert_array_equal(score, 1)
    np.testing.assert_array_equal(terms, 1)


def naive_pca(train):
    """Mean and directions that explain 90 % of the variance of z."""
    z = z_of(train, train)
    variances, directions = np.linalg.eigh(np.cov(z.T))
    variances, directions = variances[::-1], directions[:, ::-1]
    explained = np.cumsum(variances) / variances.sum()
    num_kept = int(np.argmax(explained >= 0.9)) + 1
    return z.mean(axis=0), directions[:, :num_kept]


def test_pca_error_agrees_with_the_naive_twin():
    """Catches raw units, too few directions, and a mean left out."""
    train, values = correlated(), correlated(60, seed=2) * 1.1
    mean, directions = naive_pca(train)
    assert directions.shape == (5, 2)
    centred = z_of(values, train) - mean
    residual = centred - centred @ directions @ directions.T
    score, terms = fitted(train).score("PCA error", values, "")
    np.testing.assert_allclose(score, np.linalg.norm(residual, axis=1))
    np.testing.assert_allclose(terms, residual**2, atol=1e-12)


def test_pca_error_sees_a_broken_correlation():
    """Catches the error within the components instead of off them."""
    train, values = correlated(), correlated(50, seed=3)
    values[30, 2] = 2 * train[:, 2].mean() - values[30, 2] + 700
    score, terms = fitted(train).score("PCA error", values, "")
    assert score.argmax() == 30
    assert terms[30].argmax() == 2


def naive_sum(terms):
    """Sum over known terms scaled up, NaN below half; one row."""
    known = [term for term in terms if not np.isnan(term)]
    if 2 * len(known) < len(terms):
        return np.nan
    return sum(known) * len(terms) / len(known)


def test_missing_cells_are_unknown_never_normal():
    """Catches a missing cell counted as 0, and a row of too few scored."""
    train, values = correlated(), correlated(300, seed=4)
    gaps = np.random.default_rng(5).random(values.shape) < 0.4
    values[gaps] = np.nan
    z = z_of(values, train)
    mean, directions = naive_pca(train)
    centred = np.where(gaps, 0, z) - mean
    residual = centred - centred @ directions @ directions.T
    residual[gaps] = np.nan
    steps = np.vstack([np.full(5, np.nan), np.abs(z[1:] - z[:-1])])
    found = fitted(train)
    for name, terms, power in (
        ("step difference", steps, 1.0),
        ("standardised distance", z**2, 0.5),
        ("PCA error", residual**2, 0.5),
    ):
        score, contributions = found.score(name, values, "")
        expected = np.array([naive_sum(row) for row in terms])
        assert 20 < np.isnan(expected).sum() < 280
        np.testing.assert_allclose(score, expected**power, err_msg=name)
        is_scored = ~np.isnan(score)
        assert np.isnan(contributions[~is_scored]).all()
        np.testing.assert_allclose(
            np.nansum(contributions[is_scored], axis=1), expected[is_scored]
        )


def test_only_scored_columns_count():
    """Catches covariates that are scored, and columns mixed up."""
    train, values = correlated(), correlated(40, seed=6)
    roles = ["covariate", "scored", "ignored", "scored", "scored"]
    found = fitted(train, roles)
    kept = [1, 3, 4]
    alone = fitted(train[:, kept])
    for name in found.names:
        score, terms = found.score(name, values, "a")
        expected = alone.score(name, values[:, kept], "a")
        np.testing.assert_array_equal(score, expected[0])
        np.testing.assert_array_equal(terms, expected[1])


def test_a_single_column_is_judged_by_its_past():
    """Catches windows that look ahead, or that blame nine rows more."""
    steps = np.arange(600)
    wave = np.sin(2 * np.pi * steps / 25)[:, np.newaxis]
    train = wave + np.random.default_rng(7).normal(0, 0.02, wave.shape)
    values = wave[:60].copy()
    values[40] += 1
    found = fitted(train)
    score, terms = found.score("PCA error", values, "")
    assert terms.shape == (60, 1)
    np.testing.assert_array_equal(np.isnan(score), steps[:60] < 9)
    assert np.nanargmax(score) == 40
    windows = np.stack([z_of(train, train)[row - 9 : row + 1, 0]
                        for row in range(9, 600)])  # fmt: skip
    mean = windows.mean(axis=0)
    _, _, directions = np.linalg.svd(windows - mean, full_matrices=False)
    directions = directions[: len(found.components.directions)]
    for row in (9, 40, 45):
        window = z_of(values, train)[row - 9 : row + 1, 0] - mean
        residual = window - directions.T @ (directions @ window)
        assert score[row] == pytest.approx(abs(residual[-1]))
    values[50] = np.nan
    score, _ = found.score("PCA error", values, "")
    assert np.isnan(score[50]) and not np.isnan(score[51:]).any()
    # Half of a window must be known, as of any row.
    values[20:26] = np.nan
    score, _ = found.score("PCA error", values, "")
    assert np.isnan(score[20:30]).all() and not np.isnan(score[30])


def test_one_direction_is_always_left():
    """Catches an error of 0 for every row: all directions are kept."""
    train = np.random.default_rng(8).normal(size=(500, 2))
    found = fitted(train)
    score, _ = found.score("PCA error", train, "")
    assert score.std() > 0.1


def test_constant_train_has_no_directions():
    """Catches a division by a variance of 0."""
    found = fitted(np.full((20, 3), 4.0))
    values = np.array([[4.0, 4.0, 4.0], [5.0, 4.0, 3.0]])
    for name in ("standardised distance", "PCA error"):
        score, _ = found.score(name, values, "")
        np.testing.assert_allclose(score, [0, np.sqrt(2)])


@pytest.mark.parametrize("num_rows, has_pca", [(9, False), (10, True)])
def test_pca_needs_ten_rows(num_rows, has_pca):
    """Catches directions found in next to nothing, or in unknown rows."""
    train = correlated()
    few = train[:15].copy()
    few[num_rows:, :3] = np.nan
    found = fit_baselines(schema_of(train), [few])
    assert ("PCA error" in found.names) == has_pca
    if not has_pca:
        with pytest.raises(ValueError, match="`name` must be one of"):
            found.score("PCA error", train, "")


def test_no_train_rows_leave_the_others():
    """Catches an empty split as an error."""
    train = correlated()
    for runs in ([], [train[:0]]):
        found = fit_baselines(schema_of(train), runs)
        assert len(found.names) == 8
        assert np.isfinite(found.score(OTHERS[1], train, "")[0]).all()


def test_many_train_rows_are_thinned_evenly(monkeypatch):
    """Catches a choice that starts anew in each run, or takes the first."""
    monkeypatch.setattr(baselines, "MAX_TRAIN_ROWS", 20)
    train = correlated(46)
    runs = [train[:16], train[16:17], train[17:17], train[17:]]
    found = fit_baselines(schema_of(train), runs).components
    z = z_of(train, train)[::3]
    np.testing.assert_allclose(found.mean, z.mean(axis=0), atol=1e-12)


@pytest.mark.parametrize("num_features", [1, 4])
def test_rows_to_come_do_not_matter(num_features):
    """Catches scaling by the statistics of what is scored."""
    train = correlated(num_features=num_features)
    values = correlated(50, num_features, seed=9) * 3
    found = fitted(train)
    for name in OTHERS:
        whole, _ = found.score(name, values, "")
        part, _ = found.score(name, values[:30], "")
        np.testing.assert_allclose(part, whole[:30], rtol=1e-9)


@pytest.mark.parametrize("num_rows", [0, 1])
@pytest.mark.parametrize("num_features", [1, 3])
def test_hardly_any_rows(num_rows, num_features):
    """Catches an error, or a score of a first row without a neighbour."""
    train = correlated(num_features=num_features)
    found = fitted(train)
    for name in found.names:
        score, terms = found.score(name, train[:num_rows], "")
        assert score.shape == (num_rows,) and score.dtype == np.float64
        assert terms.shape == (num_rows, num_features)
    assert np.isnan(found.score("step difference", train[:1], "")[0]).all()


def test_infinite_cells_are_never_normal():
    """Catches an infinite cell lost in a subtraction."""
    train = correlated()
    values = correlated(10, seed=10)
    values[4, 1] = np.inf
    found = fitted(train)
    for name in OTHERS:
        score, _ = found.score(name, values, "")
        assert score[4] == np.inf
        assert np.isfinite(score[6:]).all()


def test_thresholds_are_quantiles_of_calibration_rows():
    """Catches thresholds that see labelled anomalies or leave a run out."""
    train = correlated()
    first, second = correlated(300, seed=11), correlated(200, seed=12)
    first[:20] += 1e6
    labels = np.zeros(300, np.int8)
    labels[:21] = 1
    labels[100:] = -1
    found = fitted(train)
    assert not found.thresholds
    tuned = found.with_thresholds(
        [("a", first, labels), ("b", second, np.full(200, -1))]
    )
    assert set(tuned.thresholds) == set(found.names)
    for name in set(found.names) - {"all flagged"}:
        scores = np.concatenate(
            [
                found.score(name, first, "a")[0][21:],
                found.score(name, second, "b")[0],
            ]
        )
        expected = np.nanquantile(scores, 0.99)
        assert tuned.thresholds[name] == pytest.approx(expected, rel=1e-4)
    score = found.score("all flagged", first, "a")[0]
    assert apply(score, tuned.thresholds["all flagged"]).all()


def test_without_scores_there_is_no_threshold():
    """Catches a threshold out of nothing, by which something is flagged."""
    train = correlated()
    unknown = ("a", np.full((5, 5), np.nan), np.zeros(5))
    anomalous = ("a", train, np.ones(400))
    for runs in ([], [unknown], [anomalous]):
        tuned = fitted(train).with_thresholds(runs)
        for name in OTHERS:
            assert np.isnan(tuned.thresholds[name])
            score, _ = tuned.score(name, train, "")
            assert not apply(score, tuned.thresholds[name]).any()
        assert tuned.thresholds["all flagged"] == 1


def test_can_be_sent_to_another_process():
    """Catches state that does not travel."""
    train = correlated()
    found = fitted(train).with_thresholds([("a", train, np.zeros(400))])
    sent = pickle.loads(pickle.dumps(found))  # noqa: S301 - our own bytes
    assert sent.thresholds == found.thresholds
    for name in found.names:
        np.testing.assert_array_equal(
            sent.score(name, train, "a")[0], found.score(name, train, "a")[0]
        )


def test_does_not_load_a_framework():
    """Catches seconds and memory of TensorFlow in every process."""
    code = (
        "import sys, evaluation.baselines; "
        "sys.exit(any(name in sys.modules for name in "
        "('tensorflow', 'keras', 'trainer.runs')))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_wrong_arguments_are_refused():
    """Catches columns taken for others."""
    train = correlated()
    found = fitted(train)
    for values in (train[:, :4], train[0]):
        with pytest.raises(ValueError, match="5 features"):
            found.score("all flagged", values, "")
    with pytest.raises(ValueError, match="Received: 'mean'"):
        found.score("mean", train, "")
    with pytest.raises(ValueError, match="5 features"):
        fit_baselines(schema_of(train), [train[:, :2]])
