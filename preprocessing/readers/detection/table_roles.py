"""Which columns of a table hold times, labels and series ids, by a look."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from preprocessing.readers.detection.column_doubts import doubts_about
from preprocessing.readers.detection.column_signs import (
    LABEL_NAMES,
    SERIES_NAMES,
    TIME_NAMES,
    Column,
    columns_of,
)
from preprocessing.readers.detection.table_look import Table
from preprocessing.readers.tables.columns import column_position

__all__ = ["guess_roles"]


@dataclasses.dataclass(frozen=True)
class Roles:
    """What was found.

    Attributes:
        columns: flag to the column, or the columns, that it names.
        remarks: what a user should know, for one sentence.
    """

    columns: dict[str, Any]
    remarks: tuple[str, ...]


def guess_roles(table: Table, given: Mapping[str, Any]) -> Roles:
    """Finds the columns that are no features; of two candidates none.

    Args:
        table: its first rows.
        given: flag to its value, of those that the user said.
    """
    said = _said(table.columns, given)
    free = [
        column
        for position, column in enumerate(columns_of(table))
        if position not in said
    ]
    found: dict[str, Any] = {}
    remarks: list[str] = []
    for flag, candidates in (
        ("series_column", _series(free)),
        ("timestamp_column", _times(free)),
        ("label_column", _labels(free)),
    ):
        if given.get(flag) or not candidates:
            continue
        if flag == "label_column" and given.get("label_ranges"):
            continue
        free = [column for column in free if column not in candidates]
        remarks.append(_remark(flag, candidates))
        if len(candidates) == 1:
            found[flag] = candidates[0].name
    ignored, remark = _left_out(free, given)
    remarks += remark
    if ignored and not given.get("ignored_columns"):
        found["ignored_columns"] = ignored
    free = [column for column in free if column.name not in ignored]
    flags = {"label_column"} if given.get("label_ranges") else set()
    flags |= {*given, *found}
    ignored = (*given.get("ignored_columns", ()), *ignored)
    remarks += doubts_about(free, flags, ignored)
    return Roles(found, (*remarks, *_doubt_of_header(table)))


def _said(titles: Sequence[str], given: Mapping[str, Any]) -> set[int]:
    """Positions of the columns that the user's flags name."""
    names = [
        given[flag]
        for flag in ("series_column", "timestamp_column", "label_column")
        if given.get(flag)
    ]
    found = set()
    for name in (*names, *given.get("ignored_columns", ())):
        try:
            found.add(column_position(name, titles, "", ""))
        except ValueError:
            # Reading says so: it knows the flag and all files.
            continue
    return found


def _series(columns: Sequence[Column]) -> list[Column]:
    return [
        column
        for column in columns
        if column.plain in SERIES_NAMES and column.is_series()
    ]


def _times(columns: Sequence[Column]) -> list[Column]:
    """Columns named like times, else those that hold dates."""
    named = [
        column
        for column in columns
        if column.plain in TIME_NAMES and column.may_be_time()
    ]
    return named or [column for column in columns if column.is_all("time")]


def _labels(columns: Sequence[Column]) -> list[Column]:
    return [
        column
        for column in columns
        if column.plain in LABEL_NAMES and column.may_be_label()
    ]


def _remark(flag: str, candidates: Sequence[Column]) -> str:
    what = flag.removesuffix("_column")
    names = [column.name for column in candidates]
    if len(names) > 1:
        return (
            f"{what} may be in {' or '.join(names)}, so none is taken: "
            f"say --{flag}"
        )
    (column,) = candidates
    empty = (
        ""
        if column.cells
        else (f", whose first {column.num_rows} cells are empty")
    )
    return f"{what} in {column.name}{empty}"


def _left_out(
    columns: Sequence[Column], given: Mapping[str, Any]
) -> tuple[tuple[str, ...], list[str]]:
    """Columns that are no features whatever they hold, and what to say."""
    index = [column for column in columns if column.is_index()]
    # Ranges say the labels: a column of them is a second answer.
    labels = _labels(columns) if given.get("label_ranges") else []
    names = tuple(column.name for column in (*index, *labels))
    said = given.get("ignored_columns", ())
    if names and said:
        listed = ",".join([*said, *names])
        return names, [f"row numbers or labels: say --ignored_columns={listed}"]
    titles = [column.title or "a column without a name" for column in index]
    remarks = [f"left out as row numbers: {title}" for title in titles]
    remarks += [
        f"left out as --label_ranges says the labels: {column.name}"
        for column in labels
    ]
    return names, remarks


def _doubt_of_header(table: Table) -> list[str]:
    first = list(table.rows[0]) if table.rows else []
    counted = [str(position) for position in range(len(first))]
    if not table.has_header and len(first) > 1 and first == counted:
        return ["the first row counts the columns: is it a header?"]
    return []
