"""What a dynamic threshold says of each error, and the events it makes."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from trainer.statistics.error_pruning import runs_of

__all__ = ["DynamicEvent", "JudgedErrors", "dynamic_events"]


class JudgedErrors(NamedTuple):
    """Consecutive steps and what was said of each.

    Attributes:
        smoothed_error: `[step]` float64; NaN where it is not known.
        upper_epsilon: `[step]` float64; errors from here on are too high.
        lower_epsilon: `[step]` float64; errors down from here are too low.
        score: `[step]` float64, larger = stranger: how far the error is
            beyond the nearer of the two, in units of mean plus deviation.
        is_anomaly: `[step]` bool, buffers included, what was pruned not.
        is_judged: `[step]` bool; where not, the error is neither normal nor
            anomalous, `is_anomaly` is False and the other fields but
            `smoothed_error` are NaN.
    """

    smoothed_error: np.ndarray
    upper_epsilon: np.ndarray
    lower_epsilon: np.ndarray
    score: np.ndarray
    is_anomaly: np.ndarray
    is_judged: np.ndarray

    @classmethod
    def unjudged(cls, smoothed_error: np.ndarray) -> "JudgedErrors":
        """Steps of which nothing can be said."""
        num_steps = len(smoothed_error)
        return cls(
            np.array(smoothed_error),
            *np.full((3, num_steps), np.nan),
            *np.zeros((2, num_steps), bool),
        )

    @classmethod
    def joined(cls, parts: Sequence["JudgedErrors"]) -> "JudgedErrors":
        """The steps of all parts, which follow one another."""
        return cls(*map(np.concatenate, zip(*parts, strict=True)))


class DynamicEvent(NamedTuple):
    """A maximal run of anomalous steps, half-open `[start, stop)`.

    Attributes:
        start: its first row.
        stop: the row after its last.
        score: the largest of its steps.
    """

    start: int
    stop: int
    score: float


def dynamic_events(
    judged: JudgedErrors, first_row: int = 0
) -> list[DynamicEvent]:
    """The events of a series; a step that was not judged ends one.

    Args:
        judged: the steps of a whole series.
        first_row: the series' row of the first step.
    """
    return [
        DynamicEvent(
            first_row + int(start),
            first_row + int(stop),
            float(judged.score[start:stop].max()),
        )
        for start, stop in runs_of(judged.is_anomaly)
    ]
