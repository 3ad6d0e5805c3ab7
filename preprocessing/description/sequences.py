"""Short whole series, a few of each label drawn over one another."""

import html
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go

from evaluation.decimation import kept_points
from evaluation.page.document import VALUE_COLOUR
from preprocessing.description.figures import laid_out, stacked
from preprocessing.description.sampling import spread_positions
from trainer.schema import SPLITS, Schema

__all__ = ["Group", "pick_groups", "sequence_figure"]

SEQUENCES_SHOWN = 12
POINTS_A_SEQUENCE = 500
NAMES = {-1: "unlabelled", 0: "normal", 1: "anomalous"}
COLOURS = {-1: "#888888", 0: VALUE_COLOUR, 1: "#D55E00"}


class Group(NamedTuple):
    """A few sequences of one label and one split.

    Attributes:
        label: 0, 1, -1 unknown.
        split: they come from.
        values: `[time, feature]` of each.
    """

    label: int
    split: str
    values: list[np.ndarray]


def pick_groups(
    read: Callable[[str], Sequence[Any]], splits: Iterable[str] = SPLITS
) -> list[Group]:
    """Takes each label from the first split that has it, spread evenly.

    Args:
        read: split to its `trainer.runs.Run`s.
        splits: all of them; an iterator may show progress.
    """
    groups: dict[int, Group] = {}
    for split in splits:
        for label, runs in _by_label(read(split)).items():
            if label not in groups:
                chosen = spread_positions(len(runs), SEQUENCES_SHOWN)
                values = [runs[position].values for position in chosen]
                groups[label] = Group(label, split, values)
    return [groups[label] for label in sorted(groups)]


def _by_label(runs: Sequence[Any]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for run in runs:
        label = -1 if run.sequence_label is None else run.sequence_label
        found.setdefault(label, []).append(run)
    return found


def sequence_figure(
    groups: Sequence[Group], columns: Sequence[int], schema: Schema
) -> go.Figure:
    """Draws the sequences of all groups, a row of plots a column.

    Args:
        groups: from `pick_groups`.
        columns: positions of the columns to draw.
        schema: names them.
    """
    names = [schema.features[column].name for column in columns]
    figure = stacked(names)
    for group in groups:
        name = f"{len(group.values)} {NAMES[group.label]}, from {group.split}"
        for row, column in enumerate(columns, 1):
            steps, values = _laid_over(group.values, column)
            line = go.Scatter(
                x=steps,
                y=values,
                mode="lines",
                line={"color": COLOURS[group.label], "width": 1},
                opacity=0.6,
                name=html.escape(name),
                legendgroup=str(group.label),
                showlegend=row == 1,
            )
            figure.add_trace(line, row, 1)
    laid_out(figure, len(names), "step")
    return figure


def _laid_over(
    values: Sequence[np.ndarray], column: int
) -> tuple[np.ndarray, np.ndarray]:
    """Positions and values of sequences, parted by NaN."""
    steps, cells = [], []
    for rows in values:
        kept = kept_points(rows[:, column], POINTS_A_SEQUENCE)
        steps += [kept, kept[-1:]]
        cells += [rows[kept, column], [np.nan]]
    return np.concatenate(steps), np.concatenate(cells)
