"""Wide tables as parquet files: typed columns, read a few MB at a time."""

import contextlib
import dataclasses
from collections.abc import Iterator
from typing import Any

from preprocessing.readers.base import BadRow, Block, Source
from preprocessing.readers.tables.columns import (
    Columns,
    find_columns,
    listed,
)
from preprocessing.readers.tables.parquet_rows import RowBuilder
from preprocessing.readers.tables.parquet_times import find_clock, is_time
from preprocessing.readers.tables.reader import TableReader
from preprocessing.readers.tables.settings import TableSettings
from preprocessing.readers.tables.table import Layout
from preprocessing.readers.times.clock import Clock
from preprocessing.readers.times.ordering import SeriesOrder
from trainer import storage

__all__ = ["ParquetReader", "ParquetSettings"]

# Rows of a batch hold this many bytes as float64; a row counts at least so.
_BATCH_BYTES = 1 << 22
_BUFFER_BYTES = 1 << 20


@dataclasses.dataclass(frozen=True)
class ParquetSettings(TableSettings):
    """The format parquet: typed columns; part files need a series_column.

    Files of a folder are read in the order of their paths. What only the
    names of folders say (day=1/) is not read.
    """


class ParquetReader(TableReader):
    """Reads parquet files; see `ParquetSettings`."""

    settings_class = ParquetSettings
    settings: ParquetSettings

    def columns(self, source: Source) -> Columns:
        """Finds the columns; those of values must be numbers."""
        with _opened(source.path) as file:
            schema = file.schema_arrow
            num_rows = file.metadata.num_rows
        if not num_rows or not schema.names:
            raise ValueError(
                f"`{source.path}` holds {num_rows} rows and "
                f"{len(schema.names)} columns: remove it or name other files."
            )
        found = find_columns(source.path, schema.names, self.settings, True)
        no_numbers = [
            f"{schema.names[position]} ({schema.types[position]})"
            for position in found.positions
            if not _is_number(schema.types[position])
        ]
        if no_numbers:
            raise ValueError(
                "Columns of values must be numbers. Received: `"
                f"{source.path}` with {listed(no_numbers)}. Say what they are "
                "with --timestamp_column, --series_column or --label_column, "
                "or leave them out with --ignored_columns="
                f"{','.join(name.rpartition(' (')[0] for name in no_numbers)}."
            )
        return found

    def clock(self, source: Source, columns: Columns) -> Clock | None:
        """Finds out by the first time; typed times say it themselves."""
        if columns.timestamp is None:
            return None
        name = columns.names[columns.timestamp]
        with _opened(source.path) as file:
            kind = file.schema_arrow.field(name).type
            if is_time(kind):
                has_zone = bool(getattr(kind, "tz", None))
                clock_kind = "zoned" if has_zone else "naive"
                return Clock(clock_kind, zone=self.settings.time_zone)
            for batch in file.iter_batches(
                batch_size=1000, columns=[name], use_threads=False
            ):
                clock = find_clock(source.path, batch.column(0), self.settings)
                if clock is not None:
                    return clock
        return Clock("naive", zone=self.settings.time_zone)

    def count_all(self, source: Source, layout: Layout) -> int:
        """The number of rows that the file states."""
        with _opened(source.path) as file:
            return file.metadata.num_rows

    def read_rows(
        self, source: Source, layout: Layout, order: SeriesOrder
    ) -> Iterator[Block | BadRow]:
        """Reads batch by batch."""
        builder = RowBuilder(source, layout, order)
        names = [layout.names[position] for position in builder.positions]
        batch_rows = max(1, _BATCH_BYTES // (8 * max(8, len(names))))
        with _opened(source.path) as file:
            for batch in file.iter_batches(
                batch_size=batch_rows, columns=names, use_threads=False
            ):
                yield from builder.add(batch.select(names))
            if builder.num_rows != file.metadata.num_rows:
                raise ValueError(
                    "A parquet file must hold the rows it states. Received: "
                    f"`{source.path}`, which states "
                    f"{file.metadata.num_rows} and holds {builder.num_rows}. "
                    "Copy it again."
                )


def _is_number(kind: Any) -> bool:
    from pyarrow import types

    if types.is_dictionary(kind):
        kind = kind.value_type
    return (
        types.is_integer(kind)
        or types.is_floating(kind)
        or types.is_decimal(kind)
        or types.is_boolean(kind)
        or types.is_null(kind)
    )


@contextlib.contextmanager
def _opened(path: str) -> Iterator[Any]:
    """Yields an open parquet file.

    Raises:
        ValueError: it is none, or it is damaged.
    """
    import pyarrow as pa
    from pyarrow import parquet

    with storage.open_binary(path) as binary:
        try:
            with parquet.ParquetFile(
                binary,
                buffer_size=_BUFFER_BYTES,
                pre_buffer=False,
                page_checksum_verification=True,
            ) as file:
                yield file
        except (pa.ArrowException, OSError, MemoryError) as error:
            if getattr(error, "errno", None) is not None:
                raise
            raise ValueError(
                "A parquet file must be whole. Received: "
                f"`{path}` ({str(error)[:200]}). Copy it again, or choose "
                "the --format it has."
            ) from error
