"""Lines of a wide table read one by one: what is refused, and why."""

import csv
from collections.abc import Sequence

import numpy as np

from preprocessing.readers.base import BadRow
from preprocessing.readers.tables.table import Layout, Rows
from preprocessing.readers.text.cells import parse_number
from preprocessing.readers.text.encoding import has_undecodable, shown
from preprocessing.readers.text.pieces import lines_of
from preprocessing.readers.times.ordering import forward_time

__all__ = ["parse_lines", "split_fields"]


def parse_lines(
    path: str,
    first_line: int,
    data: bytes,
    layout: Layout,
    latest: dict[str, int],
    name: str,
) -> tuple[Rows, list[BadRow]]:
    """Parses line by line.

    Args:
        path: the file.
        first_line: number of the first line.
        data: whole lines.
        layout: what their fields mean.
        latest: the last time of each series; updated.
        name: the series, where no column says it.
    """
    values, labels, timestamps, codes = [], [], [], []
    series: dict[str, int] = {}
    bad_rows = []
    for line, text in lines_of(first_line, data, layout.delimiter):
        series_id: str | None = "" if layout.series is None else None
        try:
            _check_line(text)
            fields = split_fields(text, layout.delimiter)
            if len(fields) != layout.width:
                raise ValueError(
                    f"{len(fields)} fields, expected {layout.width}"
                )
            if layout.series is not None:
                series_id = fields[layout.series] or None
                if series_id is None:
                    raise ValueError("no series id")
            row = _parse_fields(fields, layout)
            if layout.timestamp is not None and layout.clock is not None:
                moments = layout.clock.moments(fields[layout.timestamp])
                key = series_id or name
                latest[key] = forward_time(moments, latest.get(key))
                row = *row[:2], latest[key]
        except ValueError as error:
            has_place = series_id is not None and layout.timestamp is None
            bad_rows.append(
                BadRow(path, line, str(error), shown(text), has_place)
            )
            if not has_place:
                continue
            row = [np.nan] * len(layout.values), -1, 0
        values.append(row[0])
        labels.append(row[1])
        timestamps.append(row[2])
        codes.append(series.setdefault(series_id or "", len(series)))
    shape = (len(values), len(layout.values))
    rows = Rows(
        np.array(values, dtype=np.float64, order="F").reshape(shape, order="F"),
        None if layout.label is None else np.array(labels, np.int8),
        None if layout.timestamp is None else np.array(timestamps, np.int64),
        None if layout.series is None else list(series),
        None if layout.series is None else np.array(codes, np.int64),
    )
    return rows, bad_rows


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


def _check_line(text: str) -> None:
    if has_undecodable(text):
        raise ValueError("bytes that are not of the encoding: see --encoding")
    if "\0" in text:
        raise ValueError("a NUL byte")


def _parse_fields(
    fields: Sequence[str], layout: Layout
) -> tuple[list[float], int, int]:
    """Parses the fields of one line.

    Args:
        fields: its fields; as many as `layout.width`.
        layout: what they mean.

    Returns:
        values, label (-1 unknown), and 0 for the timestamp.

    Raises:
        ValueError: the reason why the line is refused.
    """
    values = [
        _number_at(fields, position, layout) for position in layout.values
    ]
    label = -1.0
    if layout.label is not None:
        label = _number_at(fields, layout.label, layout)
        label = -1.0 if np.isnan(label) else label
        if label not in (-1.0, 0.0, 1.0):
            raise ValueError(
                f"a label is 0, 1 or empty: {fields[layout.label][:80]!r}"
            )
    return values, int(label), 0


def _number_at(fields: Sequence[str], position: int, layout: Layout) -> float:
    try:
        return parse_number(fields[position])
    except ValueError as error:
        if not layout.names:
            raise
        name = layout.names[position]
        raise ValueError(f"{error} in column {name}") from error
