"""The flags with which a table of text is read, by a look."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from preprocessing.readers.detection.table_look import (
    Table,
    has_decimal_comma,
    kind_of,
    look_at_lines,
)
from preprocessing.readers.detection.table_roles import guess_roles
from preprocessing.readers.tables.lines import split_fields

__all__ = ["guess_table"]

_DELIMITER_NAMES = {"\t": "tabs", " ": "blanks"}


def guess_table(
    path: str, lines: Sequence[str], given: Mapping[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    """Finds the flags of the format csv, where they are not the defaults.

    Args:
        path: the file, for messages.
        lines: its first ones, whole and not blank.
        given: flag to its value, of those that the user said.

    Returns:
        Flag to its value, and what a user should know, for one sentence.

    Raises:
        ValueError: no table of numbers, or its first line does not fit it.
    """
    delimiter = given.get("delimiter", "").replace("\\t", "\t")
    table = look_at_lines(lines, delimiter, given.get("header"))
    if given.get("header", True):
        _check_first_line(path, lines[0], table)
    options: dict[str, Any] = {}
    remarks = ["the first line names the columns"]
    if table.delimiter != ",":
        options["delimiter"] = table.delimiter.replace("\t", "\\t")
        name = _DELIMITER_NAMES.get(table.delimiter, table.delimiter)
        remarks.append(f"{name} between fields")
    if not table.has_header:
        options["header"] = False
        remarks[0] = "no line of names"
    if not _has_numbers(table):
        raise ValueError(_nothing_fits(path, table))
    roles = guess_roles(table, given)
    return options | roles.columns, [*remarks, *roles.remarks]


def _check_first_line(path: str, first_line: str, table: Table) -> None:
    """Refuses names that say nothing of the rows: a label would be lost."""
    if not table.rows:
        raise ValueError(
            f"`{path}` holds a header and no rows, so nothing says what its "
            "columns are: remove it or name other files."
        )
    try:
        names = split_fields(first_line, table.delimiter)
    except ValueError:
        return
    width = len(table.columns)
    is_named = all(kind_of(name) == "text" for name in names)
    # One field alone is a remark or a title.
    if is_named and len(names) not in (1, width):
        raise ValueError(
            "The first line must name each column once. Received: "
            f"{len(names)} names and rows of {width} fields in `{path}`. "
            "Mend that line, or say --format=csv with --header=false."
        )


def _has_numbers(table: Table) -> bool:
    """True where most cells of some column are numbers, or none is known."""
    for position in range(len(table.columns)):
        kinds = [kind_of(cell) for cell in table.cells(position)]
        if 2 * kinds.count("number") >= len(kinds):
            return True
    return False


def _nothing_fits(path: str, table: Table) -> str:
    from preprocessing.readers import READERS

    shown = table.delimiter.join(table.columns)[:80]
    has_commas = any(
        has_decimal_comma(cell) for cell in itertools.chain(*table.rows)
    )
    return (
        "`format` cannot be guessed: say --format="
        f"{'|'.join(READERS)}. Received: `{path}`, no column of numbers in "
        f"its first {len(table.rows)} rows, first line {shown!r}."
        f"{' Fractions after a comma need --decimal=,.' * has_commas}"
    )
