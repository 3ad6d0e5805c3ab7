"""A file of anomalies: one line a stretch, `series,start,end`."""

import contextlib
import datetime
import re
from collections.abc import Iterator

from preprocessing.readers.labels.label_ranges import LabelRanges
from preprocessing.readers.tables.columns import column_position
from preprocessing.readers.tables.lines import split_fields
from preprocessing.readers.tables.settings import TableSettings
from preprocessing.readers.text.cells import is_number
from preprocessing.readers.text.pieces import line_chunks, lines_of
from preprocessing.readers.times.clock import Clock
from preprocessing.readers.times.timestamps import clock_of

__all__ = ["read_label_ranges"]

# Letters of a format that say more than a day.
_TIME_OF_DAY = set("HIMSfpcX")


def read_label_ranges(
    settings: TableSettings, clock: Clock | None
) -> dict[str, LabelRanges]:
    """Reads the file that `label_ranges` names.

    Args:
        settings: of the table.
        clock: how the times of the first table are written; None = not known.

    Returns:
        Series id to its stretches; "" where the file names no series.

    Raises:
        ValueError: a line is no stretch, or gives rows where there are times.
    """
    path = settings.label_ranges
    are_times = bool(settings.timestamp_column)
    found: dict[str, list[tuple[int, int]]] = {}
    for line, series_id, start, end in _lines(path):
        has_line = series_id in found
        ranges = found.setdefault(series_id, [])
        try:
            stretches = _stretches(start, end, settings, clock)
            if has_line and bool(ranges) != bool(stretches):
                raise ValueError(
                    "another line says otherwise: a series has no anomalies, "
                    "or not"
                )
            ranges += stretches
        except ValueError as error:
            raise ValueError(
                "A line of `label_ranges` must give the start and the end of "
                f"an anomaly. Received: line {line} of `{path}`, "
                f"start={start!r}, end={end!r} ({error}). Correct the line."
            ) from error
    if not found:
        raise ValueError(
            "`label_ranges` must hold lines. Received: none below the header "
            f"of `{path}`. A series without anomalies has a line with an "
            "empty start and end."
        )
    return {
        series_id: LabelRanges.closed(ranges, are_times)
        for series_id, ranges in found.items()
    }


def _stretches(
    start: str, end: str, settings: TableSettings, clock: Clock | None
) -> list[tuple[int, int]]:
    """What a line says: one stretch, its end counted in, or none."""
    if not start and not end:
        return []
    if not start or not end:
        raise ValueError("only one of start and end")
    are_times = bool(settings.timestamp_column)
    if are_times:
        first = _moments(start, settings, clock)[0]
        # The last microsecond that the end may mean.
        last = _moments(_whole_day(end, settings), settings, clock)[1]
    else:
        first, last = _row(start), _row(end)
    LabelRanges.closed([(first, last)], are_times)
    return [(first, last)]


def _lines(path: str) -> Iterator[tuple[int, str, str, str]]:
    """Line number, series id, start and end of each line."""
    header: list[str] = []
    try:
        chunks = list(line_chunks(path, has_header=False))
    except FileNotFoundError as error:
        raise ValueError(
            "`label_ranges` must be a file. Received: "
            f"{path}, which is not there. Correct the path."
        ) from error
    for first_line, data in chunks:
        for line, text in lines_of(first_line, data):
            fields = [field.strip() for field in split_fields(text, ",")]
            if not header:
                header = fields
                start = column_position("start", header, "label_ranges", path)
                end = column_position("end", header, "label_ranges", path)
                continue
            if len(fields) != len(header):
                raise ValueError(
                    "A line of `label_ranges` must have as many fields as its "
                    f"header. Received: {len(fields)} fields in line {line} "
                    f"of `{path}`, expected {len(header)}. Correct the line."
                )
            series_id = (
                fields[header.index("series")] if "series" in header else ""
            )
            if "series" in header and not series_id:
                raise ValueError(
                    "A line of `label_ranges` must name its series. Received: "
                    f"nothing in line {line} of `{path}`. Name it, or leave "
                    "the column out where there is one series."
                )
            yield line, series_id, fields[start], fields[end]


def _row(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError(
            "no row number; times need a --timestamp_column"
        ) from None


def _whole_day(text: str, settings: TableSettings) -> str:
    """The end of a day that is given without a time; else the text."""
    time_format = settings.timestamp_format
    day = None
    with contextlib.suppress(ValueError):
        if not is_number(text):
            day = datetime.date.fromisoformat(text)
    if time_format and not _TIME_OF_DAY & set(re.findall("%(.)", time_format)):
        with contextlib.suppress(ValueError):
            day = datetime.datetime.strptime(text, time_format).date()
    return text if day is None else f"{day.isoformat()}T23:59:59.999999"


def _moments(
    text: str, settings: TableSettings, clock: Clock | None
) -> tuple[int, int]:
    if clock is not None:
        try:
            return clock.moments(text)
        except ValueError:
            # Times may be written in another way than those of the table.
            pass
    found = clock_of(text, settings.timestamp_unit, "", settings.time_zone)
    if found.kind == "unix" and settings.timestamp_unit == "auto":
        raise ValueError(
            "a row number where the table has times; write it as a time"
        )
    return found.moments(text)
