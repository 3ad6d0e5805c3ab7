"""Trivial detectors against closed forms and slow twins."""

import pickle
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
from data_sets import feature_of

from evaluation.baselines import GROUPS, RANDOM, fit_baselines
from evaluation.principal_components import fit_components, unexplained
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
        (name, key): found.scores_alone(name, values, key)
        for name in RANDOM
        for key in ("a 0", "b 0", "")
    }
    for (name, key), score in scores.items():
        again = found.scores_alone(name, np.full_like(values, np.nan), key)
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
    missing = [np.nan, np.nan]
    for name, scores, contributions in (
        ("step difference", [np.nan, 4, 1], [missing, [3, 1], [1, 0]]),
        ("standardised distance", [5, 5, np.sqrt(26)], z**2),
        ("all flagged", [1, 1, 1], np.ones((3, 2))),
    ):
        score, terms = found.score(name, values, "")
        np.testing.assert_allclose(score, scores, atol=1e-12)
        np.testing.assert_allclose(terms, contributions, atol=1e-12)


def test_pca_error_is_what_components_of_scaled_train_leave():
    """Catches raw units, signs, and terms of other columns."""
    train, values = correlated(), correlated(60, seed=2) * 1.1
    components = fit_components([z_of(train, train)], len(train))
    residual = unexplained(components, z_of(values, train))
    score, terms = fitted(train).score("PCA error", values, "")
    np.testing.assert_allclose(score, np.linalg.norm(residual, axis=1))
    np.testing.assert_allclose(terms, residual**2, atol=1e-12)
    # It sees a broken correlation.
    values[30, 2] += 700
    score, terms = fitted(train).score("PCA error", values, "")
    assert score.argmax() == 30 and terms[30].argmax() == 2


@pytest.mark.parametrize("name", OTHERS)
def test_missing_cells_are_unknown_never_normal(name):
    """Catches a missing cell counted as 0, and terms of another sum."""
    train, values = correlated(), correlated(300, seed=4)
    found = fitted(train)
    values[np.random.default_rng(5).random(values.shape) < 0.4] = np.nan
    if name == "step difference":
        num_known = (~np.isnan(values[1:] - values[:-1])).sum(axis=1)
        num_known = np.append(0, num_known)
    else:
        num_known = (~np.isnan(values)).sum(axis=1)
    score, terms = found.score(name, values, "")
    is_scored = ~np.isnan(score)
    np.testing.assert_array_equal(is_scored, num_known >= 3)
    assert 20 < is_scored.sum() < 280
    assert np.isnan(terms[~is_scored]).all()
    np.testing.assert_array_equal((~np.isnan(terms)).sum(axis=1)[is_scored],
                                  num_known[is_scored])  # fmt: skip
    power = 1 if name == "step difference" else 2
    total = np.nansum(terms, axis=1)
    np.testing.assert_allclose(total[is_scored], score[is_scored] ** power)


@pytest.mark.parametrize("num_rows", [0, 1, 50])
@pytest.mark.parametrize("num_features", [1, 4])
def test_scores_alone_are_those_with_contributions(num_rows, num_features):
    """Catches two ways that part, shapes, and a first row with a step."""
    train = correlated(num_features=num_features)
    values = correlated(50, num_features, seed=3)[:num_rows]
    values[:20:3, 0] = np.nan
    found = fitted(train)
    for name in found.names:
        score, terms = found.score(name, values, "a")
        assert score.shape == (num_rows,) and score.dtype == np.float64
        assert terms.shape == (num_rows, num_features)
        alone = found.scores_alone(name, values, "a")
        np.testing.assert_array_equal(alone, score, err_msg=name)
    assert np.isnan(found.scores_alone("step difference", values, "")[:1]).all()


@pytest.mark.parametrize("name", [RANDOM[0], "all flagged"])
def test_scores_alone_need_no_contributions(name):
    """Catches arrays of all columns, of which nothing is kept."""
    train = correlated(num_features=40)
    found, values = fitted(train), np.zeros((10_000, 40), np.float32)
    tracemalloc.start()
    found.scores_alone(name, values, "a")
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < values.nbytes / 4


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


def test_constant_train():
    """Catches a division by a spread of 0."""
    found = fitted(np.full((20, 3), 4.0))
    values = np.array([[4.0, 4.0, 4.0], [5.0, 4.0, 3.0]])
    for name in OTHERS[1:]:
        score = found.scores_alone(name, values, "")
        # In hundredths of the constant.
        np.testing.assert_allclose(score, [0, 25 * np.sqrt(2)])


@pytest.mark.parametrize("num_rows", [0, 9, None])
def test_few_train_rows_leave_the_others(num_rows):
    """Catches an empty split as an error, and components out of nothing."""
    train = correlated()
    runs = [] if num_rows is None else [train[:num_rows]]
    found = fit_baselines(schema_of(train), runs)
    assert len(found.names) == 8
    assert np.isfinite(found.scores_alone(OTHERS[1], train, "")).all()
    with pytest.raises(ValueError, match="`name` must be one of"):
        found.score("PCA error", train, "")


def test_all_train_runs_count():
    """Catches components of the first run alone."""
    train = correlated()
    found = fit_baselines(schema_of(train), [train[:100], train[100:]])
    whole = fitted(train).scores_alone("PCA error", train, "")
    parts = found.scores_alone("PCA error", train, "")
    np.testing.assert_allclose(parts, whole, rtol=1e-9)


@pytest.mark.parametrize("num_features", [1, 4])
def test_rows_to_come_do_not_matter(num_features):
    """Catches scaling by the statistics of what is scored."""
    train = correlated(num_features=num_features)
    values = correlated(50, num_features, seed=9) * 3
    found = fitted(train)
    for name in OTHERS:
        whole = found.scores_alone(name, values, "")
        part = found.scores_alone(name, values[:30], "")
        np.testing.assert_allclose(part, whole[:30], rtol=1e-9)


def test_infinite_cells_are_never_normal():
    """Catches an infinite cell lost in a subtraction."""
    train = correlated()
    values = correlated(10, seed=10)
    values[4, 1] = np.inf
    found = fitted(train)
    for name in OTHERS:
        score = found.scores_alone(name, values, "")
        assert score[4] == np.inf
        assert np.isfinite(score[6:]).all()


@pytest.mark.parametrize("is_by_run", [False, True])
def test_thresholds_are_quantiles_of_calibration_rows(is_by_run):
    """Catches thresholds that see labelled anomalies or leave a run out."""
    found = fitted(correlated())
    assert not found.thresholds
    runs = [
        (str(number), correlated(40, seed=number), np.zeros(40, np.int8))
        for number in range(12)
    ]
    runs[0][1][:20] += 1e6
    runs[0][2][:21] = 1
    runs[1][2][5:] = -1
    tuned = found.with_thresholds(iter(runs), is_by_run)
    assert set(tuned.thresholds) == set(found.names)
    assert tuned.thresholds["all flagged"] == 1
    for name in set(found.names) - {"all flagged"}:
        scores = [
            found.scores_alone(name, values, key) for key, values, _ in runs
        ]
        scores[0] = scores[0][21:]
        if is_by_run:
            scores = [np.nanmax(each, keepdims=True) for each in scores[1:]]
        expected = np.nanquantile(np.concatenate(scores), 0.99)
        assert tuned.thresholds[name] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("is_by_run", [False, True])
def test_without_scores_the_threshold_is_nan(is_by_run):
    """Catches a threshold out of nothing, by which something is flagged."""
    train = correlated()
    unknown = ("a", np.full((5, 5), np.nan), np.zeros(5))
    anomalous = ("a", train, np.ones(400))
    for runs, names in (
        ([], (*RANDOM, *OTHERS)),
        # Random scores need no values.
        ([unknown], OTHERS),
        ([anomalous], (*RANDOM, *OTHERS)),
    ):
        tuned = fitted(train).with_thresholds(runs, is_by_run)
        assert set(tuned.thresholds) == set(tuned.names)
        has_none = {
            name for name in tuned.names if np.isnan(tuned.thresholds[name])
        }
        assert has_none == set(names)
        for name in names:
            score = tuned.scores_alone(name, train, "")
            assert not apply(score, tuned.thresholds[name]).any()


def test_can_be_sent_to_another_process():
    """Catches state that does not travel."""
    train = correlated()
    found = fitted(train).with_thresholds([("a", train, np.zeros(400))])
    sent = pickle.loads(pickle.dumps(found))  # noqa: S301 - our own bytes
    assert sent.thresholds == found.thresholds
    for name in found.names:
        np.testing.assert_array_equal(
            sent.scores_alone(name, train, "a"),
            found.scores_alone(name, train, "a"),
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
    for score in (found.score, found.scores_alone):
        for values in (train[:, :4], train[0]):
            with pytest.raises(ValueError, match="5 features"):
                score("all flagged", values, "")
        with pytest.raises(ValueError, match="Received: 'mean'"):
            score("mean", train, "")
    with pytest.raises(ValueError, match="5 features"):
        fit_baselines(schema_of(train), [train[:, :2]])
