"""Reads a split, has it scored and rated, and puts the figures together."""

import dataclasses
import itertools
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from evaluation.baselines import Baselines, fit_baselines
from evaluation.fault_labels import FaultLabel
from evaluation.figures import Judged, sample_figures
from evaluation.metrics.attribution import attribution_metrics
from evaluation.models import Model, view_name
from evaluation.overall import overall
from evaluation.progress import tracked
from evaluation.rating import Options, Rated, joined_blame, rate_all
from evaluation.scored_run import ScoredRun, joined_runs
from evaluation.scored_runs import score_runs, step_labels
from evaluation.splits import Data, calibration_runs, read_split
from evaluation.subjects import (
    Subject,
    named_values,
    subject_of_sequences,
    subject_of_series,
)
from trainer.runs import Run

__all__ = [
    "Measured",
    "measure",
]


@dataclasses.dataclass(frozen=True)
class Measured:
    """What models and baselines do on a split.

    Attributes:
        subjects: the series, or all sequences as one.
        rated: of each subject, in order.
        overall: detector's name to its figures over all series.
        pooled: detector's name to figures of all steps as one heap.
        scored: the series with the scores of all models; of labelled
            sequences, each one.
        labels: `[sample]` of all subjects together.
        calibration_split: that gave the baselines their thresholds; "" =
            none had rows of these series.
    """

    subjects: list[Subject]
    rated: list[Rated]
    overall: dict[str, dict[str, float]]
    pooled: dict[str, dict[str, float]]
    scored: list[ScoredRun]
    labels: np.ndarray
    calibration_split: str

    @property
    def num_unused_faults(self) -> int:
        """Fault labels without any step labelled anomalous."""
        return sum(each.num_unused_faults for each in self.rated)

    def judged(self, name: str) -> Judged:
        """What a detector says of all subjects together."""
        pairs = zip(self.subjects, self.rated, strict=True)
        parts = [
            (subject.judged | rated.judged)[name] for subject, rated in pairs
        ]
        return Judged(*map(np.concatenate, zip(*parts, strict=True)))


def measure(
    models: Sequence[Model],
    data: Data,
    runs: Sequence[Run],
    fault_labels: Mapping[str, Sequence[FaultLabel]],
    buffer_length: int,
    num_processes: int = 0,
) -> Measured:
    """Measures models on one split, beside the baselines.

    Args:
        models: at least one; all score the same columns alike.
        data: what is measured.
        runs: of its split.
        fault_labels: series id to which features were at fault, and when.
        buffer_length: of VUS, in rows.
        num_processes: for the figures; 0 = one for each core.
    """
    scored = _scored_by_all(models, runs)
    detector = models[0].detector
    if detector.takes_sequences:
        subjects = [subject_of_sequences(scored)]
    else:
        runs_of = _by_series(scored)
        scored = [joined_runs(each) for each in runs_of.values()]
        subjects = [
            subject_of_series(series, runs_of[series.series_id], fault_labels)
            for series in scored
        ]
    options = Options(
        buffer_length,
        data.schema.sampling_period_seconds or float("nan"),
        detector.feature_names,
        detector.scored_names,
    )
    split, calibration = calibration_runs(data)
    baselines = _baselines(data, calibration)
    rated = list(
        tracked(
            rate_all(subjects, baselines, options, num_processes),
            "measuring",
            len(subjects),
        )
    )
    return _summed(subjects, rated, scored, split)


def _summed(
    subjects: list[Subject],
    rated: list[Rated],
    scored: list[ScoredRun],
    calibration_split: str,
) -> Measured:
    names = list(rated[0].figures)
    together = {
        name: overall(each.figures[name] for each in rated) for name in names
    }
    blamed = [each.blame for each in rated if each.blame]
    for name in names if blamed else ():
        joined = joined_blame(each[name] for each in blamed)
        together[name] |= dataclasses.asdict(attribution_metrics(*joined))
    labels = np.concatenate([subject.labels for subject in subjects])
    measured = Measured(
        subjects, rated, together, {}, scored, labels, calibration_split
    )
    heaps = {
        name: sample_figures(measured.judged(name), labels) for name in names
    }
    return dataclasses.replace(measured, pooled=heaps)


def _scored_by_all(
    models: Sequence[Model], runs: Sequence[Run]
) -> list[ScoredRun]:
    """The runs with the views of all models, under names of their own."""
    scored: list[ScoredRun] = []
    for model in models:
        text = f"scoring {model.name}"
        of_model = score_runs(model.detector, runs, text)
        named = [
            run._replace(
                views={
                    view_name(model, view, len(models)): each
                    for view, each in run.views.items()
                }
            )
            for run in of_model
        ]
        if not scored:
            scored = named
            continue
        scored = [
            run._replace(views=run.views | other.views)
            for run, other in zip(scored, named, strict=True)
        ]
    return scored


def _by_series(runs: Iterable[ScoredRun]) -> dict[str, list[ScoredRun]]:
    grouped = itertools.groupby(runs, key=lambda run: run.series_id)
    return {series_id: list(group) for series_id, group in grouped}


def _baselines(data: Data, calibration: Sequence[Run]) -> Baselines:
    """Baselines that know what the models know: train, and a threshold."""
    train = read_split(data, "train", is_needed=False)
    fitted = fit_baselines(data.schema, [run.values for run in train])
    named = named_values(calibration)
    return fitted.with_thresholds(
        (
            (key, values, step_labels(run))
            for (key, values), run in zip(named, calibration, strict=True)
        ),
        is_by_run=data.takes_sequences,
    )
