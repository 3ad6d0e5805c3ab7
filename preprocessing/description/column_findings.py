"""What to look at in the columns, one sentence each."""

from collections.abc import Iterator

import numpy as np

from preprocessing.description.survey import Survey
from preprocessing.description.words import listed, percent
from trainer.schema import Schema

__all__ = ["find_in_columns"]

# Of a Kolmogorov-Smirnov distance: half of the rows lie elsewhere.
FAR_DISTANCE = 0.5
# Widths of train's range beyond that range.
FAR_EXCESS = 3.0


def find_in_columns(schema: Schema, survey: Survey) -> Iterator[str]:
    """Yields sentences on constant, missing and drifting columns.

    Args:
        schema: of the data set.
        survey: of the same.
    """
    yield from _still_findings(schema, survey)
    yield from _missing_findings(schema, survey)
    yield from _drift_findings(schema, survey)


def _still_findings(schema: Schema, survey: Survey) -> Iterator[str]:
    train = survey.splits["train"].statistics
    moving = {
        feature.name: _moving_splits(survey, position)
        for position, feature in enumerate(schema.features)
        if feature.role != "ignored"
    }
    still = [
        feature.name
        for position, feature in enumerate(schema.features)
        if train.is_constant[position] and moving.get(feature.name) == []
    ]
    if still:
        yield (
            f"Constant in every split ({len(still)}): {listed(still)}. They "
            "say nothing here; --roles=NAME=ignored leaves them out."
        )
    later = [
        f"{name} ({', '.join(found)})"
        for name, found in moving.items()
        if found
    ]
    if later:
        yield (
            f"Constant in train, moving later ({len(later)}): "
            f"{listed(later)}. A detector cannot learn what is normal there."
        )


def _missing_findings(schema: Schema, survey: Survey) -> Iterator[str]:
    total = survey.statistics
    rows = np.maximum(total.count + total.missing, 1)
    missing = [
        f"{feature.name} ({percent(share)})"
        for feature, share in zip(
            schema.features, total.missing / rows, strict=True
        )
        if share > 0.5 and feature.role != "ignored"
    ]
    if missing:
        yield (
            f"More than half not measured ({len(missing)}): {listed(missing)}."
        )


def _moving_splits(survey: Survey, position: int) -> list[str]:
    return [
        name
        for name, split in survey.splits.items()
        if split.drift is not None and split.drift.is_newly_moving[position]
    ]


def _drift_findings(schema: Schema, survey: Survey) -> Iterator[str]:
    wild = [
        f"{name} ({excess:,.3g}x in {split})"
        for excess, name, split in _furthest(
            schema, survey, "excess", FAR_EXCESS
        )
    ]
    if wild:
        yield (
            "Far outside the range of train, in widths of that range "
            f"({len(wild)}): {listed(wild)}. Faulty values, other units, or "
            "the anomalies themselves."
        )
    far = [
        f"{name} ({distance:.2f} in {split})"
        for distance, name, split in _furthest(
            schema, survey, "distance", FAR_DISTANCE
        )
    ]
    if far:
        yield (
            "Distributed unlike train, Kolmogorov-Smirnov distance "
            f"{FAR_DISTANCE:g} or more ({len(far)}): {listed(far)}. Normal "
            "rows may be flagged there."
        )


def _furthest(
    schema: Schema, survey: Survey, kind: str, limit: float
) -> list[tuple[float, str, str]]:
    """Columns beyond `limit`, each with the split that is furthest out."""
    found = []
    for position, feature in enumerate(schema.features):
        beyond = [
            (float(getattr(split.drift, kind)[position]), feature.name, name)
            for name, split in survey.splits.items()
            if split.drift is not None
            and getattr(split.drift, kind)[position] >= limit
        ]
        if beyond and feature.role != "ignored":
            found.append(max(beyond))
    return sorted(found, reverse=True)
