"""Scores the runs of a split."""

from collections.abc import Sequence

import numpy as np

from evaluation.progress import tracked
from evaluation.scored_run import ScoredRun
from inference.results import StepScores, unscored
from inference.scoring import LoadedDetector
from trainer.runs import Run

__all__ = ["score_runs", "step_labels"]


def score_runs(
    detector: LoadedDetector, runs: Sequence[Run], text: str = "scoring"
) -> list[ScoredRun]:
    """Scores runs in all views; too short ones come out not scored.

    Args:
        detector: scores them.
        runs: of one split, at least one.
        text: of the progress bar.
    """
    if detector.takes_sequences:
        views = _views_of_sequences(detector, runs, text)
    else:
        views = [_views_of_run(detector, run) for run in tracked(runs, text)]
    return [
        ScoredRun(
            series_id=run.series_id,
            start=run.start,
            values=run.values,
            labels=step_labels(run),
            sequence_label=_known_label(run.sequence_label),
            timestamps=run.timestamps,
            views=each,
        )
        for run, each in zip(runs, views, strict=True)
    ]


def step_labels(run: Run) -> np.ndarray:
    """The label of each row, `[time]`; that of its sequence, or -1."""
    if run.labels is not None:
        return run.labels
    label = _known_label(run.sequence_label)
    return np.full(len(run.values), label, np.int8)


def _views_of_sequences(
    detector: LoadedDetector, runs: Sequence[Run], text: str
) -> list[dict[str, StepScores]]:
    views = [_unscored_views(detector, len(run.values)) for run in runs]
    fitting = [
        position
        for position, run in enumerate(runs)
        if not detector.why_not(len(run.values))
    ]
    at_once = 1024
    starts = range(0, len(fitting), at_once)
    for start in tracked(starts, text):
        positions = fitting[start : start + at_once]
        stacked = np.stack([runs[position].values for position in positions])
        scores = detector.score_sequences(stacked)
        for row, position in enumerate(positions):
            views[position] = {
                view: StepScores(*(array[row] for array in result))
                for view, result in scores.items()
            }
    return views


def _views_of_run(detector: LoadedDetector, run: Run) -> dict[str, StepScores]:
    if detector.why_not(len(run.values)):
        return _unscored_views(detector, len(run.values))
    return detector.score_views(run.values)


def _unscored_views(
    detector: LoadedDetector, num_rows: int
) -> dict[str, StepScores]:
    nothing = unscored(num_rows, len(detector.scored_names))
    return dict.fromkeys(detector.views, nothing)


def _known_label(label: int | None) -> int:
    return -1 if label is None else int(label)
