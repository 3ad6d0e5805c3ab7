"""Lines of a wide table to arrays, fast, with pyarrow."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from preprocessing.readers.base import Block
from preprocessing.readers.text.cells import NOT_MEASURED, parse_label
from preprocessing.readers.text.pieces import count_rows
from preprocessing.readers.times.clock import Clock

__all__ = ["Layout", "Rows", "blocks_of", "parse_fast"]


@dataclasses.dataclass(frozen=True)
class Layout:
    """Where the cells of a line stand.

    Attributes:
        width: fields of a line.
        delimiter: between fields.
        values: positions of the value columns, in the data set's order.
        label: position of the labels.
        timestamp: position of the timestamps.
        series: position of the series ids.
        clock: how the timestamps are written.
        names: of all columns, for messages; () = none.
        decimal: character before the fraction of a number.
    """

    width: int
    delimiter: str
    values: tuple[int, ...]
    label: int | None = None
    timestamp: int | None = None
    series: int | None = None
    clock: Clock | None = None
    names: tuple[str, ...] = ()
    decimal: str = "."


@dataclasses.dataclass(frozen=True)
class Rows:
    """Parsed lines.

    Attributes:
        values: `[time, feature]` float64, columns contiguous.
        labels: `[time]` int8, or None.
        timestamps: `[time]` int64 microseconds, or None.
        series: ids that `codes` points into, or None.
        codes: `[time]` int, or None.
    """

    values: np.ndarray
    labels: np.ndarray | None = None
    timestamps: np.ndarray | None = None
    series: Sequence[str] | None = None
    codes: np.ndarray | None = None


def parse_fast(data: bytes, layout: Layout) -> Rows:
    """Parses lines that are all well formed.

    Args:
        data: whole lines.
        layout: what their fields mean.

    Raises:
        ValueError: some line is not well formed (not said which).
    """
    _check_bytes(data, layout)
    table = _read_table(data, layout)
    # Rows are lines: a line end between quotes would join two of them.
    if b'"' in data and table.num_rows != count_rows(data, layout.delimiter):
        raise ValueError("a line end between quotes")
    columns = np.empty((len(layout.values), table.num_rows))
    for row, position in enumerate(layout.values):
        columns[row] = table.column(str(position)).to_numpy()
    # Infinity shows in the sum: cheaper than a mask of all cells.
    if not np.isfinite(columns.sum()) and np.isinf(columns).any():
        raise ValueError("not a finite number")
    rows = Rows(columns.T)
    if layout.label is not None:
        texts, codes = _encoded(table, layout.label)
        labels = [parse_label(text, layout.decimal) for text in texts]
        rows = dataclasses.replace(
            rows, labels=np.array(labels, np.int8)[codes]
        )
    if layout.timestamp is not None and layout.clock is not None:
        times = layout.clock.times(table.column(str(layout.timestamp)))
        rows = dataclasses.replace(rows, timestamps=times)
    if layout.series is not None:
        series, codes = _encoded(table, layout.series)
        if "" in series:
            raise ValueError("no series id")
        rows = dataclasses.replace(rows, series=series, codes=codes)
    return rows


def blocks_of(rows: Rows, series_id: str) -> list[Block]:
    """One block for each series, its rows in order."""
    if not len(rows.values):
        return []
    if rows.series is None or rows.codes is None:
        return [
            Block(
                series_id,
                rows.values,
                rows.labels,
                timestamps=rows.timestamps,
            )
        ]
    order = np.argsort(rows.codes, kind="stable")
    codes = rows.codes[order]
    columns = rows.values.T
    blocks = []
    for rows_of_one in np.split(order, np.flatnonzero(np.diff(codes)) + 1):
        blocks.append(
            Block(
                rows.series[rows.codes[rows_of_one[0]]],
                columns[:, rows_of_one].T,
                None if rows.labels is None else rows.labels[rows_of_one],
                timestamps=None
                if rows.timestamps is None
                else rows.timestamps[rows_of_one],
            )
        )
    return blocks


def _encoded(table: Any, position: int) -> tuple[list[str], np.ndarray]:
    """The texts of a column, and which of them each row holds."""
    encoded = table.column(str(position)).combine_chunks()
    if hasattr(encoded, "chunk"):
        encoded = encoded.chunk(0)
    return encoded.dictionary.to_pylist(), encoded.indices.to_numpy()


def _check_bytes(data: bytes, layout: Layout) -> None:
    """Refuses what pyarrow would take and the reading by lines would not."""
    if b'"' in data and data.count(b'"') % 2:
        raise ValueError("a quote that is not closed")
    if len(layout.values) == layout.width:
        # All cells are numbers, which hold neither.
        return
    if not data.isascii():
        data.decode()
    if b"\0" in data:
        raise ValueError("a NUL byte")
    is_whole = layout.clock is not None and layout.clock.unit == "ns"
    if is_whole and (b"0x" in data or b"0X" in data):
        raise ValueError("a hexadecimal number")


def _read_table(data: bytes, layout: Layout) -> Any:
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    kinds = {str(position): pa.float64() for position in layout.values}
    if layout.label is not None:
        kinds[str(layout.label)] = pa.dictionary(pa.int32(), pa.string())
    if layout.timestamp is not None and layout.clock is not None:
        kinds[str(layout.timestamp)] = layout.clock.arrow_type()
    if layout.series is not None:
        kinds[str(layout.series)] = pa.dictionary(pa.int32(), pa.string())
    spellings = {
        spelling
        for text in NOT_MEASURED
        for spelling in (text, text.upper(), text.capitalize(), text[:1])
        if spelling.lower() in NOT_MEASURED
    } | {"NaN", "-NaN", "<NA>"}
    return arrow_csv.read_csv(
        pa.BufferReader(data),
        read_options=arrow_csv.ReadOptions(
            use_threads=False,
            block_size=len(data) + 1,
            column_names=[str(position) for position in range(layout.width)],
        ),
        parse_options=arrow_csv.ParseOptions(delimiter=layout.delimiter),
        convert_options=arrow_csv.ConvertOptions(
            column_types=kinds,
            include_columns=list(kinds),
            decimal_point=layout.decimal,
            null_values=sorted(spellings),
        ),
    )
