"""The models of a report: loaded, named, and fit for the data."""

import os
from collections.abc import Sequence
from typing import NamedTuple

from inference.scoring import LoadedDetector
from trainer.schema import Schema

__all__ = ["Model", "load_models", "scoring_alike", "series_of", "view_name"]


class Model(NamedTuple):
    """A model with the name it has in the report.

    Attributes:
        name: unlike those of the other models.
        folder: where it lies.
        detector: the loaded model.
    """

    name: str
    folder: str
    detector: LoadedDetector


def load_models(folders: Sequence[str], schema: Schema) -> list[Model]:
    """Loads models and gives them names.

    Args:
        folders: of the SavedModels, all different.
        schema: of the data that they are to score.

    Raises:
        ValueError: one is no model, or scores other columns or other labels.
    """
    detectors = [LoadedDetector(folder) for folder in folders]
    for folder, detector in zip(folders, detectors, strict=True):
        _check_fit(folder, detector, schema)
    names = [detectors[0].model_id] if len(folders) == 1 else _names(folders)
    return list(map(Model, names, folders, detectors))


def scoring_alike(models: Sequence[Model], schema: Schema) -> Schema:
    """The schema of the data, with the columns scored that the models score.

    Args:
        models: of the report.
        schema: of the data.

    Raises:
        ValueError: they score different columns.
    """
    first = models[0]
    scored = first.detector.scored_names
    for model in models:
        if model.detector.scored_names != scored:
            raise ValueError(
                "`model` must name models that score the same columns. "
                f"Received: {first.name}, which scores {', '.join(scored)}, "
                f"and {model.name}, which scores "
                f"{', '.join(model.detector.scored_names)}. Make a report of "
                "each."
            )
    roles = {
        feature.name: "scored" if feature.name in scored else "covariate"
        for feature in schema.features
        if (feature.name in scored) != (feature.role == "scored")
    }
    return schema.with_roles(roles)


def view_name(model: Model, view: str, num_models: int) -> str:
    """What a view of a model is called in tables and plots."""
    return f"{view} view" if num_models == 1 else f"{model.name}, {view} view"


def series_of(models: Sequence[Model], asked: Sequence[str]) -> tuple[str, ...]:
    """Ids of the series to measure; empty = all.

    Args:
        models: of the report.
        asked: by the user; empty = those that the models learned from.

    Raises:
        ValueError: they learned from different ones, and nobody asked.
    """
    learned = {tuple(model.detector.series) for model in models}
    if asked or len(learned) == 1:
        return tuple(asked) or learned.pop()
    raise ValueError(
        "`series` must be given where models learned from different ones. "
        f"Received: {' and '.join(map(_shown, sorted(learned)))}. Name series "
        "that all of them should score."
    )


def _shown(series: Sequence[str]) -> str:
    return ",".join(series) or "all series"


def _check_fit(folder: str, detector: LoadedDetector, schema: Schema) -> None:
    if detector.feature_names != schema.feature_names:
        raise ValueError(
            f"`data` must have the columns of the model {folder}: "
            f"{', '.join(detector.feature_names)}. Received: "
            f"{', '.join(schema.feature_names)}. Name the data set that the "
            "model was trained on, or one preprocessed alike."
        )
    is_sequences = schema.label_kind == "sequence"
    if detector.takes_sequences != is_sequences:
        raise ValueError(
            f"`data` must be labelled as that of the model {folder} was, "
            f"{detector.label_kind}. Received: {schema.label_kind}. Name the "
            "data set that the model was trained on."
        )


def _names(folders: Sequence[str]) -> list[str]:
    """The part of each path in which they differ, without "model"."""
    paths = [os.path.normpath(folder).split(os.sep) for folder in folders]
    if all(len(path) > 1 and path[-1] == "model" for path in paths):
        paths = [path[:-1] for path in paths]
    shortest = min(map(len, paths))
    num_same = 0
    while num_same < shortest - 1 and len({p[num_same] for p in paths}) == 1:
        num_same += 1
    return [os.sep.join(path[num_same:]) for path in paths]
