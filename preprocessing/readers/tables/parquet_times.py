"""Columns of typed times, numbers or texts to microseconds."""

from typing import Any

import numpy as np

from preprocessing.readers.tables.settings import TableSettings
from preprocessing.readers.times.clock import Clock
from preprocessing.readers.times.time_zones import local_instants
from preprocessing.readers.times.timestamps import first_clock
from preprocessing.readers.times.unix_times import (
    DAY_MICROSECONDS,
    UNIT_MICROSECONDS,
    bounded,
)

__all__ = ["column_times", "find_clock", "is_time", "times_as_texts"]

_NO_TIME = "no timestamp"


def is_time(kind: Any) -> bool:
    """True for timestamps and dates."""
    from pyarrow import types

    return types.is_timestamp(kind) or types.is_date(kind)


def times_as_texts(batch: Any) -> Any:
    """A batch whose times are texts: Python's calendar is too short."""
    import pyarrow as pa

    columns = [
        column.cast(pa.string()) if is_time(column.type) else column
        for column in batch.columns
    ]
    return pa.RecordBatch.from_arrays(columns, batch.schema.names)


def find_clock(path: str, column: Any, settings: TableSettings) -> Clock | None:
    """How numbers or texts of time are written; None = all are missing.

    Args:
        path: of the file, for messages.
        column: pyarrow's.
        settings: of the table.

    Raises:
        ValueError: they are neither, or written in an unknown way.
    """
    from pyarrow import types

    column = _plain(column)
    kind = column.type
    is_number = types.is_integer(kind) or types.is_floating(kind)
    if not (is_number or types.is_null(kind) or _is_text(kind)):
        raise ValueError(
            "Times must be timestamps, dates, numbers or text. Received: "
            f"`{path}`, timestamp_column={settings.timestamp_column} of "
            f"{kind}. Name another column."
        )
    return first_clock(
        path,
        settings.timestamp_column,
        map(str, column.drop_null().to_pylist()),
        settings.timestamp_unit,
        settings.timestamp_format if _is_text(kind) else "",
        settings.time_zone,
    )


def column_times(
    column: Any, clock: Clock
) -> tuple[np.ndarray, np.ndarray, dict[int, str]]:
    """What the times of a column may mean.

    Args:
        column: pyarrow's.
        clock: how they are written; the zone of typed times without one.

    Returns:
        `[time]` int64 microseconds first and last, 0 where there is no time,
        and the reasons of the rows that have none.
    """
    from pyarrow import types

    column = _plain(column)
    if _is_text(column.type):
        return _texts(column, clock)
    if types.is_null(column.type):
        times = np.zeros(len(column), np.int64)
        return times, times, dict.fromkeys(range(len(times)), _NO_TIME)
    is_known = column.is_valid().to_numpy(zero_copy_only=False)
    if is_time(column.type):
        times, is_good = _typed(column)
    else:
        times, is_good = _numbers(column, clock.unit)
    is_good &= bounded(times)
    times = np.where(is_known & is_good, times, 0)
    reasons = dict.fromkeys(
        np.flatnonzero(is_known & ~is_good).tolist(),
        "no time from year 1 to 9999",
    )
    reasons |= dict.fromkeys(np.flatnonzero(~is_known).tolist(), _NO_TIME)
    if not is_time(column.type) or getattr(column.type, "tz", None):
        return times, times, reasons
    first, last, exists = local_instants(times, clock.zone)
    for row in np.flatnonzero(~exists).tolist():
        reasons.setdefault(row, f"a local time that {clock.zone} skips")
    return first, last, reasons


def _plain(column: Any) -> Any:
    from pyarrow import types

    if types.is_dictionary(column.type):
        return column.cast(column.type.value_type)
    return column


def _is_text(kind: Any) -> bool:
    from pyarrow import types

    return types.is_string(kind) or types.is_large_string(kind)


def _typed(column: Any) -> tuple[np.ndarray, np.ndarray]:
    """Microseconds of timestamps and dates, and where they fit."""
    import pyarrow as pa
    from pyarrow import types

    kind = column.type
    if types.is_date32(kind):
        raw = column.cast(pa.int32()).cast(pa.int64())
        return _scaled(_filled(raw), DAY_MICROSECONDS)
    unit = "ms" if types.is_date64(kind) else kind.unit
    raw = _filled(column.cast(pa.int64()))
    if unit == "ns":
        return raw // 1000, np.ones(len(raw), bool)
    return _scaled(raw, UNIT_MICROSECONDS[unit])


def _numbers(column: Any, unit: str) -> tuple[np.ndarray, np.ndarray]:
    """Microseconds of unix numbers, and where they fit."""
    import pyarrow as pa
    from pyarrow import types

    if types.is_integer(column.type):
        raw = _filled(column.cast(pa.int64(), safe=False))
        is_good = np.ones(len(raw), bool)
        if types.is_uint64(column.type):
            is_good = raw >= 0
        if unit == "ns":
            return raw // 1000 + (raw % 1000 >= 500), is_good
        times, fits = _scaled(raw, UNIT_MICROSECONDS[unit])
        return times, is_good & fits
    raw = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
    exact = raw / 1000 if unit == "ns" else raw * float(UNIT_MICROSECONDS[unit])
    is_good = np.abs(exact) < 1e18
    return np.rint(np.where(is_good, exact, 0)).astype(np.int64), is_good


def _scaled(raw: np.ndarray, factor: int) -> tuple[np.ndarray, np.ndarray]:
    """The product, and where it does not overflow."""
    limit = np.iinfo(np.int64).max // factor
    is_good = (raw >= -limit) & (raw <= limit)
    return np.where(is_good, raw, 0) * factor, is_good


def _filled(column: Any) -> np.ndarray:
    import pyarrow.compute as pc

    return pc.fill_null(column, 0).to_numpy()


def _texts(
    column: Any, clock: Clock
) -> tuple[np.ndarray, np.ndarray, dict[int, str]]:
    """Times of texts: all at once where they are plain, else one by one."""
    import pyarrow.compute as pc

    try:
        # A hexadecimal number is a number to pyarrow alone.
        if pc.any(pc.match_substring(column, "x")).as_py():
            raise ValueError("not plain")
        times = clock.times(column.cast(clock.arrow_type()))
        return times, times, {}
    except ValueError:
        pass
    first = np.zeros(len(column), np.int64)
    last = np.zeros(len(column), np.int64)
    reasons = {}
    for row, text in enumerate(column.to_pylist()):
        try:
            first[row], last[row] = clock.moments(text or "")
        except ValueError as error:
            reasons[row] = str(error)
    return first, last, reasons
