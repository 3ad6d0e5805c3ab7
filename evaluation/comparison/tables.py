"""The tables of a comparison."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

from evaluation.columns import NOT_DEFINED, Column, summary_columns, text_of
from evaluation.comparison.averages import figure_of_set
from evaluation.comparison.standings import (
    PEAK,
    SECONDS,
    Series,
    Standing,
)
from evaluation.groups import mean_and_spread
from evaluation.tables import GroupFigures, Table, table_of_groups

__all__ = [
    "FAILED",
    "parameters_table",
    "series_table",
    "set_names",
    "summary_table",
]

FAILED = "failed"
SHOWN = (
    "auc_pr",
    "f1",
    "oracle_gap",
    "alarms_per_day",
    "alarms_per_1000_steps",
)
# The last columns: seconds and memory.
NUM_COSTS = 2


def summary_table(standings: Sequence[Standing]) -> Table:
    """A row for each detector, and its spread over seeds."""
    groups = [
        GroupFigures(
            each.name, *mean_and_spread(each.figures()), len(each.members)
        )
        for each in standings
    ]
    table = table_of_groups("Comparison", "", _columns(standings), groups)
    failed = {each.name for each in standings if each.has_failed}
    rows = [
        tuple(
            FAILED if row[0] in failed and cell == NOT_DEFINED else cell
            for cell in row[:-NUM_COSTS]
        )
        + row[-NUM_COSTS:]
        for row in table.rows
    ]
    return dataclasses.replace(table, rows=rows)


def series_table(standings: Sequence[Standing]) -> Table:
    """VUS-PR of each series, the mean over seeds."""
    column = summary_columns("step", has_labels=True, has_times=False)[0]
    rows = [
        (
            series.set_name,
            series.name,
            *(_cell(column, each, series) for each in standings),
        )
        for series in standings[0].members[0]
    ]
    return Table(
        f"{column.title} of each series",
        "Means over seeds. comparison.json has all other figures.",
        ("set", "series", *(each.name for each in standings)),
        rows,
    )


def parameters_table(parameters: Mapping[str, Any]) -> Table:
    """What the figures depend on."""
    rows = [
        (name.replace("_", " "), str(value))
        for name, value in parameters.items()
    ]
    return Table("Parameters", "", ("", ""), rows, has_words=True)


def set_names(standings: Sequence[Standing]) -> list[str]:
    """The sets, in order."""
    series = standings[0].members[0]
    return list(dict.fromkeys(each.set_name for each in series))


def _columns(standings: Sequence[Standing]) -> list[Column]:
    """The main figure first, in all and for each set; then the others."""
    # Alarms go by the day where all series have times.
    figures = standings[0].figures()[0]
    has_times = not math.isnan(figures.get("alarms_per_day", math.nan))
    main, *others = summary_columns("step", True, has_times)
    of_sets = [
        Column(
            f"{main.title} {name}", figure_of_set(main.name, name), main.text
        )
        for name in set_names(standings)
    ]
    return [
        main,
        *(of_sets if len(of_sets) > 1 else ()),
        *(each for each in others if each.name in SHOWN),
        Column("seconds", SECONDS, lambda value: f"{value:,.1f}"),
        Column("peak MiB", PEAK, lambda value: f"{value:,.0f}"),
    ]


def _cell(column: Column, standing: Standing, series: Series) -> str:
    of_seeds = [each[series] for each in standing.members]
    known = [each for each in of_seeds if each is not None]
    if len(known) < len(of_seeds):
        return FAILED
    values = [each.get(column.name, math.nan) for each in known]
    return text_of(column, {column.name: sum(values) / len(values)})
