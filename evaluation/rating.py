"""Rates what detectors say of each series, on all cores."""

import concurrent.futures
import functools
import multiprocessing
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from evaluation.baselines import Baselines
from evaluation.fault_labels import contributions_of_all, faults_of_events
from evaluation.figures import Judged, sample_figures, series_figures
from evaluation.metrics.attribution import event_contributions
from evaluation.metrics.rows import largest
from evaluation.subjects import Subject
from trainer.thresholds.constant import apply

__all__ = ["Blame", "Options", "Rated", "joined_blame", "rate", "rate_all"]

# Rows times detectors: below it, starting processes takes longer.
_FEW_ROWS = 5_000_000


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
        judged: of all detectors, baselines too.
        blame: empty where nobody labelled faults.
    """

    figures: dict[str, dict[str, float]]
    judged: dict[str, Judged]
    blame: dict[str, Blame]


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
    judged = dict(subject.judged)
    contributions = dict(subject.contributions)
    for name in baselines.names:
        judged[name], contributions[name] = _of_baseline(
            subject, baselines, name
        )
    if not subject.has_order:
        figures = {
            name: sample_figures(each, subject.labels)
            for name, each in judged.items()
        }
        return Rated(figures, judged, {})
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
    return Rated(figures, judged, _blame(subject, contributions, options))


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
    num_rows = sum(len(each.labels) for each in subjects)
    if num_processes == 1 or num_rows * num_detectors < _FEW_ROWS:
        yield from map(work, subjects)
        return
    # New interpreters: a copy of this one would inherit TensorFlow's locks.
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(
        num_processes, context
    ) as processes:
        yield from processes.map(work, subjects)


def _of_baseline(
    subject: Subject, baselines: Baselines, name: str
) -> tuple[Judged, np.ndarray]:
    parts = [baselines.score(name, values, key) for key, values in subject.runs]
    if subject.has_order:
        scores = np.concatenate([score for score, _ in parts])
    else:
        scores = np.array([largest(score) for score, _ in parts])
    threshold = np.full(len(scores), baselines.thresholds[name])
    judged = Judged(scores, apply(scores, threshold), threshold)
    return judged, np.concatenate([each for _, each in parts])


def _blame(
    subject: Subject,
    contributions: Mapping[str, np.ndarray],
    options: Options,
) -> dict[str, Blame]:
    if not subject.fault_labels:
        return {}
    cases = faults_of_events(
        subject.fault_labels, subject.labels, len(options.feature_names)
    )
    names = options.scored_names, options.feature_names
    return {
        name: Blame(
            contributions_of_all(
                event_contributions(each, cases.ranges), *names
            ),
            cases.is_at_fault,
        )
        for name, each in contributions.items()
    }


def joined_blame(blames: Iterable[Blame]) -> Blame:
    """The events of many series, one after the other."""
    parts = zip(*blames, strict=True)
    return Blame(*(np.concatenate(arrays) for arrays in parts))
