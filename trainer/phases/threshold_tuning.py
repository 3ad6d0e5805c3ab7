"""Phase 3: a threshold for each view, from scores and maybe labels."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from trainer.dataset import Windows
from trainer.detector import Detector
from trainer.scorers.view_scores import ViewScores, smoothed_whole
from trainer.statistics.alarm_rate import num_alarms
from trainer.tensorboard import TrainingLogs
from trainer.thresholds.constant import ConstantRule, apply
from trainer.window_pass import map_windows
from trainer.workers import Workers

__all__ = ["flags_over_time", "run", "scores_over_time", "with_breaks"]


def run(
    detector: Detector,
    windows: Windows,
    rules: Mapping[str, ConstantRule],
    advance: Callable[[int], None],
    is_jitted: bool,
    workers: Workers | None = None,
    logs: TrainingLogs | None = None,
    steps_per_day: float = float("nan"),
    given: Mapping[str, float] | None = None,
) -> dict[str, Any]:
    """Scores `windows` once, chooses and stores a threshold for each view.

    Args:
        detector: phase 2 must be done.
        windows: the scores of each one's last steps, or the largest of a
            sequence, are samples. All that follow one another, in order.
        rules: by name, in order of preference; each view takes the first
            that needs no labels, or has scored windows of both classes.
        advance: told how many windows are done.
        is_jitted: compile with XLA.
        workers: who shares the windows; each sees the scores of all.
        logs: for TensorBoard.
        steps_per_day: steps, or sequences, a day; NaN = not known.
        given: view to a threshold that no rule has to choose.

    Returns:
        The thresholds and what they rest on, for metrics.json.

    Raises:
        ValueError: phase 2 is not done, or nothing could be scored.
    """
    detector.start_phase(
        "statistics", "calculate_error_distribution_statistics"
    )

    scores = scores_over_time(detector, windows, advance, is_jitted, workers)
    given = given or {}
    thresholds, names = {}, {}
    for view in detector.views:
        in_time, labels = with_breaks(scores[view], windows)
        if view in given:
            name, details = "given", {}
            thresholds[view] = given[view]
        else:
            name = _first_usable(rules, in_time, labels)
            rule = rules[name]
            _check_adaptive(name, rule, detector)
            if rule.is_adaptive:
                stretches = _by_run(scores[view], windows)
                thresholds[view] = rule.fit_stretches(stretches)
            else:
                thresholds[view] = rule.fit(
                    in_time, labels, steps_per_day, view
                )
            details = rule.fit_details
        names[f"{view}_rule"] = name
        flags, _ = flags_over_time(
            rules.get(name), scores[view], windows, thresholds[view]
        )
        names[f"{view}_alarms_on_tuning"] = num_alarms(flags, 1)
        names |= {
            f"{view}_{detail}": value for detail, value in details.items()
        }
    detector.thresholds.assign(list(thresholds.values()))
    detector.finish_phase("tuned")
    if logs:
        logs.write_scores(scores, thresholds)
    return names | {
        f"{view}_threshold": value for view, value in thresholds.items()
    }


def flags_over_time(
    rule: ConstantRule | None,
    scores: np.ndarray,
    windows: Windows,
    threshold: float,
) -> tuple[np.ndarray, np.ndarray]:
    """What is flagged, and what could be, each stretch by itself.

    Args:
        rule: None = the threshold was given.
        scores: `[window * step]`, of the last steps of each window.
        windows: that they are of.
        threshold: of the view.

    Returns:
        Two arrays like the first of `with_breaks`, bool; a break is neither.
    """
    flags, is_judged = [], []
    for some in _by_run(scores, windows):
        of_some = apply(some, threshold), ~np.isnan(some)
        if rule:
            of_some = rule.flags(some, threshold)
        flags += [of_some[0], np.zeros(1, bool)]
        is_judged += [of_some[1], np.zeros(1, bool)]
    return np.concatenate(flags), np.concatenate(is_judged)


def _check_adaptive(name: str, rule: ConstantRule, detector: Detector) -> None:
    if rule.is_adaptive and detector.is_of_sequences:
        raise ValueError(
            f"The rule {name} follows the scores of a long series. Received: a "
            "data set of short sequences. Choose another --threshold_rule "
            "and --label_free_threshold_rule."
        )


def scores_over_time(
    detector: Detector,
    windows: Windows,
    advance: Callable[[int], None],
    is_jitted: bool,
    workers: Workers | None = None,
) -> dict[str, np.ndarray]:
    """Scores all windows as they are served: smoothed along each stretch.

    Arguments as of `run`.

    Returns:
        View name to scores `[window]` of sequences, else
        `[window * stride]`, float64, NaN where not scored.

    Raises:
        ValueError: there is no window.
    """
    if detector.is_of_sequences:
        return _of_all(
            detector.window_scores, windows, advance, is_jitted, workers
        )

    def terms_of(values):
        return {
            f"{view}/{name}": value
            for view, scores in detector.last_steps(values).items()
            for name, value in scores._asdict().items()
        }

    by_window = _of_all(terms_of, windows, advance, is_jitted, workers)
    # The steps of a window follow one another, as windows do.
    terms = {
        name: values.reshape(-1, *values.shape[2:])
        for name, values in by_window.items()
    }
    return {
        view: _smoothed(detector, view, terms, windows)
        for view in detector.views
    }


def _smoothed(
    detector: Detector,
    view: str,
    terms: Mapping[str, np.ndarray],
    windows: Windows,
) -> np.ndarray:
    fields = [
        _by_run(terms[f"{view}/{name}"], windows) for name in ViewScores._fields
    ]
    scores = []
    for run in zip(*fields, strict=True):
        batched = ViewScores(*(tf.constant(each[np.newaxis]) for each in run))
        smoothed = smoothed_whole(detector.scorer.smoothing, {view: batched})
        final = detector.scorer.combine(smoothed)[view]
        scores.append(final.score[0].numpy())
    return np.concatenate(scores)


def with_breaks(
    scores: np.ndarray, windows: Windows
) -> tuple[np.ndarray, np.ndarray]:
    """Scores and labels with an unknown step after each stretch.

    So what follows one another in the arrays does so in time.

    Args:
        scores: `[window * step]`, of the last steps of each window.
        windows: that they are of.
    """
    num_steps = len(scores) // max(len(windows), 1)
    labels_of_all = windows.labels(num_steps)
    scores_of, labels_of = [], []
    for some, labels in zip(
        _by_run(scores, windows), _by_run(labels_of_all, windows), strict=True
    ):
        scores_of += [some, np.full(1, np.nan)]
        labels_of += [labels, np.full(1, -1, labels.dtype)]
    return np.concatenate(scores_of), np.concatenate(labels_of)


def _by_run(array: np.ndarray, windows: Windows) -> list[np.ndarray]:
    each = len(array) // max(len(windows), 1)
    return np.split(array, each * (np.flatnonzero(np.diff(windows.runs)) + 1))


def _of_all(
    function: Callable,
    windows: Windows,
    advance: Callable[[int], None],
    is_jitted: bool,
    workers: Workers | None,
) -> dict[str, np.ndarray]:
    """What a function gives for all windows, by name, from all workers."""
    workers = workers or Workers()
    chunks: dict[str, list[np.ndarray]] = {}
    for found in map_windows(function, windows, advance, is_jitted, workers):
        for name, values in found.items():
            chunks.setdefault(name, []).append(values)
    mine = {name: np.concatenate(values) for name, values in chunks.items()}
    gathered = [each for each in workers.gather(mine) if each]
    if not gathered:
        raise ValueError(
            "The tuning split must hold a window. Received: none. Choose a "
            "shorter --window_length."
        )
    return {
        name: np.concatenate([each[name] for each in gathered])
        for name in gathered[0]
    }


def _first_usable(
    rules: Mapping[str, ConstantRule], scores: np.ndarray, labels: np.ndarray
) -> str:
    scored = labels[~np.isnan(scores)]
    has_both = (scored == 0).any() and (scored == 1).any()
    for name, rule in rules.items():
        if has_both or not rule.needs_labels:
            return name
    raise ValueError(
        "A rule that needs labels needs scored windows of both classes. "
        f"Received: {', '.join(rules)}; {(scored == 0).sum()} scores "
        f"labelled 0, {(scored == 1).sum()} labelled 1. Leave out "
        "--uses_labels, or tune on labelled data."
    )
