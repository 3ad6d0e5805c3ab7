"""A look at the first rows of a table: what parts fields, a header."""

import collections
import dataclasses
import re
from collections.abc import Sequence
from typing import Any

from preprocessing.readers.tables.lines import split_fields
from preprocessing.readers.tables.parquet_times import times_as_texts
from preprocessing.readers.text.cells import parse_number
from preprocessing.readers.times.timestamps import clock_of
from trainer import storage

__all__ = [
    "LOOK_ROWS",
    "Table",
    "has_decimal_comma",
    "kind_of",
    "look_at_lines",
    "look_at_parquet",
]

LOOK_ROWS = 200
# Of equally good ones the first is taken.
_DELIMITERS = (",", ";", "\t", "|", " ")
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")
# Lines that must have the same number of fields, of all.
_ALIKE = 0.8


@dataclasses.dataclass(frozen=True)
class Table:
    """The first rows of a table.

    Attributes:
        columns: names, or positions where no header names them.
        rows: cells of each row, as many as `columns`.
        has_header: the names come from the first line.
        delimiter: between fields.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    has_header: bool = True
    delimiter: str = ","

    def cells(self, position: int) -> list[str]:
        """The cells of a column that are not missing."""
        cells = [row[position] for row in self.rows]
        return [cell for cell in cells if kind_of(cell) != "missing"]


def look_at_lines(
    lines: Sequence[str], delimiter: str = "", has_header: bool | None = None
) -> Table:
    """Finds what parts the fields, and whether the first line names them.

    Args:
        lines: the first ones of a file, whole and not blank.
        delimiter: where it is known.
        has_header: where it is known.
    """
    best = delimiter or _best_delimiter(lines)
    rows = _rows(lines, best) or [[line] for line in lines]
    if not (_is_header(rows) if has_header is None else has_header):
        columns = [str(position) for position in range(len(rows[0]))]
        return Table(columns, rows, False, best)
    return Table([name.strip() for name in rows[0]], rows[1:], True, best)


def look_at_parquet(path: str) -> Table:
    """The first rows of a parquet file, as text.

    Args:
        path: the file.

    Raises:
        ValueError: it cannot be read.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with storage.open_binary(path) as file:
            table = pq.ParquetFile(file)
            names = table.schema_arrow.names
            batch = next(table.iter_batches(batch_size=LOOK_ROWS), None)
            rows = [] if batch is None else times_as_texts(batch).to_pylist()
    except (pa.ArrowException, OSError) as error:
        raise ValueError(
            f"`{path}` cannot be read as parquet: {error}. Copy it again."
        ) from error
    return Table(names, [[_text(row[name]) for name in names] for row in rows])


def kind_of(cell: str) -> str:
    """What a cell is: "number", "missing", "time" or "text"."""
    try:
        number = parse_number(cell)
        return "missing" if number != number else "number"
    except ValueError:
        pass
    try:
        clock_of(cell)
        return "time"
    except ValueError:
        return "text"


def has_decimal_comma(cell: str) -> bool:
    """Whether a comma stands before its fraction; the look reads no such."""
    return bool(_DECIMAL_COMMA.fullmatch(cell.strip()))


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(int(value))
    return "" if value is None else str(value)


def _rows(lines: Sequence[str], delimiter: str) -> list[list[str]]:
    """Rows of the commonest width; that of the first line if it is one."""
    rows = []
    for line in lines:
        try:
            rows.append(split_fields(line, delimiter))
        except ValueError:
            continue
    widths = collections.Counter(map(len, rows))
    width = widths.most_common(1)[0][0] if rows else 0
    return [row for row in rows if len(row) == width]


def _best_delimiter(lines: Sequence[str]) -> str:
    best = max(_DELIMITERS, key=lambda delimiter: _fitness(lines, delimiter))
    return best if _fitness(lines, best)[1] else ","


def _fitness(lines: Sequence[str], delimiter: str) -> tuple[float, int]:
    """Share of cells that can be read, and the number of fields."""
    rows = _rows(lines, delimiter)
    if len(rows) < _ALIKE * len(lines) or len(rows[0]) < 2:
        return 0.0, 0
    # The first line may be a header, which says nothing.
    cells = [cell for row in rows[1:] or rows for cell in row]
    num_read = sum(
        kind_of(cell) != "text" or has_decimal_comma(cell) for cell in cells
    )
    return num_read / len(cells) * len(rows) / len(lines), len(rows[0])


def _is_header(rows: Sequence[Sequence[str]]) -> bool:
    """True where names stand above what is not text, or only names."""
    kinds = [kind_of(cell) for cell in rows[0]]
    # pandas names columns so that have no names, and leaves the index unnamed.
    if rows[0] == ["", *map(str, range(len(rows[0]) - 1))]:
        return len(rows[0]) > 1
    if all(kind == "text" for kind in kinds):
        return True
    for position, kind in enumerate(kinds):
        below = [kind_of(row[position]) for row in rows[1:]]
        num_text = below.count("text")
        if kind == "text" and below and num_text < len(below) / 2:
            return True
    return False
