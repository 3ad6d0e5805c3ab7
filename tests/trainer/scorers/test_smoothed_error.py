"""Absolute errors, smoothed."""

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from numpy.testing import assert_allclose

from trainer.scorers.smoothed_error import SmoothedError, SmoothedErrorSettings
from trainer.scorers.view_scores import smoothed_whole

NUM_SCORED = 3


def scores_of(residuals, **settings):
    scorer = SmoothedError(settings, 6, NUM_SCORED)
    views = scorer({"forecast": tf.constant(residuals)})
    smoothed = scorer.combine(smoothed_whole(scorer.smoothing, views))
    return smoothed["time"]


def residuals(num_steps=40, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(1, num_steps, NUM_SCORED)).astype("float32")


@pytest.mark.parametrize("span", [1, 2, 9, 105])
def test_mean_of_absolute_errors(span):
    """Catches squares, signs that cancel, and a span taken for a decay."""
    errors = residuals()
    found = scores_of(errors, smoothing_span=span)
    frame = pd.DataFrame(np.abs(errors[0].astype("f8")))
    expected = frame.ewm(span=span, adjust=True).mean()
    assert_allclose(found.score[0], expected.mean(axis=1), rtol=1e-9)
    shares = expected.to_numpy() / NUM_SCORED
    assert_allclose(found.contribution[0], shares, rtol=1e-9)
    assert found.is_scored.numpy().all()


def test_unknown_features_count_as_the_others_do():
    """Catches a gap that lowers the score, or is called normal."""
    errors = np.full((1, 3, NUM_SCORED), 2.0, "float32")
    errors[0, 1, 0] = np.nan
    errors[0, 2, :2] = np.nan
    found = scores_of(errors, smoothing_span=1)
    assert_allclose(found.score[0], [2, 2, np.nan])
    assert found.is_scored.numpy().tolist() == [[True, True, False]]


def test_an_infinite_error_is_not_remembered():
    """Catches one spoiled value that is an anomaly for ever."""
    errors = residuals()
    errors[0, 10, 1] = np.inf
    found = scores_of(errors, smoothing_span=9).score[0].numpy()
    assert np.isinf(found[10])
    assert np.isfinite(np.delete(found, 10)).all()


def test_positions():
    """Catches windows that overlap, scored at every step."""
    scorer = SmoothedError({}, 6, NUM_SCORED)
    parts = {"forecast": tf.constant(residuals(6))}
    last = scorer(parts, positions="last")["time"].score
    assert_allclose(last, scorer(parts)["time"].score[:, -1:])
    with pytest.raises(ValueError, match="`positions` must be"):
        scorer(parts, positions="first")


def test_settings():
    """Catches a window that is served too short for its scores."""
    assert SmoothedErrorSettings().num_warm_up_steps() == 5 * 105
    assert SmoothedErrorSettings(smoothing_span=1).num_warm_up_steps() == 0
    with pytest.raises(ValueError, match="smoothing_span"):
        SmoothedErrorSettings(smoothing_span=0)
