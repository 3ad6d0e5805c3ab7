"""The fused view against a logic of three values, entry by entry."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

from trainer.fused_view import fused_view, most_anomalous
from trainer.scorers.view_scores import ViewScores

THRESHOLDS = {"time": np.float64(4), "feature": np.float64(20)}
# Below, at and above the threshold; unknown.
LEVELS = (0.5, 1.0, 1.5, np.nan)


def scores_of(view, ratios):
    """One entry for each ratio of score and threshold."""
    score = THRESHOLDS[view] * np.array(ratios)
    contribution = np.stack([score, -score], axis=1)
    return ViewScores(
        tf.constant(score),
        tf.constant(~np.isnan(score)),
        tf.constant(contribution),
    )


def said(ratio):
    """True, False, or None where nothing is known."""
    return None if np.isnan(ratio) else ratio >= 1


def expected_of(one, other, fusion):
    """Kleene's strong logic."""
    values = {said(one), said(other)}
    decisive = fusion == "any"
    if decisive in values:
        return decisive
    return None if None in values else not decisive


@pytest.mark.parametrize("fusion", ["any", "all"])
def test_equals_the_logic_of_three_values(fusion):
    """Catches unknown taken for normal, or one view's threshold for both."""
    pairs = list(itertools.product(LEVELS, LEVELS))
    views = {
        "time": scores_of("time", [one for one, _ in pairs]),
        "feature": scores_of("feature", [other for _, other in pairs]),
    }
    fused = fused_view(views, THRESHOLDS, fusion)
    for position, pair in enumerate(pairs):
        expected = expected_of(*pair, fusion)
        assert bool(fused.is_scored[position]) == (expected is not None), pair
        score = float(fused.score[position])
        if expected is None:
            assert np.isnan(score)
            assert np.isnan(fused.contribution[position]).all()
            continue
        assert (score >= 1) == expected, pair
        known = [ratio for ratio in pair if not np.isnan(ratio)]
        assert score == (max(known) if fusion == "any" else min(known))


def test_a_score_just_below_its_threshold_stays_below():
    """Catches a division that rounds up to the threshold."""
    for threshold in np.random.default_rng(1).uniform(1e-6, 1e6, 200):
        below = np.nextafter(threshold, 0)
        views = {"time": scores_of("time", [below / THRESHOLDS["time"]])}
        views["time"] = views["time"]._replace(score=tf.constant([below]))
        fused = fused_view(views, {"time": tf.constant(threshold)}, "any")
        assert float(fused.score[0]) < 1


@pytest.mark.parametrize("threshold", [0.0, -3.0])
def test_thresholds_that_are_no_unit(threshold):
    """Catches a division by 0, and an order turned round."""
    # Smaller numbers are flushed to 0.
    below = np.nextafter(threshold, -np.inf) if threshold else -1e-300
    score = tf.constant(
        [threshold - 1, below, threshold, threshold + 1], tf.float64
    )
    known = tf.constant([True] * 4)
    views = {"time": ViewScores(score, known, score[:, tf.newaxis])}
    thresholds = {"time": tf.constant(threshold, tf.float64)}
    fused = fused_view(views, thresholds, "any")
    assert (fused.score.numpy() >= 1).tolist() == [
        False,
        False,
        True,
        True,
    ]
    assert np.all(np.diff(fused.score) > 0)


def test_contributions_are_of_the_view_that_decides():
    """Catches terms of both views added up."""
    views = {
        "time": scores_of("time", [0.5, 3.0]),
        "feature": scores_of("feature", [2.0, 1.0]),
    }
    for fusion, chosen in (("any", (40.0, 12.0)), ("all", (2.0, 20.0))):
        fused = fused_view(views, THRESHOLDS, fusion)
        np.testing.assert_array_equal(fused.contribution[:, 0], chosen)


def test_most_anomalous_entry_of_each_window():
    """Catches the contribution of another step, or of an unknown one."""
    score = tf.constant([[1.0, np.nan, 3.0], [5.0, 2.0, np.nan]], tf.float64)
    known = ~tf.math.is_nan(score)
    terms = tf.reshape(tf.range(6, dtype=tf.float64), (2, 3, 1))
    both = tf.constant([True, False])
    found = most_anomalous(ViewScores(score, known, terms), both)
    np.testing.assert_array_equal(found.score, [3, 5])
    np.testing.assert_array_equal(found.contribution, [[2], [3]])
    np.testing.assert_array_equal(found.is_scored, [True, False])
    by_feature = terms[..., 0]
    found = most_anomalous(ViewScores(score, known, by_feature), both)
    np.testing.assert_array_equal(found.contribution, by_feature)
