"""What a scorer gives for each of its views, and its mean over time."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import tensorflow as tf

__all__ = ["ViewScores", "check_positions", "smoothed_step", "smoothed_whole"]


class ViewScores(NamedTuple):
    """Scores of one view.

    Attributes:
        score: float64, larger = stranger; NaN where not scored.
        is_scored: bool, shape of `score`.
        contribution: float64, the features' terms, larger = more of the
            score; only sums of terms add up to it.
    """

    score: tf.Tensor
    is_scored: tf.Tensor
    contribution: tf.Tensor


def check_positions(positions: str) -> bool:
    """Whether only the last step of a window counts; "all" or the "last"."""
    if positions not in ("all", "last"):
        raise ValueError(
            "`positions` must be all or last. "
            f"Received: positions={positions!r}"
        )
    return positions == "last"


def smoothed_whole(
    smoothing: Any, views: Mapping[str, ViewScores]
) -> dict[str, ViewScores]:
    """Smooths scores and contributions of whole series.

    Args:
        smoothing: of `trainer.layers.smoothing`; None = they stay as they
            are.
        views: name to scores `[batch, time]`.
    """
    if smoothing is None:
        return dict(views)
    return {
        view: _parted(smoothing.whole(*_joined(scores)), scores)
        for view, scores in views.items()
    }


def smoothed_step(
    smoothing: Any, scores: ViewScores, state: Mapping[str, tf.Tensor]
) -> tuple[ViewScores, dict[str, tf.Tensor]]:
    """Smooths the next steps of series.

    Args:
        smoothing: as above.
        scores: `[batch, time]`.
        state: of the smoothing; empty where there is none.

    Returns:
        The smoothed scores, and the state after them.
    """
    if smoothing is None:
        return scores, dict(state)
    means, state = smoothing.step(*_joined(scores), state)
    return _parted(means, scores), state


def _joined(scores: ViewScores) -> tuple[tf.Tensor, tf.Tensor]:
    """Score and contributions side by side, and where they are known."""
    values = tf.concat(
        [scores.score[..., tf.newaxis], scores.contribution], axis=-1
    )
    return values, scores.is_scored


def _parted(values: tf.Tensor, scores: ViewScores) -> ViewScores:
    return ViewScores(values[..., 0], scores.is_scored, values[..., 1:])
