"""Wide tables as text: one row a time step, one column a feature."""

import collections
import dataclasses
from collections.abc import Iterator

from preprocessing.readers.base import BadRow, Block, Source
from preprocessing.readers.tables.columns import (
    Columns,
    check_names,
    find_columns,
)
from preprocessing.readers.tables.delimiters import (
    check_delimiter,
    split_lines,
)
from preprocessing.readers.tables.lines import parse_lines
from preprocessing.readers.tables.reader import TableReader
from preprocessing.readers.tables.settings import TableSettings
from preprocessing.readers.tables.table import Layout, blocks_of, parse_fast
from preprocessing.readers.text.blank_lines import with_blank_rows
from preprocessing.readers.text.encoding import check_encoding, has_undecodable
from preprocessing.readers.text.pieces import (
    blanks,
    count_lines,
    count_rows,
    first_lines,
    line_chunks,
    pieces_of,
)
from preprocessing.readers.times.clock import Clock
from preprocessing.readers.times.ordering import SeriesOrder
from preprocessing.readers.times.timestamps import first_clock
from trainer.config import setting

__all__ = ["CsvReader", "CsvSettings"]


@dataclasses.dataclass(frozen=True)
class CsvSettings(TableSettings):
    """The format csv: a wide table, one row a time step."""

    header: bool = setting(True, "the first line names the columns")
    delimiter: str = setting(",", r"character between fields; \t = tab")
    decimal: str = setting(
        ".", "character before the fraction of a number", choices=(".", ",")
    )
    encoding: str = setting(
        "utf-8", "how the text is written, such as latin-1 or utf-16"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        delimiter = self.delimiter.replace("\\t", "\t")
        if len(delimiter.encode()) != 1 or delimiter in '"\r\n\0':
            raise ValueError(
                "`delimiter` must be one character, and no quote. "
                f"Received: delimiter={self.delimiter!r}. Write a tab as \\t."
            )
        if delimiter == self.decimal:
            raise ValueError(
                "`decimal` must differ from `delimiter`. Received: "
                f"{delimiter!r} for both. Say --delimiter=';' or what else "
                "stands between the fields."
            )
        check_encoding(self.encoding)


class CsvReader(TableReader):
    """Reads wide tables; see `CsvSettings`."""

    settings_class = CsvSettings
    settings: CsvSettings

    @property
    def delimiter(self) -> str:
        """The character between fields."""
        return self.settings.delimiter.replace("\\t", "\t")

    @property
    def decimal(self) -> str:
        """The character before the fraction of a number."""
        return self.settings.decimal

    def columns(self, source: Source) -> Columns:
        """Finds the columns by the first lines."""
        lines = self._first_lines(source)
        if self.settings.header and has_undecodable(lines[0]):
            raise ValueError(
                "The header must be of the encoding that is named. Received: "
                f"`{source.path}`, whose header is not "
                f"{self.settings.encoding}. Say --encoding=latin-1, cp1252 or "
                "whatever it was written in."
            )
        rows = split_lines(lines, self.delimiter)
        if self.settings.header and not rows[0]:
            raise ValueError(
                "The header must be one line that closes its quotes. "
                f"Received: {lines[0][:80]!r} in `{source.path}`. Mend it, or "
                "check the delimiter."
            )
        check_delimiter(source.path, lines, rows, self.delimiter)
        if not self.settings.header:
            widths = collections.Counter(map(len, rows))
            width = widths.most_common(1)[0][0]
            names = [str(position) for position in range(width)]
            return find_columns(source.path, names, self.settings, False)
        names = [name.strip() for name in rows[0]]
        check_names(source.path, names)
        if len(rows) == 1:
            raise ValueError(
                f"`{source.path}` holds a header and no rows: remove it or "
                "say --header=false."
            )
        return find_columns(source.path, names, self.settings, True)

    def clock(self, source: Source, columns: Columns) -> Clock | None:
        """Finds out by the first time that can be read."""
        if columns.timestamp is None:
            return None
        settings = self.settings
        lines = self._first_lines(source)[settings.header :]
        found = first_clock(
            source.path,
            settings.timestamp_column,
            (
                fields[columns.timestamp]
                for fields in split_lines(lines, self.delimiter)
                if len(fields) == len(columns.names)
            ),
            settings.timestamp_unit,
            settings.timestamp_format,
            settings.time_zone,
            self.decimal,
        )
        return found or Clock("naive", zone=settings.time_zone)

    def count_all(self, source: Source, layout: Layout) -> int:
        """Counts the lines that are rows."""
        settings = self.settings
        if layout.width == 1:
            chunks = self._chunks(source, layout)
            return sum(count_rows(data, layout.delimiter) for _, data in chunks)
        return count_lines(
            source.path, settings.header, settings.encoding, self.delimiter
        )

    def read_rows(
        self, source: Source, layout: Layout, order: SeriesOrder
    ) -> Iterator[Block | BadRow]:
        """Reads chunks with pyarrow, and line by line where it refuses."""
        for line, data in self._chunks(source, layout):
            blocks = _fast_blocks(source, data, layout, order)
            if blocks is not None:
                yield from blocks
                continue
            for piece_line, piece in pieces_of(line, data):
                blocks = _fast_blocks(source, piece, layout, order)
                if blocks is None:
                    rows, bad_rows = parse_lines(
                        source, piece_line, piece, layout, order
                    )
                    yield from bad_rows
                    blocks = blocks_of(rows, source.name)
                yield from blocks

    def _chunks(
        self, source: Source, layout: Layout
    ) -> Iterator[tuple[int, bytes]]:
        """Lines without the header, and their first number."""
        chunks = line_chunks(
            source.path, self.settings.header, self.settings.encoding
        )
        if layout.width > 1:
            return chunks
        return with_blank_rows(chunks, blanks(layout.delimiter))

    def _first_lines(self, source: Source) -> list[str]:
        return first_lines(source.path, encoding=self.settings.encoding)


def _fast_blocks(
    source: Source, data: bytes, layout: Layout, order: SeriesOrder
) -> list[Block] | None:
    """Blocks of well-formed lines, or None."""
    try:
        blocks = blocks_of(parse_fast(data, layout), source.name)
    except ValueError:
        return None
    return blocks if order.take_blocks(blocks) else None
