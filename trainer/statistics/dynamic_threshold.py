"""Dynamic thresholds on a stream of errors, without labels.

An error is judged by the history that ends with its batch. What was found
anomalous before is left out of that history, so that an anomaly neither
raises the threshold while it lasts nor lowers it when it leaves.
"""

from typing import NamedTuple

import numpy as np

from trainer.statistics.dynamic_parameters import DynamicParameters
from trainer.statistics.error_smoothing import SmoothingState, smoothed_errors
from trainer.statistics.error_window import judged_window
from trainer.statistics.judged_errors import JudgedErrors

__all__ = ["DynamicState", "finish", "initial_state", "step", "whole"]


_NO_STEPS = JudgedErrors.unjudged(np.zeros(0))


class DynamicState(NamedTuple):
    """What is remembered of a series between chunks; of bounded size.

    Attributes:
        waiting: `[step]` float64, the errors as they came, until there are
            enough for a history; empty from then on.
        smoothed: `[step]` float64, the last smoothed errors: a history of
            judged ones, and those of a batch that is not full yet. NaN where
            not known, or not ready.
        is_accepted: `[judged step]` bool, which of them were anomalous.
        smoothing: sums and counts of the mean.
        num_judged: rows of the series that were judged, which is the row
            that is judged next.
    """

    waiting: np.ndarray
    smoothed: np.ndarray
    is_accepted: np.ndarray
    smoothing: SmoothingState
    num_judged: int


def initial_state() -> DynamicState:
    """The state before the first error."""
    return DynamicState(
        waiting=np.zeros(0),
        smoothed=np.zeros(0),
        is_accepted=np.zeros(0, bool),
        smoothing=SmoothingState(),
        num_judged=0,
    )


def step(
    errors: np.ndarray,
    state: DynamicState,
    parameters: DynamicParameters,
) -> tuple[JudgedErrors, DynamicState]:
    """Takes the next errors and judges those whose batch is full.

    The first history is judged as a whole, once it is there. Any split of a
    series into chunks gives the same.

    Args:
        errors: `[step]`, 0 or larger, NaN = not known; may be empty.
        state: from `initial_state`, or of the steps before these.
        parameters: the same for all chunks of a series.

    Returns:
        The steps from row `state.num_judged` on that are judged now, often
        none; the new state.

    Raises:
        ValueError: `errors` has another shape, or one is below 0.
    """
    errors = np.concatenate([state.waiting, _checked(errors)])
    num_new = parameters.steps_a_batch
    if not state.num_judged:
        num_new = parameters.history_steps
        if len(errors) < num_new:
            return _NO_STEPS, state._replace(waiting=errors)
    state = _smoothed(errors, state, parameters)
    parts = [_NO_STEPS]
    while _num_pending(state) >= num_new:
        part, state = _judged(state, num_new, parameters)
        parts.append(part)
        num_new = parameters.steps_a_batch
    # A copy, not a view: what was before need not stay in memory.
    state = state._replace(smoothed=state.smoothed.copy())
    return JudgedErrors.joined(parts), state


def finish(state: DynamicState, parameters: DynamicParameters) -> JudgedErrors:
    """Judges what is left at the end of a series.

    A series that is shorter than a history is judged by all of it, as
    `DynamicParameters.shortened` says.

    Args:
        state: of all steps.
        parameters: as before.

    Returns:
        The steps from row `state.num_judged` to the last; may be none.
    """
    if len(state.waiting):
        parameters = parameters.shortened(len(state.waiting))
        state = _smoothed(state.waiting, state, parameters)
    if not _num_pending(state):
        return _NO_STEPS
    return _judged(state, _num_pending(state), parameters)[0]


def whole(errors: np.ndarray, parameters: DynamicParameters) -> JudgedErrors:
    """Judges a whole series: one chunk.

    Args:
        errors: `[step]`, 0 or larger, NaN = not known.
        parameters: the settings.

    Returns:
        All steps.

    Raises:
        ValueError: `errors` has another shape, or one is below 0.

    Example:
        >>> errors = np.abs(np.sin(np.arange(3000.0)))
        >>> errors[2500:2530] += 5
        >>> judged = whole(errors, DynamicParameters())
        >>> np.flatnonzero(judged.is_anomaly)[[0, -1]]
        array([2450, 2729])
    """
    judged, state = step(errors, initial_state(), parameters)
    return JudgedErrors.joined([judged, finish(state, parameters)])


def _checked(errors: np.ndarray) -> np.ndarray:
    errors = np.asarray(errors, np.float64)
    if errors.ndim != 1 or (errors < 0).any():
        raise ValueError(
            "`errors` must have the shape [step] and no entry below 0. "
            f"Received: errors.shape={errors.shape}, "
            f"{np.count_nonzero(errors < 0)} entries below 0. Give absolute "
            "errors of one series."
        )
    return errors


def _num_pending(state: DynamicState) -> int:
    return len(state.smoothed) - len(state.is_accepted)


def _smoothed(
    errors: np.ndarray, state: DynamicState, parameters: DynamicParameters
) -> DynamicState:
    """Moves errors from `waiting` to `smoothed`."""
    means, is_ready, smoothing = smoothed_errors(
        errors, parameters.span, state.smoothing
    )
    if parameters.is_smoothed:
        means = errors
    means = np.where(is_ready, means, np.nan)
    return state._replace(
        waiting=np.zeros(0),
        smoothed=np.concatenate([state.smoothed, means]),
        smoothing=smoothing,
    )


def _judged(
    state: DynamicState, num_new: int, parameters: DynamicParameters
) -> tuple[JudgedErrors, DynamicState]:
    """Judges the next steps by the history that ends with them."""
    stop = len(state.is_accepted) + num_new
    start = max(stop - parameters.history_steps, 0)
    is_accepted = np.concatenate(
        [state.is_accepted[start:], np.zeros(num_new, bool)]
    )
    judged = judged_window(
        state.smoothed[start:stop], is_accepted, num_new, parameters
    )
    is_accepted[-num_new:] = judged.is_anomaly
    return judged, state._replace(
        smoothed=state.smoothed[start:],
        is_accepted=is_accepted,
        num_judged=state.num_judged + num_new,
    )
