"""The second pass: lines of the shown series, with fewer points."""

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from evaluation.decimation import drawn_events, kept_points
from preprocessing.description.axis import Axis, axis_of
from preprocessing.description.drift import movement
from preprocessing.description.survey import Survey, by_series
from trainer.schema import SPLITS, Schema

__all__ = ["Band", "Drawn", "draw_series", "moving_columns", "shown_series"]

COLUMNS_SHOWN = 6
# Points of all lines of a page, about 15 bytes each, and of one line.
POINTS_A_PAGE = 200_000
POINTS_A_LINE = 3_000
FEWEST_POINTS = 300
EVENTS_A_SPLIT = 100


@dataclasses.dataclass(frozen=True)
class Band:
    """One split of a drawn series: where it lies, and what is labelled.

    `marks` go from the first row of an event to the row after it, or to the
    last row of the stretch.
    """

    split: str
    start: float
    stop: float
    marks: list[tuple[float, float]]


@dataclasses.dataclass
class Drawn:
    """A series as it is drawn; grows split by split.

    Attributes:
        series_id: which series.
        columns: positions of the columns that are drawn.
        left_out: scored columns that are not.
        axis: where rows lie.
        limit: points of a line.
        bands: of the splits so far.
        lines: for each column pieces of (positions, values).
    """

    series_id: str
    columns: Sequence[int]
    left_out: Sequence[int]
    axis: Axis
    limit: int
    bands: list[Band] = dataclasses.field(default_factory=list)
    lines: list[list[tuple[np.ndarray, np.ndarray]]] = dataclasses.field(
        default_factory=list
    )


def shown_series(survey: Survey, limit: int) -> list[str]:
    """Picks series to draw: those with labelled anomalies first, by name."""

    def has_none(series_id: str) -> bool:
        parts = survey.parts_of(series_id).values()
        return not any(part.labels.anomalous for part in parts)

    return sorted(survey.series, key=has_none)[:limit]


def moving_columns(
    schema: Schema, relative: np.ndarray
) -> tuple[list[int], list[int]]:
    """Scored columns that are drawn, and those that are left out.

    Args:
        schema: of the data set.
        relative: `[feature]`, from `movement`.

    Returns:
        Positions, those that move most first; the others in stored order.
    """
    scored = list(schema.scored_columns)
    order = sorted(scored, key=lambda position: -relative[position])
    shown = order[:COLUMNS_SHOWN]
    return shown, [position for position in scored if position not in shown]


def draw_series(
    schema: Schema,
    survey: Survey,
    shown: Sequence[str],
    read: Callable[[str, Sequence[str]], Sequence[Any]],
    splits: Iterable[str] = SPLITS,
) -> list[Drawn]:
    """Reads the shown series once more, split by split.

    Args:
        schema: of the data set.
        survey: of the same.
        shown: ids of the series.
        read: split and ids to `trainer.runs.Run`s, sorted by series.
        splits: all of them; an iterator may show progress.
    """
    train = survey.splits["train"].statistics
    num_lines = 0
    drawn = {}
    for series_id in shown:
        relative = movement(survey.series[series_id], train)
        columns, left_out = moving_columns(schema, relative)
        num_lines += len(columns)
        axis = axis_of(survey.parts_of(series_id))
        drawn[series_id] = Drawn(series_id, columns, left_out, axis, 0)
    limit = POINTS_A_PAGE // max(num_lines, 1)
    limit = min(max(limit, FEWEST_POINTS), POINTS_A_LINE)
    for each in drawn.values():
        each.limit = limit
        each.lines = [[] for _ in each.columns]
    for split in splits:
        if shown and survey.splits[split].num_rows:
            _add_split(survey, drawn, split, read(split, shown))
    return list(drawn.values())


def _add_split(
    survey: Survey, drawn: dict[str, Drawn], split: str, runs: Sequence[Any]
) -> None:
    for series_id, group in by_series(runs):
        parts = survey.parts_of(series_id)
        num_rows = sum(part.num_rows for part in parts.values())
        share = parts[split].num_rows / num_rows
        _add_runs(drawn[series_id], split, group, share)


def _add_runs(
    drawn: Drawn, split: str, runs: Sequence[Any], share: float
) -> None:
    """Adds the stretches of one split, which gets its share of the points."""
    positions = np.concatenate(
        [
            drawn.axis.positions(
                split, run.start, len(run.values), run.timestamps
            )
            for run in runs
        ]
    )
    numbers = np.repeat(np.arange(len(runs)), [len(run.values) for run in runs])
    limit = max(int(drawn.limit * share), 8)
    for line, column in zip(drawn.lines, drawn.columns, strict=True):
        values = np.concatenate([run.values[:, column] for run in runs])
        line.append(_broken_line(positions, values, numbers, limit))
    drawn.bands.append(
        Band(
            split,
            float(positions[0]),
            float(positions[-1]),
            _labelled(runs, positions),
        )
    )


def _broken_line(
    positions: np.ndarray, values: np.ndarray, numbers: np.ndarray, limit: int
) -> tuple[np.ndarray, np.ndarray]:
    """A line with fewer points; NaN where a stretch ends, the last too."""
    kept = kept_points(values, limit)
    ends = np.flatnonzero(np.diff(numbers[kept], append=-1)) + 1
    positions, values = positions[kept], values[kept]
    return (
        np.insert(positions, ends, positions[ends - 1]),
        np.insert(values, ends, np.nan),
    )


def _labelled(
    runs: Sequence[Any], positions: np.ndarray
) -> list[tuple[float, float]]:
    """Marks of a `Band`."""
    found = []
    offset = 0
    for run in runs:
        size = len(run.values)
        if run.labels is not None:
            limit = max(EVENTS_A_SPLIT * size // len(positions), 1)
            for start, stop in drawn_events(run.labels == 1, limit):
                last = min(stop, size - 1)
                found.append(
                    (
                        float(positions[offset + start]),
                        float(positions[offset + last]),
                    )
                )
        offset += size
    return found
