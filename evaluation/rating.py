"""Rates what detectors say of each series, on all cores."""

import concurrent.futures
import functools
import multiprocessing
import os
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from evaluation.baselines import Baselines
from evaluation.fault_labels import (
    FaultCases,
    contributions_of_all,
    faults_of_events,
)
from evaluation.figures import Judged, sample_figures, series_figures
from evaluation.metrics.attribution import event_contributions
from evaluation.metrics.rows import largest
from evaluation.subjects import Subject
from trainer.thresholds.constant import apply

__all__ = ["Blame", "Options", "Rated", "joined_blame", "rate", "rate_all"]

# Rows times detectors: below it, starting processes takes longer.
_FEW_ROWS = 5_000_000
# However short a series is, its figures take as long as these rows.
_ROWS_A_SERIES = 5_000


class Blame(NamedTuple):
    """What a detector blames each labelled event on.

    Attributes:
        contributions: `[event, feature]`, NaN for features it cannot name.
        is_at_fault: `[event, feature]` bool, what the labels say.
    """

    contributions: np.ndarray
    is_at_fault: np.ndarray


class Rated(NamedTuple):
    """All about one subject; detector's name to each.

    Attributes:
        figures: name of a figure to its value.
        judged: of the baselines.
        blame: empty where nobody labelled faults.
        num_unused_faults: fault labels without any step labelled anomalous.
    """

    figures: dict[str, dict[str, float]]
    judged: dict[str, Judged]
    blame: dict[str, Blame]
    num_unused_faults: int = 0


class Options(NamedTuple):
    """What ratings depend on, beside the data.

    Attributes:
        buffer_length: of VUS, in rows.
        seconds_per_row: time between two rows, NaN where unknown.
        feature_names: of the data set's columns, in order.
        scored_names: of the columns of contributions.
    """

    buffer_length: int
    seconds_per_row: float
    feature_names: Sequence[str]
    scored_names: Sequence[str]


def rate(subject: Subject, baselines: Baselines, options: Options) -> Rated:
    """Rates all models and baselines on one subject."""
    of_baselines = {
        name: _judged(subject, baselines, name) for name in baselines.names
    }
    judged = dict(subject.judged) | of_baselines
    if not subject.has_order:
        figures = {
            name: sample_figures(each, subject.labels)
            for name, each in judged.items()
        }
        return Rated(figures, of_baselines, {})
    figures = {
        name: series_figures(
            each,
            subject.labels,
            options.buffer_length,
            options.seconds_per_row,
            subject.timestamps,
        )
        for name, each in judged.items()
    }
    if not subject.fault_labels:
        return Rated(figures, of_baselines, {})
    cases = faults_of_events(
        subject.fault_labels, subject.labels, len(options.feature_names)
    )
    blame = {
        name: _blame(each, cases, options)
        for name, each in _contributions(subject, baselines)
    }
    return Rated(figures, of_baselines, blame, cases.num_unused)


def rate_all(
    subjects: Sequence[Subject],
    baselines: Baselines,
    options: Options,
    num_processes: int = 0,
) -> Iterator[Rated]:
    """Rates subjects in order, many at a time where that is worth it.

    Args:
        subjects: at least one.
        baselines: rated beside the models.
        options: of the figures.
        num_processes: at most; 0 = one for each core.
    """
    work = functools.partial(rate, baselines=baselines, options=options)
    num_processes = num_processes or len(os.sched_getaffinity(0))
    num_processes = min(num_processes, len(subjects))
    num_detectors = len(subjects[0].judged) + len(baselines.names)
    num_rows = sum(len(each.labels) + _ROWS_A_SERIES for each in subjects)
    if num_processes == 1 or num_rows * num_detectors < _FEW_ROWS:
        yield from map(work, subjects)
        return
    # New interpreters: a copy of this one would inherit TensorFlow's locks.
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(
        num_processes, context
    ) as processes:
        chunk = max(1, len(subjects) // (8 * num_processes))
        yield from processes.map(work, subjects, chunksize=chunk)


def _judged(subject: Subject, baselines: Baselines, name: str) -> Judged:
    parts = [
        baselines.scores_alone(name, values, key)
        for key, values in subject.runs
    ]
    if subject.has_order:
        scores = np.concatenate(parts)
    else:
        scores = np.array([largest(score) for score in parts])
    threshold = np.full(len(scores), baselines.thresholds[name])
    return Judged(scores, apply(scores, threshold), threshold)


def _contributions(
    subject: Subject, baselines: Baselines
) -> Iterator[tuple[str, np.ndarray]]:
    """Detector and its `[step, scored feature]`, one at a time: many."""
    yield from subject.contributions.items()
    for name in baselines.names:
        yield (
            name,
            np.concatenate(
                [
                    baselines.score(name, values, key)[1]
                    for key, values in subject.runs
                ]
            ),
        )


def _blame(
    contributions: np.ndarray, cases: FaultCases, options: Options
) -> Blame:
    of_scored = event_contributions(contributions, cases.ranges)
    of_all = contributions_of_all(
        of_scored, options.scored_names, options.feature_names
    )
    return Blame(of_all, cases.is_at_fault)


def joined_blame(blames: Iterable[Blame]) -> Blame:
    """The events of many series, one after the other."""
    parts = zip(*blames, strict=True)
    return Blame(*(np.concatenate(arrays) for arrays in parts))
