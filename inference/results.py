"""What scoring gives for each time step, from a model's outputs."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

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

    Results of `score_sequences` have one more axis in front.
    """

    score: np.ndarray
    threshold: np.ndarray
    is_anomaly: np.ndarray
    is_scored: np.ndarray
    contribution: np.ndarray


def scores_of_chunk(result: Mapping[str, Any], view: str) -> StepScores:
    """One view of what the signature `score_chunk` gave, `[time]`."""
    arrays = {
        name: result[f"{view}_{name}"].numpy() for name in StepScores._fields
    }
    _check_threshold(arrays["threshold"], view)
    return _only_scored(**arrays)


def scores_of_sequences(
    result: Mapping[str, Any], view: str, length: int
) -> StepScores:
    """One view of what `serving_default` gave, `[series, time]`.

    Args:
        result: the signature's outputs.
        view: "time", or "feature": the largest score of a series' features
            for each of its steps.
        length: time steps a series.
    """
    arrays = {
        name: result[f"{view}_{name}"].numpy() for name in StepScores._fields
    }
    _check_threshold(arrays["threshold"], view)
    arrays["threshold"] = _each_step(arrays["threshold"], length)
    if view == "feature":
        known = np.where(arrays["is_scored"], arrays["score"], -np.inf)
        flag = arrays["is_anomaly"]
        contribution = np.broadcast_to(
            arrays["contribution"][:, np.newaxis],
            (len(flag), length, arrays["contribution"].shape[-1]),
        )
        return _only_scored(
            score=_each_step(known.max(axis=1), length),
            threshold=arrays["threshold"],
            is_anomaly=_each_step(flag == 1, length),
            is_scored=_each_step(flag != -1, length),
            contribution=contribution,
        )
    # The flag of the signature says whether any step is anomalous.
    arrays["is_anomaly"] = arrays["score"] >= arrays["threshold"]
    return _only_scored(**arrays)


def _only_scored(
    score: np.ndarray,
    threshold: np.ndarray,
    is_anomaly: np.ndarray,
    is_scored: np.ndarray,
    contribution: np.ndarray,
) -> StepScores:
    is_scored = is_scored & ~np.isnan(score)
    return StepScores(
        score=np.where(is_scored, score, np.nan),
        threshold=threshold,
        is_anomaly=is_anomaly & is_scored,
        is_scored=is_scored,
        contribution=contribution,
    )


def _each_step(array: np.ndarray, length: int) -> np.ndarray:
    """`[series]` to `[series, time]`."""
    return np.repeat(array[:, np.newaxis], length, axis=1)


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
    )
