"""Dynamic thresholds exactly as Telemanom 2.0 sets them, for comparison.

What is wrong there is wrong here: errors that no window judges, a least
error of .05 whatever the unit, scores that distances to both thresholds make.
`trainer.statistics.dynamic_threshold` has none of it.
"""

import numpy as np

from trainer.statistics.dynamic_parameters import DynamicParameters
from trainer.statistics.epsilon_search import best_epsilon
from trainer.statistics.error_pruning import buffered, runs_of, standing_out
from trainer.statistics.error_smoothing import smoothed_errors
from trainer.statistics.judged_errors import JudgedErrors

__all__ = ["judged_in_retrospect"]

# Of the range of the targets, and absolute.
_LEAST_SHARE, _LEAST_ERROR = 0.05, 0.05
# Series shorter than these ignore one context of errors, or none.
_ENOUGH_STEPS, _FEW_STEPS = 2500, 1800


def judged_in_retrospect(
    errors: np.ndarray,
    targets: np.ndarray,
    parameters: DynamicParameters,
    context_length: int = 250,
    keeps_first_errors: bool = False,
) -> JudgedErrors:
    """Judges a whole series; a value is judged with its future known.

    Args:
        errors: `[step]`, 0 or larger, all known.
        targets: `[step, horizon]`, what was forecast at each step.
        parameters: the settings; `error_floor` is not used.
        context_length: steps that the forecaster reads; it decides how many
            of the first errors are replaced by their mean, and ignored.
        keeps_first_errors: whether they are not replaced.

    Returns:
        All steps. `score` is the larger distance to both thresholds, whether
        beyond or not, in units of mean plus deviation.

    Raises:
        ValueError: a shape or a value does not fit, a series is shorter than
            the context, the buffer is below 2, or all errors are anomalous.

    References:
        Hundman et al. (2018), Detecting Spacecraft Anomalies Using LSTMs and
        Nonparametric Dynamic Thresholding, sections 3.2 and 3.3, as the
        published program has them.
    """
    errors = np.asarray(errors, np.float64)
    targets = np.asarray(targets, np.float64)
    _check(errors, targets, parameters, context_length)
    history, batch = parameters.history_steps, parameters.steps_a_batch
    smoothed = errors.copy()
    if not parameters.is_smoothed:
        smoothed = smoothed_errors(errors, parameters.span)[0]
    if not keeps_first_errors:
        smoothed[:context_length] = smoothed[: 2 * context_length].mean()
    num_steps = len(smoothed)
    judged = JudgedErrors.unjudged(smoothed)
    num_later = max(num_steps - history, 0) // batch
    for number in range(num_later + 1):
        start = number * batch
        stop = start + history if number < num_later else num_steps
        first = stop - batch
        if not number:
            first = _num_ignored(num_steps, context_length)
        _judge(
            JudgedErrors(*(field[start:stop] for field in judged)),
            targets[start:stop],
            first - start,
            parameters,
        )
    for start, stop in runs_of(judged.is_anomaly):
        judged.is_anomaly[start:stop] = stop - start > 1
    return judged


def _check(
    errors: np.ndarray,
    targets: np.ndarray,
    parameters: DynamicParameters,
    context_length: int,
) -> None:
    fits = errors.ndim == 1 and targets.ndim == 2
    if not fits or len(errors) != len(targets):
        raise ValueError(
            "`errors` must have the shape [step] and `targets` "
            f"[step, horizon]. Received: errors.shape={errors.shape}, "
            f"targets.shape={targets.shape}. Give both of the same steps."
        )
    if not (errors >= 0).all() or not np.isfinite(errors).all():
        raise ValueError(
            "`errors` must be known, finite and not below 0. Received: "
            f"{np.count_nonzero(~(np.isfinite(errors) & (errors >= 0)))} "
            "others. Use `dynamic_threshold.whole`."
        )
    if not np.isfinite(targets).all():
        raise ValueError(
            "`targets` must be known and finite. Received: "
            f"{np.count_nonzero(~np.isfinite(targets))} entries that are not. "
            "Use `dynamic_threshold.whole`."
        )
    if not 1 <= context_length <= len(errors):
        raise ValueError(
            "`context_length` must be at least 1 and at most the number of "
            f"errors. Received: context_length={context_length}, "
            f"{len(errors)} errors. Use `dynamic_threshold.whole`."
        )
    if parameters.buffer_steps < 2:
        raise ValueError(
            "`buffer_steps` must be at least 2 here. Received: "
            f"buffer_steps={parameters.buffer_steps}. Use "
            "`dynamic_threshold.whole`."
        )


def _num_ignored(num_steps: int, context_length: int) -> int:
    if num_steps < _FEW_STEPS:
        return 0
    return context_length * (1 if num_steps < _ENOUGH_STEPS else 2)


def _judge(
    window: JudgedErrors,
    targets: np.ndarray,
    first: int,
    parameters: DynamicParameters,
) -> None:
    """Fills in the steps of a window from `first` on."""
    smoothed, is_accepted = window.smoothed_error, window.is_anomaly.copy()
    mean, deviation = smoothed.mean(), smoothed.std()
    unit = mean + deviation or np.inf
    buffer_steps, beyond = parameters.buffer_steps, []
    scores, epsilons = np.zeros(len(smoothed)), []
    for values in (smoothed, 2 * mean - smoothed):
        # One step less than below, as there.
        epsilon = best_epsilon(
            values, mean, deviation, buffer_steps - 1, parameters
        )
        epsilons.append(epsilon)
        scores = np.maximum(scores, np.abs(values - epsilon) / unit)
        is_beyond = values >= epsilon
        if is_beyond[max(first - buffer_steps, 0) :].any():
            beyond.append((values, is_beyond))
    window.upper_epsilon[first:] = epsilons[0]
    window.lower_epsilon[first:] = 2 * mean - epsilons[1]
    window.score[first:] = scores[first:]
    window.is_judged[first:] = True
    if not beyond:
        return
    least = _least_value(smoothed, deviation, targets)
    for values, is_beyond in beyond:
        is_marked = buffered(is_beyond & (values > least), buffer_steps)
        is_marked[:first] = False
        is_kept = _kept(values, is_marked, is_accepted, parameters)
        window.is_anomaly[is_kept] = True


def _least_value(
    smoothed: np.ndarray, deviation: float, targets: np.ndarray
) -> float:
    """No value up to it is anomalous; infinity where none can be."""
    least = _LEAST_SHARE * np.subtract(*np.percentile(targets, [95, 5]))
    largest = smoothed.max()
    is_wide = deviation > _LEAST_SHARE * targets.std() or largest > least
    return least if is_wide and largest > _LEAST_ERROR else np.inf


def _kept(
    values: np.ndarray,
    is_marked: np.ndarray,
    is_accepted: np.ndarray,
    parameters: DynamicParameters,
) -> np.ndarray:
    """Those of the marked steps whose run stands out, `[step]` bool."""
    others = values[~is_marked & ~is_accepted]
    if not len(others):
        raise ValueError(
            "A window must hold errors that are not anomalous. "
            f"Received: {len(values)} errors, all anomalous. Use `dynamic_threshold.whole`."
        )
    runs = runs_of(is_marked)
    is_single = runs[:, 1] - runs[:, 0] == 1
    # Runs of one step are not looked at, and kept where there are no others.
    if is_single.all():
        return is_marked
    is_long = is_marked.copy()
    is_long[runs[is_single, 0]] = False
    return standing_out(values, is_long, others.max(), parameters.smallest_drop)
