"""The exponential mean of errors that come in chunks."""

from typing import NamedTuple

import numpy as np
from scipy.signal import lfilter

__all__ = ["SmoothingState", "smoothed_errors"]


class SmoothingState(NamedTuple):
    """What smoothing remembers of all errors so far.

    Attributes:
        decayed_sums: `[2]` float64: of the errors and of their weights, each
            times `decay ** age`, as they are at the next step.
        num_known: errors since the last long gap, at most the span.
        gap_steps: steps since the last error that was known.
    """

    decayed_sums: np.ndarray = np.zeros(2)
    num_known: int = 0
    gap_steps: int = 0


def smoothed_errors(
    errors: np.ndarray, span: int, state: SmoothingState | None = None
) -> tuple[np.ndarray, np.ndarray, SmoothingState]:
    """The mean of all errors so far, each weighted by `decay ** age`.

    Weights are divided by their sum, so that the first means are not too
    low. An error that is not known (NaN) has no weight but its place in time.
    An infinite one stands for its own step and is not remembered. Any split
    into chunks gives the same.

    Args:
        errors: `[step]` float64.
        span: the decay is `1 - 2 / (span + 1)`.
        state: of the steps before these; None = there are none.

    Returns:
        Means `[step]`, NaN where the error is not known; `[step]` bool, where
        they are ready: those of fewer errors than the span vary more than
        later ones, at the start and after a gap that is longer than it; the
        state for the steps that follow.

    Example:
        >>> errors = np.array([3.0, 6.0, 8.0])
        >>> smoothed_errors(errors[:2], 3)[:2]
        (array([3., 5.]), array([False, False]))
        >>> smoothed_errors(errors, 3)[1]
        array([False, False,  True])

    References:
        Hundman et al. (2018), Detecting Spacecraft Anomalies Using LSTMs and
        Nonparametric Dynamic Thresholding, section 3.2; the mean is that of
        pandas' `ewm(span=..., adjust=True)`.
    """
    state = state or SmoothingState()
    if not len(errors):
        return np.zeros(0), np.zeros(0, bool), state
    decay = 1 - 2 / (span + 1)
    is_used = np.isfinite(errors)
    rows = np.stack([np.where(is_used, errors, 0.0), is_used])
    (totals, weights), carried = lfilter(
        [1.0], [1.0, -decay], rows, zi=state.decayed_sums[:, np.newaxis]
    )
    means = np.array(errors, np.float64)
    np.divide(totals, weights, out=means, where=is_used)
    is_ready, num_known, gap_steps = _ready(~np.isnan(errors), span, state)
    state = SmoothingState(carried[:, 0], num_known, gap_steps)
    return means, is_ready, state


def _ready(
    is_known: np.ndarray, span: int, state: SmoothingState
) -> tuple[np.ndarray, int, int]:
    """Where at least `span` errors are known since the last long gap."""
    is_ready = np.zeros(len(is_known), bool)
    positions = np.flatnonzero(is_known)
    if not len(positions):
        return is_ready, state.num_known, state.gap_steps + len(is_known)
    gaps = np.diff(positions, prepend=-1 - state.gap_steps)
    numbers = np.arange(len(positions))
    begins = np.where(gaps > span, numbers, -state.num_known)
    counts = numbers + 1 - np.maximum.accumulate(begins)
    is_ready[positions] = counts >= span
    gap_steps = len(is_known) - 1 - int(positions[-1])
    return is_ready, min(int(counts[-1]), span), gap_steps
