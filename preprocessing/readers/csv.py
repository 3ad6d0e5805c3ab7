"""Wide tables as text: one row a time step, one column a feature."""

import collections
import dataclasses
from collections.abc import Iterator, Mapping, Sequence

from preprocessing.readers.base import BadRow, Block, Source
from preprocessing.readers.tables.columns import (
    Columns,
    check_header,
    check_names,
    find_columns,
)
from preprocessing.readers.tables.lines import parse_lines, split_fields
from preprocessing.readers.tables.reader import TableReader
from preprocessing.readers.tables.settings import TableSettings
from preprocessing.readers.tables.table import Layout, blocks_of, parse_fast
from preprocessing.readers.text.cells import is_number
from preprocessing.readers.text.encoding import check_encoding, has_undecodable
from preprocessing.readers.text.pieces import (
    count_lines,
    first_lines,
    line_chunks,
    pieces_of,
)
from preprocessing.readers.times.clock import Clock
from preprocessing.readers.times.ordering import SeriesOrder
from preprocessing.readers.times.timestamps import first_clock
from trainer.config import setting

__all__ = ["CsvReader", "CsvSettings"]

_DELIMITERS = (",", ";", "\t", "|", " ")


@dataclasses.dataclass(frozen=True)
class CsvSettings(TableSettings):
    """The format csv: a wide table, one row a time step."""

    header: bool = setting(True, "the first line names the columns")
    delimiter: str = setting(",", r"character between fields; \t = tab")
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
        check_encoding(self.encoding)


class CsvReader(TableReader):
    """Reads wide tables; see `CsvSettings`."""

    settings_class = CsvSettings
    settings: CsvSettings

    @property
    def delimiter(self) -> str:
        """The character between fields."""
        return self.settings.delimiter.replace("\\t", "\t")

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
        rows = _split(lines, self.delimiter)
        if self.settings.header and not rows[0]:
            raise ValueError(
                "The header must be one line that closes its quotes. "
                f"Received: {lines[0][:80]!r} in `{source.path}`. Mend it, or "
                "check the delimiter."
            )
        _check_delimiter(source.path, lines, rows, self.delimiter)
        if not self.settings.header:
            widths = collections.Counter(map(len, rows))
            width = widths.most_common(1)[0][0]
            names = [str(position) for position in range(width)]
            return find_columns(source.path, names, self.settings, False)
        names = [name.strip() for name in rows[0]]
        check_names(source.path, names)
        check_header(source.path, names)
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
                for fields in _split(lines, self.delimiter)
                if len(fields) == len(columns.names)
            ),
            settings.timestamp_unit,
            settings.timestamp_format,
            settings.time_zone,
        )
        return found or Clock("naive", zone=settings.time_zone)

    def count_all(self, source: Source) -> int:
        """Counts the lines that are not blank."""
        settings = self.settings
        return count_lines(
            source.path, settings.header, settings.encoding, self.delimiter
        )

    def read_rows(
        self, source: Source, layout: Layout, after: Mapping[str, int]
    ) -> Iterator[Block | BadRow]:
        """Reads chunks with pyarrow, and line by line where it refuses."""
        order = SeriesOrder(after)
        for line, data in line_chunks(
            source.path, self.settings.header, self.settings.encoding
        ):
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


def _split(lines: Sequence[str], delimiter: str) -> list[list[str]]:
    """Fields of each line; none where it cannot be split."""
    rows = []
    for line in lines:
        try:
            rows.append(split_fields(line, delimiter))
        except ValueError:
            rows.append([])
    return rows


def _check_delimiter(
    path: str,
    lines: Sequence[str],
    rows: Sequence[Sequence[str]],
    delimiter: str,
) -> None:
    """Names the delimiter that fits where the one given splits nothing."""
    if len(rows[0]) != 1 or any(
        len(fields) == 1 and is_number(fields[0]) for fields in rows[1:]
    ):
        return
    for other in _DELIMITERS:
        widths = {len(fields) for fields in _split(lines, other)}
        if other != delimiter and len(widths) == 1 and max(widths) > 1:
            shown = "\\t" if other == "\t" else other
            raise ValueError(
                "The delimiter must separate the columns. Received: "
                f"delimiter={delimiter!r}, which is not in the first line of "
                f"`{path}`. Say --delimiter='{shown}': it makes "
                f"{max(widths)} columns of each of the first lines."
            )
