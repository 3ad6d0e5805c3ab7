"""What smoothing does to scores, contributions and unknown steps."""

import numpy as np
import tensorflow as tf

from trainer.layers.smoothing import CentredMean, ExponentialMean
from trainer.scorers.view_scores import (
    ViewScores,
    smoothed_step,
    smoothed_whole,
)


def view(num_steps=20, width=3):
    """Two series whose contributions sum to their scores, some unknown."""
    generator = np.random.default_rng(1)
    contribution = generator.exponential(size=(2, num_steps, width))
    is_scored = generator.random((2, num_steps)) < 0.8
    score = np.where(is_scored, contribution.sum(axis=-1), np.nan)
    return ViewScores(*map(tf.constant, (score, is_scored, contribution)))


def test_without_smoothing_nothing_changes():
    """Catches scores lost, or a state made up, where nothing is smoothed."""
    scores = view()
    assert smoothed_whole(None, {"time": scores}) == {"time": scores}
    assert smoothed_step(None, scores, {}) == (scores, {})


def test_contributions_are_smoothed_like_their_score():
    """Catches contributions of the step alone beside a score over time."""
    for smoothing in (ExponentialMean(4), CentredMean(4)):
        scores = view()
        found = smoothed_whole(smoothing, {"time": scores})["time"]
        is_scored = scores.is_scored.numpy()
        np.testing.assert_array_equal(found.is_scored, is_scored)
        np.testing.assert_array_equal(np.isnan(found.score), ~is_scored)
        assert np.isnan(found.contribution.numpy()[~is_scored]).all()
        total = found.contribution.numpy().sum(axis=-1)
        np.testing.assert_allclose(total, found.score, rtol=1e-12)
        assert (found.score != scores.score).numpy().any()


def test_each_view_is_smoothed_by_itself():
    """Catches views that are exchanged or share their state."""
    scores, other = view(), view(7)
    smoothing = ExponentialMean(4)
    both = smoothed_whole(smoothing, {"one": scores, "other": other})
    for name, each in (("one", scores), ("other", other)):
        alone = smoothed_whole(smoothing, {name: each})[name]
        np.testing.assert_array_equal(both[name].score, alone.score)


def test_steps_in_turns_are_the_whole():
    """Catches a state that leaves out score, contributions or their weight."""
    scores, smoothing = view(), ExponentialMean(4)
    state, parts = smoothing.initial_state(2, 4), []
    for begin, end in ((0, 1), (1, 8), (8, 20)):
        chunk = ViewScores(*(each[:, begin:end] for each in scores))
        found, state = smoothed_step(smoothing, chunk, state)
        parts.append(found)
    whole = smoothed_whole(smoothing, {"time": scores})["time"]
    for one, other in zip(whole, zip(*parts, strict=True), strict=True):
        np.testing.assert_allclose(np.concatenate(other, 1), one, rtol=1e-12)
