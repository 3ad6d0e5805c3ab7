"""Tables of the columns: what they are in train, how they drift later."""

import numpy as np

from preprocessing.description.drift import Drift
from preprocessing.description.survey import Survey
from preprocessing.description.table import Table
from preprocessing.description.words import NOTHING, number, percent
from trainer.schema import Schema
from trainer.statistics.columns import ColumnStatistics

__all__ = ["column_table", "drift_table"]


def column_table(schema: Schema, survey: Survey) -> Table:
    """Role, range and moments of each column in train."""
    train = survey.splits["train"].statistics
    rows = [
        (
            feature.name,
            *_column_cells(feature.role, train, position),
            _furthest(survey, position),
        )
        for position, feature in enumerate(schema.features)
    ]
    return Table(
        "Columns, in train",
        (
            "column",
            "role",
            "minimum",
            "maximum",
            "mean",
            "std",
            "missing",
            "most drift",
        ),
        rows,
        "Drift is the Kolmogorov-Smirnov distance to train: 0 = distributed "
        "alike, 1 = nothing in common; the split that is furthest is named. "
        "“moves” = constant in train, another value there.",
    )


def _column_cells(
    role: str, train: ColumnStatistics, position: int
) -> tuple[str, ...]:
    """Role, range, moments and missing share of one column."""
    notes = [role]
    if train.is_constant[position]:
        notes.append("constant")
    elif train.is_binary[position]:
        notes.append("binary")
    count, missing = train.count[position], train.missing[position]
    numbers = (
        train.minimum[position],
        train.maximum[position],
        train.mean[position],
        np.sqrt(train.variance[position]),
    )
    return (
        ", ".join(notes),
        *(number(value) if count else NOTHING for value in numbers),
        percent(missing / max(count + missing, 1)),
    )


def _furthest(survey: Survey, position: int) -> str:
    """The split that is furthest from train, with its distance."""
    drifts = {
        name: split.drift
        for name, split in survey.splits.items()
        if split.drift is not None
        and np.isfinite(split.drift.distance[position])
    }
    moving = [
        name
        for name, drift in drifts.items()
        if drift.is_newly_moving[position]
    ]
    if moving:
        return f"moves in {moving[0]}"
    if not drifts:
        return NOTHING
    # The first of equals: test is not named where another is as far.
    name = max(drifts, key=lambda name: drifts[name].distance[position])
    distance = f"{drifts[name].distance[position]:.2f}"
    return distance if distance == "0.00" else f"{distance} {name}"


def drift_table(schema: Schema, survey: Survey) -> Table:
    """How far each split is from train, column by column."""
    others = {
        name: split.drift
        for name, split in survey.splits.items()
        if split.drift is not None and split.num_rows
    }
    rows = [
        (
            feature.name,
            *(
                cell
                for drift in others.values()
                for cell in _drift_cells(drift, position)
            ),
        )
        for position, feature in enumerate(schema.features)
    ]
    header = [f"{name} {what}" for name in others for what in ("KS", "shift")]
    return Table(
        "Drift from train",
        ("column", *header),
        rows,
        "KS: two-sample Kolmogorov-Smirnov distance, 0 to 1"
        f"{_sample_words(survey)}. Shift: of the mean, in standard "
        "deviations of train; “moves” = constant in train, another value "
        "here. Test is only looked at: nothing is learned from it, and "
        "nothing should be chosen by it.",
    )


def _drift_cells(drift: Drift, position: int) -> tuple[str, str]:
    distance = drift.distance[position]
    if drift.is_newly_moving[position]:
        shift = "moves"
    elif np.isfinite(drift.shift[position]):
        shift = f"{drift.shift[position]:+.2f}".replace("-0.00", "+0.00")
    else:
        shift = NOTHING
    return f"{distance:.2f}" if np.isfinite(distance) else NOTHING, shift


def _sample_words(survey: Survey) -> str:
    if survey.num_sample_rows >= survey.splits["train"].num_rows:
        return ""
    # The expected distance of two samples of one distribution.
    error = 0.87 * np.sqrt(2 / survey.num_sample_rows)
    return (
        f", of {survey.num_sample_rows:,} rows spread evenly over a split, good "
        f"to about {error:.2f}"
    )
