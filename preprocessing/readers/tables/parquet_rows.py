"""Batches of typed columns to blocks: what is refused, and why."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from preprocessing.readers.base import BadRow, Block, Source
from preprocessing.readers.layouts.arrays import refuse_infinite
from preprocessing.readers.tables.parquet_times import column_times
from preprocessing.readers.tables.refusals import Refusals
from preprocessing.readers.tables.table import Layout, Rows, blocks_of
from preprocessing.readers.times.ordering import SeriesOrder

__all__ = ["RowBuilder"]


class RowBuilder:
    """Takes the batches of one file in order.

    Attributes:
        positions: of the columns that a batch must hold.
        num_rows: rows taken, refused ones too.
    """

    def __init__(
        self, source: Source, layout: Layout, order: SeriesOrder
    ) -> None:
        """Starts before the first batch.

        Args:
            source: the file.
            layout: what its columns mean.
            order: takes the times.
        """
        special = (layout.label, layout.timestamp, layout.series)
        self.positions = sorted(
            {*layout.values, *(each for each in special if each is not None)}
        )
        self.num_rows = 0
        self._source = source
        self._layout = layout
        self._order = order

    def add(self, batch: Any) -> Iterator[Block | BadRow]:
        """Yields the refused rows of a batch, then its blocks.

        Args:
            batch: pyarrow's; its columns are those of `positions`.

        Raises:
            ValueError: a column has a type that it cannot have.
        """
        reasons = Refusals(self._source.path, self.num_rows, batch)
        self.num_rows += batch.num_rows
        layout = self._layout
        series, codes = self._series(batch, reasons)
        values = self._values(batch, reasons)
        labels = self._labels(batch, reasons)
        times = self._times(batch, series, codes, reasons)
        refused = reasons.rows()
        has_id = codes >= 0
        keeps_place = has_id & (layout.timestamp is None)
        yield from reasons.bad_rows(keeps_place)
        values[refused] = np.nan
        if labels is not None:
            labels[refused] = -1
        kept = np.ones(batch.num_rows, bool)
        kept[refused] = keeps_place[refused]
        rows = Rows(
            values.T[:, kept].T,
            None if labels is None else labels[kept],
            None if times is None else times[kept],
            None if layout.series is None else series,
            None if layout.series is None else codes[kept],
        )
        yield from blocks_of(rows, self._source.name)

    def _column(self, batch: Any, position: int) -> Any:
        return batch.column(self.positions.index(position))

    def _values(self, batch: Any, reasons: Refusals) -> np.ndarray:
        """Values `[time, feature]`, columns contiguous; some not finite."""
        positions = self._layout.values
        columns = np.empty((len(positions), batch.num_rows))
        for row, position in enumerate(positions):
            columns[row] = _floats(self._column(batch, position))
        names = [self._layout.names[position] for position in positions]
        values, bad_rows = refuse_infinite(
            self._source.path, reasons.first_row, columns.T, names
        )
        for bad_row in bad_rows:
            reasons.add(bad_row.line - 1 - reasons.first_row, bad_row.reason)
        return values

    def _labels(self, batch: Any, reasons: Refusals) -> np.ndarray | None:
        position = self._layout.label
        if position is None:
            return None
        column = self._column(batch, position)
        try:
            labels = _floats(column)
        except (ValueError, NotImplementedError) as error:
            name = self._layout.names[position]
            raise ValueError(
                "Labels must be numbers or true and false. Received: "
                f"label_column={name} of {column.type} in "
                f"`{self._source.path}`. Name another column."
            ) from error
        is_wrong = ~(np.isnan(labels) | np.isin(labels, (0.0, 1.0)))
        for row in np.flatnonzero(is_wrong).tolist():
            reasons.add(row, f"a label is 0, 1 or empty: '{labels[row]:g}'")
        is_known = ~(np.isnan(labels) | is_wrong)
        return np.where(is_known, labels, -1.0).astype(np.int8)

    def _series(
        self, batch: Any, reasons: Refusals
    ) -> tuple[list[str], np.ndarray]:
        """Ids and the id of each row; -1 = none."""
        position = self._layout.series
        if position is None:
            return [self._source.name], np.zeros(batch.num_rows, np.int64)
        import pyarrow as pa
        from pyarrow import types

        column = self._column(batch, position)
        if not types.is_dictionary(column.type):
            column = column.dictionary_encode()
        # A damaged file may point beyond its ids.
        column.validate(full=True)
        kind = column.type.value_type
        if not (
            types.is_string(kind)
            or types.is_large_string(kind)
            or types.is_integer(kind)
            or types.is_null(kind)
        ):
            raise ValueError(
                "Series ids must be text or whole numbers. Received: "
                f"series_column={self._layout.names[position]} of {kind} in "
                f"`{self._source.path}`. Name another column."
            )
        ids = [
            "" if i is None else str(i) for i in column.dictionary.to_pylist()
        ]
        codes = column.indices.cast(pa.int64()).fill_null(-1).to_numpy()
        codes = np.array(codes)
        if "" in ids:
            codes[np.isin(codes, [n for n, i in enumerate(ids) if not i])] = -1
        for row in np.flatnonzero(codes < 0).tolist():
            reasons.add(row, "no series id")
        return ids, codes

    def _times(
        self,
        batch: Any,
        series: list[str],
        codes: np.ndarray,
        reasons: Refusals,
    ) -> np.ndarray | None:
        """Times that go forward in each series; others are refused."""
        layout = self._layout
        if layout.timestamp is None or layout.clock is None:
            return None
        first, last, wrong = column_times(
            self._column(batch, layout.timestamp), layout.clock
        )
        for row, reason in wrong.items():
            reasons.add(row, reason)
        is_good = np.ones(batch.num_rows, bool)
        is_good[reasons.rows()] = False
        times = first.copy()
        for rows in _rows_of_each(codes, np.flatnonzero(is_good)):
            times[rows], refused = self._order.take_times(
                series[codes[rows[0]]], first[rows], last[rows]
            )
            for place, reason in refused.items():
                reasons.add(int(rows[place]), reason)
        return times


def _rows_of_each(codes: np.ndarray, rows: np.ndarray) -> list[np.ndarray]:
    """Rows of each series, in order."""
    if not len(rows):
        return []
    order = rows[np.argsort(codes[rows], kind="stable")]
    return np.split(order, np.flatnonzero(np.diff(codes[order])) + 1)


def _floats(column: Any) -> np.ndarray:
    """Numbers as float64, NaN where there is none."""
    import pyarrow as pa

    return column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
