"""Lines of a wide table read one by one: what is refused, and why."""

import csv
import datetime
from collections.abc import Sequence

import numpy as np

from preprocessing.readers.base import BadRow
from preprocessing.readers.table import LAST_SECOND, MICROSECONDS, Layout, Rows
from preprocessing.readers.text import lines_of, parse_number, series_name

__all__ = ["parse_lines", "split_fields", "timestamp_kind"]

_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


def parse_lines(
    path: str,
    first_line: int,
    data: bytes,
    layout: Layout,
    latest: dict[str, int],
) -> tuple[Rows, list[BadRow]]:
    """Parses line by line; updates `latest`, the last time of a series."""
    values, labels, timestamps, codes = [], [], [], []
    series: dict[str, int] = {}
    bad_rows = []
    for line, text in lines_of(first_line, data):
        series_id: str | None = "" if layout.series is None else None
        try:
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
            if layout.timestamp is not None and series_id is not None:
                _check_time(row[2], series_id or series_name(path), latest)
        except ValueError as error:
            has_place = series_id is not None and layout.timestamp is None
            bad_rows.append(BadRow(path, line, str(error), text, has_place))
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
    try:
        return next(csv.reader([text], delimiter=delimiter))
    except csv.Error as error:
        raise ValueError(str(error)) from error


def timestamp_kind(text: str) -> str:
    """Says how timestamps are written: "seconds", "zoned" or "naive".

    Raises:
        ValueError: none of them.
    """
    try:
        parse_number(text)
        return "seconds"
    except ValueError:
        pass
    try:
        moment = datetime.datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise ValueError(
            f"neither ISO 8601 nor unix seconds: {text[:80]!r}"
        ) from error
    return "naive" if moment.tzinfo is None else "zoned"


def _parse_fields(
    fields: Sequence[str], layout: Layout
) -> tuple[list[float], int, int]:
    """Parses the fields of one line.

    Args:
        fields: its fields; as many as `layout.width`.
        layout: what they mean.

    Returns:
        values, label (-1 unknown), timestamp (0 where there are none).

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
    timestamp = 0
    if layout.timestamp is not None:
        timestamp = _parse_timestamp(
            fields[layout.timestamp], layout.timestamp_kind
        )
    return values, int(label), timestamp


def _number_at(fields: Sequence[str], position: int, layout: Layout) -> float:
    try:
        return parse_number(fields[position])
    except ValueError as error:
        if not layout.names:
            raise
        name = layout.names[position]
        raise ValueError(f"{error} in column {name}") from error


def _check_time(timestamp: int, series_id: str, latest: dict[str, int]) -> None:
    before = latest.get(series_id)
    if before is not None and timestamp == before:
        raise ValueError("repeated timestamp: the first row is kept")
    if before is not None and timestamp < before:
        raise ValueError("time goes back")
    latest[series_id] = timestamp


def _parse_timestamp(text: str, kind: str) -> int:
    if timestamp_kind(text) != kind:
        raise ValueError(
            f"a timestamp written unlike the first one: {text[:80]!r}"
        )
    if kind == "seconds":
        seconds = parse_number(text)
        if not abs(seconds) < LAST_SECOND:
            raise ValueError(f"no time in unix seconds: {text[:80]!r}")
        return round(seconds * MICROSECONDS)
    moment = datetime.datetime.fromisoformat(text.strip())
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.UTC)
    return (moment - _EPOCH) // datetime.timedelta(microseconds=1)
