"""What a user may not expect of the columns that become features."""

from collections.abc import Collection, Iterator, Sequence

from preprocessing.readers.detection.column_signs import (
    LABEL_NAMES,
    MAYBE_LABEL_NAMES,
    SERIES_NAMES,
    TIME_NAMES,
    Column,
)
from preprocessing.readers.detection.table_look import has_decimal_comma
from preprocessing.readers.text.names import first_names

__all__ = ["doubts_about"]


def doubts_about(
    columns: Sequence[Column], flags: Collection[str], ignored: Sequence[str]
) -> list[str]:
    """Remarks for the user, each a part of a sentence.

    Args:
        columns: that no flag names.
        flags: whose columns are known.
        ignored: names that --ignored_columns has already.
    """
    doubts: list[str] = []
    commas: list[str] = []
    texts: list[str] = []
    for column in columns:
        doubt = _doubt(column, "timestamp_column" in flags)
        if doubt:
            doubts.append(doubt)
        elif not column.has_numbers and column.cells:
            num_commas = sum(map(has_decimal_comma, column.cells))
            is_number = 2 * num_commas > len(column.cells)
            (commas if is_number else texts).append(column.name)
        elif not column.has_numbers:
            texts.append(column.name)
    doubts += _refused_cells(columns)
    doubts += _maybe_labels(columns, "label_column" in flags, ignored)
    if commas:
        doubts.append(
            f"{first_names(commas)} has fractions after a comma: say --decimal=,"
        )
    if texts:
        doubts.append(f"no numbers: say {_ignoring(ignored, texts)}")
    return doubts


def _doubt(column: Column, has_time: bool) -> str:
    name = column.name
    if not column.has_numbers:
        return _doubt_of_text(column, has_time)
    for names, flag, what in (
        (SERIES_NAMES, "series_column", "holds numbers"),
        (TIME_NAMES, "timestamp_column", "does not rise like a time"),
    ):
        if column.plain in names:
            what = what if column.cells else "is empty in the first rows"
            return f"{name} {what} and is a feature unless you say --{flag}"
    if column.plain in LABEL_NAMES and not column.may_be_label():
        return f"{name} holds more than 0 and 1 and is a feature"
    return ""


def _doubt_of_text(column: Column, has_time: bool) -> str:
    name = column.name
    if column.is_label_in_words():
        words = first_names(sorted(set(column.cells)))
        return f"{name} holds words ({words}): write 0 and 1"
    if has_time or not column.is_like_time():
        return ""
    how = (
        ""
        if 2 * column.kinds["time"] > len(column.cells)
        else (" --timestamp_format=...")
    )
    return f"{name} looks like a time: say --timestamp_column={name}{how}"


def _refused_cells(columns: Sequence[Column]) -> Iterator[str]:
    found = [
        f"{len(column.cells) - column.kinds['number']} in {column.name}"
        for column in columns
        if column.has_numbers and column.kinds["number"] < len(column.cells)
    ]
    if found:
        yield (
            f"of the first {columns[0].num_rows} rows those will be refused "
            f"whose cells are no numbers, {first_names(found)}"
        )


def _maybe_labels(
    columns: Sequence[Column], has_label: bool, ignored: Sequence[str]
) -> Iterator[str]:
    found = [
        column.name
        for column in columns
        if column.plain in MAYBE_LABEL_NAMES and column.is_binary()
    ]
    if not found:
        return
    listed = " or ".join(found)
    if has_label:
        yield f"if {listed} is a label too, say {_ignoring(ignored, found)}"
    else:
        yield f"if {listed} is the label, say --label_column={found[0]}"


def _ignoring(ignored: Sequence[str], names: Sequence[str]) -> str:
    # The flag replaces what was guessed or said before.
    return f"--ignored_columns={','.join([*ignored, *names])}"
