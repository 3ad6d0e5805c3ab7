"""Wide tables: one row a time step, one column a feature."""

import collections
import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np

from preprocessing.readers.base import (
    BadRow,
    Block,
    Extent,
    Reader,
    Source,
)
from preprocessing.readers.columns import (
    check_header,
    check_names,
    column_position,
    listed,
)
from preprocessing.readers.lines import (
    parse_lines,
    split_fields,
    timestamp_kind,
)
from preprocessing.readers.table import Layout, blocks_of, parse_fast
from preprocessing.readers.text import (
    count_lines,
    first_lines,
    line_chunks,
    pieces_of,
    series_name,
)
from trainer import storage
from trainer.config import Settings, setting

__all__ = ["CsvReader", "CsvSettings"]


@dataclasses.dataclass(frozen=True)
class CsvSettings(Settings):
    """The format csv: a wide table, one row a time step."""

    header: bool = setting(True, "the first line names the columns")
    delimiter: str = setting(",", r"character between fields; \t = tab")
    timestamp_column: str = setting(
        "", "name or position (from 0, negative from the end) of the time"
    )
    series_column: str = setting(
        "", "name or position of the series id; none = the file's name"
    )
    label_column: str = setting(
        "", "name or position of the labels 0, 1, empty = unknown"
    )
    ignored_columns: tuple[str, ...] = setting(
        (), "names or positions of columns that are not read, numbers or not"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.delimiter.replace("\\t", "\t").encode()) != 1:
            raise ValueError(
                "`delimiter` must be one character. "
                f"Received: delimiter={self.delimiter!r}. Write a tab as \\t."
            )


class CsvReader(Reader):
    """Reads wide tables; see `CsvSettings`."""

    settings_class = CsvSettings
    settings: CsvSettings

    def sources(self, pattern: str) -> list[Source]:
        """Lists the files that `pattern` names; all have all splits.

        Raises:
            ValueError: no file, or two of the same name where the name is
                the series id.
        """
        paths = storage.matching_files(pattern)
        stems = collections.Counter(map(series_name, paths))
        name, times = stems.most_common(1)[0]
        if times > 1 and not self.settings.series_column:
            raise ValueError(
                "Files must have different names, which are the series ids. "
                f"Received: {times} files named {name}. Rename them, or name "
                "a --series_column."
            )
        return [Source(path) for path in paths]

    def feature_names(self, source: Source) -> tuple[str, ...]:
        """Names of the value columns; feature_0, ... without a header."""
        columns, special = self._columns(source)
        positions = [
            position
            for position in range(len(columns))
            if position not in special.values()
        ]
        if not positions:
            raise ValueError(
                f"`{source.path}` has no column of values left: its columns "
                f"are {', '.join(columns)}. Check the delimiter."
            )
        if not self.settings.header:
            return tuple(
                f"feature_{number}" for number in range(len(positions))
            )
        return tuple(columns[position] for position in positions)

    def count(self, source: Source, names: Sequence[str]) -> dict[str, int]:
        """Counts line ends, or the ids where a column says the series."""
        return {
            series_id: extent.num_rows
            for series_id, extent in self.extents(source, names).items()
        }

    def extents(
        self, source: Source, names: Sequence[str]
    ) -> dict[str, Extent]:
        """Counts rows; reads times where a column says the series."""
        layout = self._layout(source, names)
        if layout.series is None:
            num_lines = count_lines(source.path) - self.settings.header
            return {series_name(source.path): Extent(num_lines)}
        found: dict[str, Extent] = {}
        layout = dataclasses.replace(layout, values=(), label=None)
        for item in self._read(source, layout):
            if isinstance(item, Block):
                before = found.get(item.series_id)
                found[item.series_id] = _extended(before, item)
        return found

    def read(
        self, source: Source, names: Sequence[str]
    ) -> Iterator[Block | BadRow]:
        """Yields the rows of each series in order, and the refused ones.

        A refused row keeps its place as a row of NaN, so that row numbers
        are those of the file, unless timestamps say where rows belong.
        """
        return self._read(source, self._layout(source, names))

    def _read(self, source: Source, layout: Layout) -> Iterator[Block | BadRow]:
        latest: dict[str, int] = {}
        for line, data in line_chunks(source.path, self.settings.header):
            blocks = self._fast_blocks(source, data, layout, latest)
            if blocks is not None:
                yield from blocks
                continue
            for piece_line, piece in pieces_of(line, data):
                blocks = self._fast_blocks(source, piece, layout, latest)
                if blocks is None:
                    rows, bad_rows = parse_lines(
                        source.path, piece_line, piece, layout, latest
                    )
                    yield from bad_rows
                    blocks = blocks_of(rows, series_name(source.path))
                yield from blocks

    def _fast_blocks(
        self,
        source: Source,
        data: bytes,
        layout: Layout,
        latest: dict[str, int],
    ) -> list[Block] | None:
        """Blocks of well-formed lines, or None; updates `latest`."""
        try:
            rows = parse_fast(data, layout)
        except ValueError:
            return None
        blocks = blocks_of(rows, series_name(source.path))
        if not _is_in_order(blocks, latest):
            return None
        for block in blocks:
            if block.timestamps is not None:
                latest[block.series_id] = int(block.timestamps[-1])
        return blocks

    def _delimiter(self) -> str:
        return self.settings.delimiter.replace("\\t", "\t")

    def _columns(self, source: Source) -> tuple[list[str], dict[str, int]]:
        """Column names and the positions of those that hold no values."""
        lines = first_lines(source.path)
        rows = [split_fields(line, self._delimiter()) for line in lines]
        if self.settings.header:
            columns = [name.strip() for name in rows[0]]
            check_names(source.path, columns)
            check_header(source.path, columns)
            rows = rows[1:]
        if not rows:
            raise ValueError(
                f"`{source.path}` holds a header and no rows: remove it or "
                "say --header=false."
            )
        if not self.settings.header:
            widths = collections.Counter(map(len, rows))
            width = widths.most_common(1)[0][0]
            columns = [str(position) for position in range(width)]
        special = {
            flag: column_position(
                getattr(self.settings, flag), columns, flag, source.path
            )
            for flag in ("timestamp_column", "series_column", "label_column")
            if getattr(self.settings, flag)
        }
        for number, name in enumerate(self.settings.ignored_columns):
            special[f"ignored {number}"] = column_position(
                name, columns, "ignored_columns", source.path
            )
        return columns, special

    def _layout(self, source: Source, names: Sequence[str]) -> Layout:
        found = self.feature_names(source)
        if sorted(found) != sorted(names):
            raise ValueError(
                f"All files must have the same columns. Received: `"
                f"{source.path}` with {listed(found)}; expected "
                f"{listed(names)}. Mend its header, name what is no feature "
                "with --ignored_columns, or leave the file out."
            )
        columns, special = self._columns(source)
        positions = [
            position
            for position in range(len(columns))
            if position not in special.values()
        ]
        by_name = dict(zip(found, positions, strict=True))
        timestamp = special.get("timestamp_column")
        return Layout(
            width=len(columns),
            delimiter=self._delimiter(),
            values=tuple(by_name[name] for name in names),
            label=special.get("label_column"),
            timestamp=timestamp,
            series=special.get("series_column"),
            timestamp_kind=self._timestamp_kind(source, timestamp),
            names=tuple(columns),
        )

    def _timestamp_kind(self, source: Source, position: int | None) -> str:
        if position is None:
            return ""
        for line in first_lines(source.path)[self.settings.header :]:
            try:
                fields = split_fields(line, self._delimiter())
                return timestamp_kind(fields[position])
            except (ValueError, IndexError):
                continue
        return "naive"


def _extended(extent: Extent | None, block: Block) -> Extent:
    num_rows = len(block.values) + (extent.num_rows if extent else 0)
    if block.timestamps is None:
        return Extent(num_rows)
    first, last = int(block.timestamps[0]), int(block.timestamps[-1])
    if extent is not None and extent.times is not None:
        first = extent.times[0]
    return Extent(num_rows, (first, last))


def _is_in_order(blocks: Sequence[Block], latest: dict[str, int]) -> bool:
    """True where the time of each series goes on from its latest."""
    for block in blocks:
        times = block.timestamps
        if times is None:
            continue
        before = latest.get(block.series_id, int(times[0]) - 1)
        if not np.all(np.diff(times, prepend=before) > 0):
            return False
    return True
