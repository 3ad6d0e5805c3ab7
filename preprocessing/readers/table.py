"""Lines of a wide table to arrays, fast, with pyarrow."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from preprocessing.readers.base import Block
from preprocessing.readers.text import NOT_MEASURED

__all__ = ["Layout", "Rows", "blocks_of", "parse_fast"]

MICROSECONDS = 1_000_000
# Beyond the year 10000 an int64 of microseconds is a mistake.
LAST_SECOND = 253_402_300_800


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
        timestamp_kind: "seconds", "zoned" or "naive" (read as UTC).
        names: of all columns, for messages; () = none.
    """

    width: int
    delimiter: str
    values: tuple[int, ...]
    label: int | None = None
    timestamp: int | None = None
    series: int | None = None
    timestamp_kind: str = ""
    names: tuple[str, ...] = ()


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
    table = _read_table(data, layout)
    columns = np.empty((len(layout.values), table.num_rows))
    for row, position in enumerate(layout.values):
        columns[row] = table.column(str(position)).to_numpy()
    # Infinity shows in the sum: cheaper than a mask of all cells.
    if not np.isfinite(columns.sum()) and np.isinf(columns).any():
        raise ValueError("not a finite number")
    rows = Rows(columns.T)
    if layout.label is not None:
        labels = table.column(str(layout.label)).to_numpy()
        rows = dataclasses.replace(rows, labels=_checked_labels(labels))
    if layout.timestamp is not None:
        column = table.column(str(layout.timestamp))
        rows = dataclasses.replace(
            rows, timestamps=_checked_timestamps(column, layout.timestamp_kind)
        )
    if layout.series is not None:
        encoded = table.column(str(layout.series)).combine_chunks()
        if hasattr(encoded, "chunk"):
            encoded = encoded.chunk(0)
        series = encoded.dictionary.to_pylist()
        if "" in series:
            raise ValueError("no series id")
        rows = dataclasses.replace(
            rows, series=series, codes=encoded.indices.to_numpy()
        )
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


def _checked_labels(labels: np.ndarray) -> np.ndarray:
    labels = np.where(np.isnan(labels), -1.0, labels)
    if not np.isin(labels, (-1.0, 0.0, 1.0)).all():
        raise ValueError("a label is 0, 1 or empty")
    return labels.astype(np.int8)


def _checked_timestamps(column, kind: str) -> np.ndarray:
    if column.null_count:
        raise ValueError("no timestamp")
    if kind != "seconds":
        return column.to_numpy().astype("datetime64[us]").astype(np.int64)
    seconds = column.to_numpy()
    if not (np.abs(seconds) < LAST_SECOND).all():
        raise ValueError("no time in unix seconds")
    return np.rint(seconds * MICROSECONDS).astype(np.int64)


def _read_table(data: bytes, layout: Layout):
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    kinds = {str(position): pa.float64() for position in layout.values}
    if layout.label is not None:
        kinds[str(layout.label)] = pa.float64()
    if layout.timestamp is not None:
        kinds[str(layout.timestamp)] = {
            "seconds": pa.float64(),
            "zoned": pa.timestamp("us", tz="UTC"),
            "naive": pa.timestamp("us"),
        }[layout.timestamp_kind]
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
            null_values=sorted(spellings),
        ),
    )
