"""What the formats of wide tables share, whatever their files are."""

import abc
import dataclasses
import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from preprocessing.readers.base import (
    BadRow,
    Block,
    Extent,
    Reader,
    Source,
)
from preprocessing.readers.labels.labelling import labelled
from preprocessing.readers.labels.source_ranges import with_ranges
from preprocessing.readers.layouts.source_ids import source_ids
from preprocessing.readers.tables.columns import Columns, check_same
from preprocessing.readers.tables.label_file import read_label_ranges
from preprocessing.readers.tables.settings import TableSettings
from preprocessing.readers.tables.table import Layout
from preprocessing.readers.text.compression import refuse_packed_copies
from preprocessing.readers.times.clock import Clock
from preprocessing.readers.times.ordering import MOST_SHARED_ROWS, SeriesOrder
from trainer import storage

__all__ = ["TableReader"]

# Files that writers of tables leave beside them.
_MARKERS = (
    "_SUCCESS",
    "_metadata",
    "_common_metadata",
    "_committed_",
    "_started_",
)


class TableReader(Reader):
    """Reads wide tables; see `TableSettings`."""

    settings: TableSettings

    @property
    def delimiter(self) -> str:
        """The character between fields; "" = there is none."""
        return ""

    @property
    def decimal(self) -> str:
        """The character before the fraction of a number."""
        return "."

    @abc.abstractmethod
    def columns(self, source: Source) -> Columns:
        """Finds the columns of a file."""

    @abc.abstractmethod
    def clock(self, source: Source, columns: Columns) -> Clock | None:
        """How its times are written; None = it has none, or typed ones."""

    @abc.abstractmethod
    def count_all(self, source: Source, layout: Layout) -> int:
        """Counts the rows of a file, refused ones too, without parsing."""

    @abc.abstractmethod
    def read_rows(
        self, source: Source, layout: Layout, order: SeriesOrder
    ) -> Iterator[Block | BadRow]:
        """Like `read_after`, without label ranges; `order` takes the times."""

    def sources(self, pattern: str) -> list[Source]:
        """Lists the files that `pattern` names; all have all splits.

        Raises:
            ValueError: no file, or label ranges that do not fit.
        """
        paths = [
            path
            for path in storage.matching_files(pattern)
            if not posixpath.basename(path).startswith(_MARKERS)
        ]
        if not paths:
            raise ValueError(
                f"No file matches `{pattern}` but marks of other programs: "
                "check the path."
            )
        refuse_packed_copies(paths)
        ids = [""] * len(paths)
        if not self.settings.series_column:
            ids = source_ids(paths)
        return self._with_ranges(
            [
                Source(path, series_id=series_id)
                for path, series_id in zip(paths, ids, strict=True)
            ]
        )

    def feature_names(self, source: Source) -> tuple[str, ...]:
        """Names of the value columns; feature_0, ... where they have none."""
        return self.columns(source).features

    def extents(
        self, source: Source, names: Sequence[str]
    ) -> dict[str, Extent]:
        """Counts rows; those that are read where a column says the series.

        Without such a column, refused rows of a file with timestamps are
        counted, though they are not among those read.
        """
        layout = self._layout(source, names)
        if layout.series is None:
            return {source.name: Extent(self.count_all(source, layout))}
        found: dict[str, Extent] = {}
        for item in self.read_rows(source, layout, SeriesOrder({})):
            if isinstance(item, Block):
                before = found.get(item.series_id)
                found[item.series_id] = Extent.of(
                    item, before, MOST_SHARED_ROWS + 1
                )
        return found

    def read(
        self, source: Source, names: Sequence[str]
    ) -> Iterator[Block | BadRow]:
        """Yields the rows of each series in order, and the refused ones.

        A refused row keeps its place as a row of NaN, so that row numbers
        are those of the file, unless timestamps say where rows belong.
        """
        return self.read_after(source, names, {})

    def read_after(
        self, source: Source, names: Sequence[str], after: Mapping[str, int]
    ) -> Iterator[Block | BadRow]:
        """Like `read`; refuses rows that are in order, but up to `after`.

        Files may share few of them at their edge: more is a sign of files in
        the wrong order.

        Raises:
            ValueError: too many rows of a series are not beyond `after`.
        """
        items = self._items_after(source, self._layout(source, names), after)
        if not self.settings.label_ranges:
            return items
        return labelled(_unknown(items), source)

    def _items_after(
        self, source: Source, layout: Layout, after: Mapping[str, int]
    ) -> Iterator[Block | BadRow]:
        is_local = layout.clock is not None and layout.clock.may_be_local
        order = SeriesOrder(after, is_local)
        for item in self.read_rows(source, layout, order):
            order.check_edges(source.path, is_whole=False)
            yield item
        order.check_edges(source.path, is_whole=True)

    def _layout(self, source: Source, names: Sequence[str]) -> Layout:
        columns = self.columns(source)
        check_same(source.path, columns.features, names)
        return Layout(
            width=len(columns.names),
            delimiter=self.delimiter,
            values=columns.in_order(names),
            label=columns.label,
            timestamp=columns.timestamp,
            series=columns.series,
            clock=self.clock(source, columns),
            names=columns.names,
            decimal=self.decimal,
        )

    def _with_ranges(self, sources: list[Source]) -> list[Source]:
        settings = self.settings
        if not settings.label_ranges:
            return sources
        clock = None
        if settings.timestamp_column:
            clock = self.clock(sources[0], self.columns(sources[0]))
        ranges = read_label_ranges(settings, clock)
        return with_ranges(sources, ranges, bool(settings.series_column))


def _unknown(items: Iterable[Block | BadRow]) -> Iterator[Block | BadRow]:
    """Gives each block labels that say nothing."""
    for item in items:
        if isinstance(item, Block):
            labels = np.full(len(item.values), -1, np.int8)
            item = dataclasses.replace(item, labels=labels)
        yield item
