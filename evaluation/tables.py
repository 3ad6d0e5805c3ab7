"""The tables of the report, as rows of text."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from evaluation.columns import NOT_DEFINED, Column, figure_columns, text_of

__all__ = [
    "GroupFigures",
    "Table",
    "as_markdown",
    "escaped",
    "table_of_figures",
    "table_of_groups",
]


class GroupFigures(NamedTuple):
    """The figures of a row of detectors.

    Attributes:
        name: of the row.
        mean: over its members.
        spread: standard deviation over its members.
        num_members: how many.
    """

    name: str
    mean: Mapping[str, float]
    spread: Mapping[str, float]
    num_members: int


@dataclasses.dataclass(frozen=True)
class Table:
    """A table of plain texts.

    Attributes:
        title: above it.
        note: a paragraph between the two; "" = none.
        header: names of the columns.
        rows: cells, row by row.
        has_words: cells are sentences, set to the left, and not numbers.
    """

    title: str
    note: str
    header: Sequence[str]
    rows: Sequence[tuple[str, ...]]
    has_words: bool = False


def table_of_groups(
    title: str,
    note: str,
    columns: Sequence[Column],
    groups: Sequence[GroupFigures],
) -> Table:
    """A row for each group of detectors, and its spread where it has many."""
    rows = []
    for each in groups:
        rows.append((each.name, *(text_of(c, each.mean) for c in columns)))
        if each.num_members > 1:
            cells = (text_of(column, each.spread) for column in columns)
            rows.append((f"  ± of {each.num_members} seeds", *cells))
    header = ("", *(column.title for column in columns))
    return Table(title, note, header, rows)


def table_of_figures(
    title: str, note: str, groups: Sequence[GroupFigures]
) -> Table:
    """A row for each figure that is defined for any group of detectors."""
    rows = []
    for column in figure_columns(groups[0].mean):
        cells = [_with_spread(column, each) for each in groups]
        if set(cells) != {NOT_DEFINED}:
            rows.append((column.title, *cells))
    header = ("", *(each.name for each in groups))
    return Table(title, note, header, rows)


def _with_spread(column: Column, group: GroupFigures) -> str:
    cell = text_of(column, group.mean)
    if group.num_members == 1 or cell == NOT_DEFINED:
        return cell
    return f"{cell} ± {text_of(column, group.spread)}"


def as_markdown(table: Table) -> str:
    """The table in Markdown; what would be read as markup is escaped."""
    rules = ["---", *["---:"] * (len(table.header) - 1)]
    lines = [table.header, rules, *table.rows]
    return "\n".join(
        "| " + " | ".join(escaped(cell) for cell in line) + " |"
        for line in lines
    )


def escaped(text: str) -> str:
    """Text that Markdown shows as it is, on one line."""
    for mark in ("\\", "|", "<", "&", "*", "_", "`", "["):
        text = text.replace(mark, f"\\{mark}")
    return " ".join(text.split())
