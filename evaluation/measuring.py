"""Reads a split, has it scored and rated, and puts the figures together."""

import dataclasses
import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from rich.console import Console
from rich.progress import track

from evaluation.baselines import Baselines, fit_baselines
from evaluation.fault_labels import FaultLabel
from evaluation.figures import Judged, overall, pooled
from evaluation.metrics.attribution import attribution_metrics
from evaluation.models import Model, view_name
from evaluation.rating import Options, Rated, joined_blame, rate_all
from evaluation.scored_run import ScoredRun, joined_runs
from evaluation.scored_runs import score_runs, step_labels
from evaluation.subjects import (
    Subject,
    named_values,
    subject_of_sequences,
    subject_of_series,
)
from trainer.runs import Run, read_runs
from trainer.schema import Schema

__all__ = [
    "Data",
    "Measured",
    "calibration_split",
    "first_of",
    "measure",
    "read_split",
]

NUM_NAMES_SHOWN = 5


class Data(NamedTuple):
    """A data set, and what of it is measured.

    Attributes:
        folder: that preprocessing wrote.
        schema: of the data set.
        split: name of the split.
        series: ids that were asked for; empty = all.
    """

    folder: str
    schema: Schema
    split: str
    series: tuple[str, ...]

    def check_series(self, asked: Sequence[str], runs: Sequence[Run]) -> None:
        """Raises ValueError where a series is lacking that was asked for.

        The split need not hold all that the models learned from.
        """
        missing = sorted(set(asked) - {run.series_id for run in runs})
        if missing:
            raise ValueError(
                "`series` must name series of the split. Received: "
                f"{first_of(missing)}, which {self.split} does not hold. Ids "
                "are those that `python -m inference.predict` prints."
            )


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
    """

    subjects: list[Subject]
    rated: list[Rated]
    overall: dict[str, dict[str, float]]
    pooled: dict[str, dict[str, float]]
    scored: list[ScoredRun]

    @property
    def labels(self) -> np.ndarray:
        """`[sample]` of all subjects together."""
        return np.concatenate([each.labels for each in self.subjects])

    def judged(self, name: str) -> Judged:
        """What a detector says of all subjects together."""
        parts = [each.judged[name] for each in self.rated]
        return Judged(*map(np.concatenate, zip(*parts, strict=True)))


def read_split(
    data: Data, split: str = "", is_needed: bool = True
) -> list[Run]:
    """Reads the rows of the series that are measured.

    Args:
        data: what to read.
        split: name of the split; empty = the one that is measured.
        is_needed: whether no rows are an error.

    Raises:
        ValueError: the split has no rows of them, or lacks a named one.
    """
    split = split or data.split
    runs = read_runs(data.folder, data.schema, split, data.series)
    if is_needed and not runs:
        only = f" of the series {first_of(data.series)}" if data.series else ""
        filled = [
            name for name, each in data.schema.splits.items() if each.rows
        ]
        raise ValueError(
            f"`split` must hold rows{only}. Received: split={split}. Splits "
            f"with rows of any series: {', '.join(filled) or 'none'}. Name "
            "another, or preprocess again: `python -m preprocessing.task "
            "--help` says how splits are cut."
        )
    return runs


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
    baselines = _baselines(data)
    rated = list(
        _tracked(
            rate_all(subjects, baselines, options, num_processes),
            "measuring",
            len(subjects),
        )
    )
    return _summed(subjects, rated, scored)


def calibration_split(schema: Schema) -> str:
    """The split that tells thresholds: held out, where any rows are."""
    wanted = ("tuning", "statistics", "validation", "train")
    return next(name for name in wanted if schema.splits[name].rows)


def first_of(names: Sequence[str]) -> str:
    """The first of many names, for a message."""
    more = ", ..." if len(names) > NUM_NAMES_SHOWN else ""
    return ", ".join(names[:NUM_NAMES_SHOWN]) + more


def _summed(
    subjects: list[Subject], rated: list[Rated], scored: list[ScoredRun]
) -> Measured:
    names = list(rated[0].figures)
    together = {
        name: overall(each.figures[name] for each in rated) for name in names
    }
    blamed = [each.blame for each in rated if each.blame]
    for name in names if blamed else ():
        joined = joined_blame(each[name] for each in blamed)
        together[name] |= dataclasses.asdict(attribution_metrics(*joined))
    labels = [subject.labels for subject in subjects]
    heaps = {
        name: pooled([each.judged[name] for each in rated], labels)
        for name in names
    }
    return Measured(subjects, rated, together, heaps, scored)


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


def _baselines(data: Data) -> Baselines:
    """Baselines that know what the models know: train, and a threshold."""
    train = read_split(data, "train", is_needed=False)
    fitted = fit_baselines(data.schema, [run.values for run in train])
    split = calibration_split(data.schema)
    calibration = read_split(data, split, is_needed=False)
    named = named_values(calibration)
    return fitted.with_thresholds(
        (
            (key, values, step_labels(run))
            for (key, values), run in zip(named, calibration, strict=True)
        ),
        is_by_run=data.schema.label_kind == "sequence",
    )


def _tracked(items: Iterable, text: str, total: int) -> Iterable:
    console = Console(stderr=True)
    return track(
        items, text, total, console=console, disable=not console.is_terminal
    )
