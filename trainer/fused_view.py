"""Several views as one: anomalous where any of them is, or all are."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from trainer.scorers.view_scores import ViewScores

__all__ = ["FUSED", "fused_view", "most_anomalous"]

# Name of the view.
FUSED = "fused"
# Its threshold.
FUSED_THRESHOLD = np.float64(1.0)


def fused_view(
    views: Mapping[str, ViewScores],
    thresholds: Mapping[str, Any],
    fusion: str,
) -> ViewScores:
    """Joins views by their scores in units of their thresholds.

    The score is the largest of these ("any") or the smallest ("all"), so that
    1 is the threshold of both. Unknown is neither normal nor anomalous: with
    "any", an anomalous view decides alone, and a normal one only where all are
    known; with "all" the other way round.

    Args:
        views: name to scores, all of one shape, which may have been NaN.
        thresholds: name to threshold, scalar float64.
        fusion: "any" or "all".

    Returns:
        Scores; the contributions are those of the view that decides.

    References:
        Kleene (1938), On notation for ordinal numbers (logic of three values).
    """
    ratios = tf.stack(
        [_ratio(views[name].score, thresholds[name]) for name in views]
    )
    is_known = tf.stack([scores.is_scored for scores in views.values()])
    is_flagged = ratios >= FUSED_THRESHOLD
    sign = np.float64(1 if fusion == "any" else -1)
    ordered = tf.where(is_known, sign * ratios, np.float64("-inf"))
    decides = is_flagged if fusion == "any" else ~is_flagged
    is_scored = tf.reduce_all(is_known, 0) | tf.reduce_any(
        is_known & decides, 0
    )
    score = sign * tf.reduce_max(ordered, 0)
    chosen = tf.one_hot(
        tf.argmax(ordered, 0), len(views), True, False, axis=0, dtype=tf.bool
    )
    contributions = tf.stack([each.contribution for each in views.values()])
    contribution = tf.reduce_sum(
        tf.where(chosen[..., tf.newaxis], contributions, np.float64(0)), 0
    )
    nothing = np.float64("nan")
    return ViewScores(
        tf.where(is_scored, score, nothing),
        is_scored,
        tf.where(is_scored[..., tf.newaxis], contribution, nothing),
    )


def _ratio(score: tf.Tensor, threshold: tf.Tensor) -> tf.Tensor:
    """The score in units of its threshold, 1 where it is reached."""
    # A threshold that is not positive is no unit: the distance from it is.
    is_unit = threshold > 0
    divisor = tf.where(is_unit, threshold, FUSED_THRESHOLD)
    ratio = tf.where(is_unit, score / divisor, 1 + (score - threshold))
    # Rounding must not lift what is below.
    just_below = np.nextafter(FUSED_THRESHOLD, 0)
    return tf.where(score < threshold, tf.minimum(ratio, just_below), ratio)


def most_anomalous(scores: ViewScores, is_scored: tf.Tensor) -> ViewScores:
    """Of each window the entry with the largest score.

    Args:
        scores: `[batch, entry]`; contributions `[batch, entry, feature]`, or
            `[batch, feature]` where the entries are the features.
        is_scored: `[batch]` bool, windows of which enough is known.
    """
    lowest = np.float64("-inf")
    known = tf.where(scores.is_scored, scores.score, lowest)
    contribution = scores.contribution
    if contribution.shape.rank > known.shape.rank:
        largest = tf.argmax(known, axis=1)
        contribution = tf.gather(contribution, largest, axis=1, batch_dims=1)
    score = tf.reduce_max(known, axis=1)
    return ViewScores(score, is_scored, contribution)
