"""Rows of the report: single models, the same with many seeds, baselines."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from evaluation.baselines import GROUPS
from evaluation.models import Model, view_name

__all__ = ["Group", "groups_of", "mean_and_spread"]


class Group(NamedTuple):
    """A row of the tables, with its spread where it has many members.

    Attributes:
        name: of the row.
        members: names of the detectors it is the mean of.
        is_baseline: whether nobody has learned it.
    """

    name: str
    members: tuple[str, ...]
    is_baseline: bool = False


def groups_of(models: Sequence[Model], detectors: Sequence[str]) -> list[Group]:
    """The rows: each view of each model, means over seeds, baselines.

    Args:
        models: in the order wanted.
        detectors: names of all that was rated.
    """
    rows = [
        Group(name, (name,))
        for model in models
        for name in _views(model, len(models)).values()
    ]
    rows += _seed_groups(models)
    baselines = [
        Group(name, tuple(members), is_baseline=True)
        for name, members in GROUPS.items()
    ]
    rated = set(detectors)
    return rows + [each for each in baselines if rated.issuperset(each.members)]


def mean_and_spread(
    figures: Sequence[Mapping[str, float]],
) -> tuple[dict[str, float], dict[str, float]]:
    """Mean and standard deviation (ddof 1) of each figure.

    Args:
        figures: of each seed, with the same names.

    Returns:
        Both; a figure that one seed leaves undefined is not defined. The
        spread of one seed is not defined.
    """
    names = list(figures[0])
    table = np.array([[each[name] for name in names] for each in figures])
    mean, spread = table.mean(axis=0), np.full(len(names), np.nan)
    if len(figures) > 1:
        spread = table.std(axis=0, ddof=1)
    return (
        dict(zip(names, mean.tolist(), strict=True)),
        dict(zip(names, spread.tolist(), strict=True)),
    )


def _views(model: Model, num_models: int) -> dict[str, str]:
    return {
        view: view_name(model, view, num_models)
        for view in model.detector.views
    }


def _seed_groups(models: Sequence[Model]) -> Iterator[Group]:
    """Models that differ in their seed alone, view by view."""
    alike: dict[str, list[Model]] = {}
    for model in models:
        if model.detector.settings:
            alike.setdefault(_without_seed(model), []).append(model)
    for same in alike.values():
        seeds = {model.detector.settings.get("seed") for model in same}
        if len(same) == len(seeds) > 1:
            members = [_views(model, len(models)) for model in same]
            for view in same[0].detector.views:
                yield Group(
                    f"{same[0].name} … {same[-1].name}, {view} view",
                    tuple(each[view] for each in members),
                )


def _without_seed(model: Model) -> str:
    """What made the model, but for its seed, as text to compare."""
    detector = model.detector
    settings = dict(detector.settings)
    settings.pop("seed", None)
    return json.dumps([settings, detector.schema], sort_keys=True)
