"""Lines of a wide table read one by one: what is refused, and why."""

import csv
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from preprocessing.readers.base import BadRow, Source
from preprocessing.readers.tables.table import Layout, Rows
from preprocessing.readers.text.cells import (
    is_number,
    parse_label,
    parse_number,
)
from preprocessing.readers.text.encoding import has_undecodable, shown
from preprocessing.readers.text.pieces import lines_of
from preprocessing.readers.times.ordering import SeriesOrder

__all__ = ["parse_lines", "split_fields"]


class _Row(NamedTuple):
    series_id: str | None
    values: Sequence[float]
    label: int = -1
    time: int = 0


def parse_lines(
    source: Source,
    first_line: int,
    data: bytes,
    layout: Layout,
    order: SeriesOrder,
) -> tuple[Rows, list[BadRow]]:
    """Parses line by line.

    Args:
        source: the file.
        first_line: number of the first line.
        data: whole lines.
        layout: what their fields mean.
        order: takes the times.

    Returns:
        The rows, and the lines that were refused.
    """
    rows, bad_rows = [], []
    for line, text in lines_of(first_line, data, layout.delimiter):
        series_id = source.name if layout.series is None else None
        try:
            fields = _fields(text, layout)
            if layout.series is not None:
                series_id = fields[layout.series] or None
            row = _parse_row(fields, layout, series_id, order)
        except ValueError as error:
            has_place = series_id is not None and layout.timestamp is None
            bad_rows.append(
                BadRow(source.path, line, str(error), shown(text), has_place)
            )
            if not has_place:
                continue
            row = _Row(series_id, [np.nan] * len(layout.values))
        rows.append(row)
    return _joined(rows, layout), bad_rows


def split_fields(text: str, delimiter: str) -> list[str]:
    """Splits a line as spreadsheet programs do.

    Raises:
        ValueError: it cannot be split.
    """
    if len(text) > csv.field_size_limit():
        csv.field_size_limit(len(text))
    # The second line is read only where the first one leaves a quote open.
    reader = csv.reader([text, ""], delimiter=delimiter)
    try:
        fields = next(reader)
    except csv.Error as error:
        raise ValueError(str(error)) from error
    if reader.line_num > 1:
        raise ValueError("a quote that is not closed in its line")
    return fields


def _fields(text: str, layout: Layout) -> list[str]:
    """The fields of a line; as many as the layout says."""
    if has_undecodable(text):
        raise ValueError("bytes that are not of the encoding: see --encoding")
    if "\0" in text:
        raise ValueError("a NUL byte")
    fields = split_fields(text, layout.delimiter)
    if len(fields) != layout.width:
        raise ValueError(f"{len(fields)} fields, expected {layout.width}")
    return fields


def _parse_row(
    fields: Sequence[str],
    layout: Layout,
    series_id: str | None,
    order: SeriesOrder,
) -> _Row:
    """Parses the fields of a line; ValueError says why it is refused."""
    if series_id is None:
        raise ValueError("no series id")
    values = [
        _parsed(parse_number, fields, position, layout)
        for position in layout.values
    ]
    label = -1
    if layout.label is not None:
        label = int(_parsed(parse_label, fields, layout.label, layout))
    time = 0
    if layout.timestamp is not None and layout.clock is not None:
        moments = layout.clock.moments(fields[layout.timestamp])
        time = order.take_time(series_id, moments)
    return _Row(series_id, values, label, time)


def _joined(rows: Sequence[_Row], layout: Layout) -> Rows:
    shape = (len(rows), len(layout.values))
    cells = np.array([row.values for row in rows], np.float64, order="F")
    codes: dict[str, int] = {}
    code_of = [
        codes.setdefault(row.series_id or "", len(codes)) for row in rows
    ]
    labels = np.array([row.label for row in rows], np.int8)
    times = np.array([row.time for row in rows], np.int64)
    has_series = layout.series is not None
    return Rows(
        cells.reshape(shape, order="F"),
        None if layout.label is None else labels,
        None if layout.timestamp is None else times,
        list(codes) if has_series else None,
        np.array(code_of, np.int64) if has_series else None,
    )


def _parsed(
    parse: Callable[[str, str], float],
    fields: Sequence[str],
    position: int,
    layout: Layout,
) -> float:
    """Parses a cell; what is refused names its column."""
    text = fields[position]
    try:
        return parse(text, layout.decimal)
    except ValueError as error:
        reason = str(error)
    if layout.names:
        reason += f" in column {layout.names[position]}"
    if layout.delimiter != "," and layout.decimal == "." and "," in text:
        if is_number(text, ","):
            reason += "; if the comma is a decimal one, say --decimal=,"
    raise ValueError(reason)
