"""What scoring gives for each time step, from a model's outputs."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from trainer.thresholds.constant import apply

__all__ = [
    "StepScores",
    "joined",
    "scores_of_chunk",
    "scores_of_sequences",
    "unscored",
]


class StepScores(NamedTuple):
    """One view's result, one entry for each time step.

    Attributes:
        score: `[time]` float64, larger = stranger, NaN where not scored.
        threshold: `[time]` float64.
        is_anomaly: `[time]` bool, False where not scored.
        is_scored: `[time]` bool, whether anything could be said.
        contribution: `[time, scored feature]` float64, terms of the score.
        forecast: `[time, scored feature]` float64, raw units, what the network
            expected; NaN where it forecast nothing.

    Results of `score_sequences` have one more axis in front.
    """

    score: np.ndarray
    threshold: np.ndarray
    is_anomaly: np.ndarray
    is_scored: np.ndarray
    contribution: np.ndarray
    forecast: np.ndarray


def scores_of_chunk(result: Mapping[str, Any], view: str) -> StepScores:
    """One view of what the signature `score_chunk` gave, `[time]`."""
    arrays = _arrays(result, view)
    if "forecast" in result:
        arrays["forecast"] = result["forecast"].numpy()
    return _only_scored(**arrays)


def scores_of_sequences(
    result: Mapping[str, Any], view: str, length: int
) -> StepScores:
    """One view of what `serving_default` gave, `[series, time]`.

    A series that the model calls unknown has no scored step; any other is
    flagged exactly where one of its steps is.

    Args:
        result: the signature's outputs.
        view: its name. Where it scores features instead of steps, each step
            has the largest score of its series' features.
        length: time steps a series.
    """
    arrays = _arrays(result, view)
    flag = arrays["is_anomaly"]
    threshold = _each_step(arrays["threshold"], length)
    is_known = _each_step(flag != -1, length)
    # `[series, time, feature]` or `[series, feature]`: the scores alone do
    # not tell a view of steps from one of features.
    if arrays["contribution"].ndim == 3:
        return _only_scored(
            score=arrays["score"],
            threshold=threshold,
            is_anomaly=apply(arrays["score"], threshold),
            is_scored=arrays["is_scored"] & is_known,
            contribution=arrays["contribution"],
            forecast=arrays["forecast"],
        )
    known = np.where(arrays["is_scored"], arrays["score"], -np.inf)
    return _only_scored(
        score=_each_step(known.max(axis=1), length),
        threshold=threshold,
        is_anomaly=_each_step(flag == 1, length),
        is_scored=is_known,
        contribution=_each_step(arrays["contribution"], length),
        forecast=_each_step(arrays["forecast"], length),
    )


def _arrays(result: Mapping[str, Any], view: str) -> dict[str, np.ndarray]:
    arrays = {
        name: result[f"{view}_{name}"].numpy()
        for name in StepScores._fields
        if name != "forecast"
    }
    nothing = np.full((), np.nan)
    arrays["forecast"] = np.broadcast_to(nothing, arrays["contribution"].shape)
    _check_threshold(arrays["threshold"], view)
    return arrays


def _only_scored(
    score: np.ndarray,
    threshold: np.ndarray,
    is_anomaly: np.ndarray,
    is_scored: np.ndarray,
    contribution: np.ndarray,
    forecast: np.ndarray,
) -> StepScores:
    is_scored = is_scored & ~np.isnan(score)
    return StepScores(
        score=np.where(is_scored, score, np.nan),
        threshold=threshold,
        is_anomaly=is_anomaly & is_scored,
        is_scored=is_scored,
        contribution=contribution,
        forecast=forecast,
    )


def _each_step(array: np.ndarray, length: int) -> np.ndarray:
    """`[series, ...]` to `[series, time, ...]`, a view of the same memory."""
    shape = (len(array), length, *array.shape[1:])
    return np.broadcast_to(array[:, np.newaxis], shape)


def joined(parts: Sequence[StepScores]) -> StepScores:
    """Puts results one after the other along their first axis."""
    return StepScores(
        *(np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    )


def _check_threshold(threshold: np.ndarray, view: str) -> None:
    if np.isnan(threshold).any():
        raise ValueError(
            "A model serves only with its thresholds tuned. Received: a "
            f"{view} view without one. Run `python -m trainer.task "
            "--training_mode=tune_anomaly_thresholds`, which exports again."
        )


def unscored(num_rows: int, num_scored_features: int) -> StepScores:
    """The result of rows about which nothing can be said."""
    unknown = np.full(num_rows, np.nan)
    nothing = np.zeros(num_rows, bool)
    return StepScores(
        score=unknown,
        threshold=unknown,
        is_anomaly=nothing,
        is_scored=nothing,
        contribution=np.full((num_rows, num_scored_features), np.nan),
        forecast=np.full((num_rows, num_scored_features), np.nan),
    )
