import numpy as np
import pytest
import tensorflow as tf

from inference import results

STEPS, FEATURES = 3, 2


def served(view, score, flag, *, is_each_step, threshold=2.0):
    """Outputs of `serving_default` for one view, by hand."""
    score = np.array(score, np.float64)
    batch = len(score)
    shape = (batch, STEPS, FEATURES) if is_each_step else (batch, FEATURES)
    outputs = {
        "score": score,
        "threshold": np.full(batch, threshold),
        "is_anomaly": np.array(flag, np.int64),
        "is_scored": ~np.isnan(score),
        "contribution": np.arange(np.prod(shape), dtype=float).reshape(shape),
    }
    return {f"{view}_{name}": tf.constant(x) for name, x in outputs.items()}


@pytest.mark.parametrize("view", ["time", "feature", "joint"])
def test_a_view_of_steps_whatever_its_name(view):
    """Catches a shape decided by name: `feature` may have a score a step."""
    outputs = served(
        view,
        [[1.0, np.nan, 2.0], [0.0, 1.0, 0.5]],
        [1, 0],
        is_each_step=True,
    )
    found = results.scores_of_sequences(outputs, view, STEPS)
    np.testing.assert_array_equal(
        found.score, [[1.0, np.nan, 2.0], [0.0, 1.0, 0.5]]
    )
    np.testing.assert_array_equal(found.is_scored, [[1, 0, 1], [1, 1, 1]])
    # A score that equals the threshold reaches it.
    np.testing.assert_array_equal(found.is_anomaly, [[0, 0, 1], [0, 0, 0]])
    np.testing.assert_array_equal(found.threshold, np.full((2, STEPS), 2.0))
    np.testing.assert_array_equal(
        found.contribution, np.arange(12).reshape(2, STEPS, FEATURES)
    )


@pytest.mark.parametrize("view", ["time", "feature", "joint"])
def test_a_view_of_features_whatever_its_name(view):
    """Catches a shape decided by name: `time` may have a score a feature."""
    outputs = served(
        view, [[1.0, 3.0], [np.nan, 0.5]], [1, 0], is_each_step=False
    )
    found = results.scores_of_sequences(outputs, view, STEPS)
    np.testing.assert_array_equal(found.score, [[3.0] * 3, [0.5] * 3])
    np.testing.assert_array_equal(found.is_anomaly, [[1] * 3, [0] * 3])
    assert found.is_scored.all()
    np.testing.assert_array_equal(
        found.contribution, [[[0, 1]] * STEPS, [[2, 3]] * STEPS]
    )


def test_as_many_steps_as_features():
    """Catches a shape decided by the scores, which are square here."""
    outputs = {
        name: x[:, :2] if x.shape.rank > 1 else x
        for name, x in served(
            "joint", [[1.0, 3.0, 0.0]], [1], is_each_step=True
        ).items()
    }
    found = results.scores_of_sequences(outputs, "joint", 2)
    np.testing.assert_array_equal(found.is_anomaly, [[0, 1]])


@pytest.mark.parametrize("is_each_step", [True, False])
def test_a_sequence_the_model_does_not_know_has_no_scored_row(is_each_step):
    """Catches rows that say more than the model does of their sequence."""
    score = [np.nan, np.nan, 9.0] if is_each_step else [np.nan, 9.0]
    known = [0.0] * len(score)
    outputs = served(
        "joint", [score, known], [-1, 0], is_each_step=is_each_step
    )
    found = results.scores_of_sequences(outputs, "joint", STEPS)
    assert not found.is_scored[0].any() and found.is_scored[1].all()
    assert not found.is_anomaly.any()
    assert np.isnan(found.score[0]).all()


@pytest.mark.parametrize("is_each_step", [True, False])
def test_the_flag_is_the_models(is_each_step):
    """Catches flags of a sequence that differ from serving_default's."""
    generator = np.random.default_rng(0)
    width = STEPS if is_each_step else FEATURES
    score = generator.normal(1.5, 1.0, (200, width))
    score[generator.random(score.shape) < 0.4] = np.nan
    is_known = 2 * (~np.isnan(score)).sum(axis=1) >= width
    flag = np.where(is_known, (np.nan_to_num(score) >= 2.0).any(axis=1), -1)
    outputs = served("joint", score, flag, is_each_step=is_each_step)
    found = results.scores_of_sequences(outputs, "joint", STEPS)
    assert set(flag) == {-1, 0, 1}
    np.testing.assert_array_equal(found.is_scored.any(axis=1), flag != -1)
    np.testing.assert_array_equal(found.is_anomaly.any(axis=1), flag == 1)
