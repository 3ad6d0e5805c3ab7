"""All that a report tells, before it is put into any form."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from evaluation.baselines import EXPLAINED_VARIANCE, RANDOM
from evaluation.drift import SplitScores
from evaluation.figures import PARAMETERS
from evaluation.groups import Group, groups_of, mean_and_spread
from evaluation.measuring import Measured
from evaluation.models import Model, view_name
from evaluation.notable_events import (
    NotableEvent,
    SeriesScores,
    notable_events,
    strangest,
)
from evaluation.scored_runs import score_runs
from evaluation.splits import Data, read_split
from evaluation.tables import GroupFigures
from inference.results import StepScores, joined
from trainer.runs import Run
from trainer.schema import SPLITS
from trainer.thresholds.quantile import QuantileSettings

__all__ = ["Findings", "find"]

NUM_EVENTS = 12
# Scores of other splits are looked at, not counted: some rows will do.
ROWS_A_SPLIT = 20_000


@dataclasses.dataclass(frozen=True)
class Findings:
    """All that a report tells.

    Attributes:
        models: in the order of the tables.
        data: what was measured.
        measured: the figures.
        groups: rows of the tables.
        parameters: what the figures depend on.
        events: view's name to what a person should look at; the first view
            of each model.
        splits: view's name to split to its scores; the same views.
    """

    models: Sequence[Model]
    data: Data
    measured: Measured
    groups: list[Group]
    parameters: dict[str, Any]
    events: dict[str, list[NotableEvent]]
    splits: dict[str, dict[str, SplitScores]]

    @property
    def title(self) -> str:
        """Which models."""
        return " and ".join(model.name for model in self.models)

    @property
    def views(self) -> list[str]:
        """Names of all views of all models."""
        return list(self.measured.scored[0].views)

    @property
    def sample(self) -> str:
        """What is counted, "step" or "sequence"."""
        return "step" if self.measured.subjects[0].has_order else "sequence"

    @property
    def num_labelled(self) -> int:
        """Samples labelled 0 or 1."""
        return int((self.measured.labels != -1).sum())

    @property
    def has_labels(self) -> bool:
        """Whether any anomaly is labelled: what needs none is told anyway."""
        return bool((self.measured.labels == 1).any())

    @property
    def has_times(self) -> bool:
        """Whether alarms can be counted by the day."""
        name = self.groups[0].members[0]
        figures = self.measured.overall[name]
        return not math.isnan(figures.get("alarms_per_day", math.nan))

    @property
    def first_view(self) -> str:
        """The view that series are ordered by, the first of the first model."""
        return self.groups[0].name

    def figures_of_groups(self, pooled: bool = False) -> list[GroupFigures]:
        """The figures of each row of the tables.

        Args:
            pooled: of all steps as one heap, and not the means over series.
        """
        table = self.measured.pooled if pooled else self.measured.overall
        return [
            GroupFigures(
                group.name,
                *mean_and_spread([table[name] for name in group.members]),
                len(group.members),
            )
            for group in self.groups
        ]

    def series_by_figure(self, name: str, figure: str) -> list[int]:
        """Positions of the series in which a figure is defined, rising."""
        values = [
            each.figures[name].get(figure, math.nan)
            for each in self.measured.rated
        ]
        defined = [i for i, value in enumerate(values) if not math.isnan(value)]
        return sorted(defined, key=values.__getitem__)


def find(
    models: Sequence[Model],
    data: Data,
    measured: Measured,
    parameters: Mapping[str, Any],
) -> Findings:
    """Gathers what the report tells beside the figures.

    Args:
        models: that were measured.
        data: what was measured.
        measured: the figures.
        parameters: what the figures depend on, as it was asked for.
    """
    return Findings(
        models=models,
        data=data,
        measured=measured,
        groups=groups_of(models, list(measured.overall)),
        parameters={
            **parameters,
            **PARAMETERS,
            "baseline_random_seeds": list(range(len(RANDOM))),
            "baseline_explained_variance": EXPLAINED_VARIANCE,
            "baseline_threshold_quantile": QuantileSettings().quantile,
        },
        events={
            _first_view(model, models): _events(model, models, measured)
            for model in models
        },
        splits=_splits(models, data, measured),
    )


def _first_view(model: Model, models: Sequence[Model]) -> str:
    return view_name(model, model.detector.views[0], len(models))


def _events(
    model: Model, models: Sequence[Model], measured: Measured
) -> list[NotableEvent]:
    detector = model.detector
    view = _first_view(model, models)
    found = []
    for run in measured.scored:
        scores = run.views[view]
        series = SeriesScores(
            run.series_id,
            run.start,
            scores.score,
            scores.threshold,
            scores.is_anomaly,
            scores.contribution,
            run.labels,
            run.timestamps,
        )
        found += notable_events(
            series, detector.scored_names, detector.window_length, NUM_EVENTS
        )
    return strangest(found, NUM_EVENTS)


def _splits(
    models: Sequence[Model], data: Data, measured: Measured
) -> dict[str, dict[str, SplitScores]]:
    """The scores of some rows of each split, in the first view."""
    found: dict[str, dict[str, SplitScores]] = {
        _first_view(model, models): {} for model in models
    }
    for split in SPLITS:
        is_measured = split == data.split
        runs = [] if is_measured else _some_rows(data, split, models)
        for model in models:
            name, view = _first_view(model, models), model.detector.views[0]
            if is_measured:
                views = [run.views[name] for run in measured.scored]
            else:
                text = f"scoring {split}, {model.name}"
                scored = score_runs(model.detector, runs, text)
                views = [run.views[view] for run in scored]
            if views:
                found[name][split] = _split_scores(views)
    return found


def _split_scores(views: Sequence[StepScores]) -> SplitScores:
    together = joined(views)
    return SplitScores(together.score, together.threshold, together.is_anomaly)


def _some_rows(data: Data, split: str, models: Sequence[Model]) -> list[Run]:
    """The first rows of as many runs as give few rows in all."""
    runs = read_split(data, split, is_needed=False)
    longest = max(model.detector.window_length for model in models)
    num_rows = len(runs[0].values) if data.takes_sequences and runs else 0
    num_rows = num_rows or max(
        ROWS_A_SPLIT // max(len(runs), 1), min(2 * longest, ROWS_A_SPLIT)
    )
    stride = -(-len(runs) * num_rows // ROWS_A_SPLIT)
    return [_first_rows(run, num_rows) for run in runs[:: max(stride, 1)]]


def _first_rows(run: Run, num_rows: int) -> Run:
    """A copy of them: the rest need not stay in memory."""

    def first(rows: np.ndarray | None) -> np.ndarray | None:
        return None if rows is None else rows[:num_rows].copy()

    return run._replace(
        values=first(run.values),
        labels=first(run.labels),
        timestamps=first(run.timestamps),
    )
