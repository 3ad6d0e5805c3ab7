"""What parts the fields of lines, and what would if it does not."""

from collections.abc import Sequence

from preprocessing.readers.tables.lines import split_fields
from preprocessing.readers.text.cells import is_number

__all__ = ["check_delimiter", "split_lines"]

_DELIMITERS = (",", ";", "\t", "|", " ")


def split_lines(lines: Sequence[str], delimiter: str) -> list[list[str]]:
    """Fields of each line; none where it cannot be split."""
    rows = []
    for line in lines:
        try:
            rows.append(split_fields(line, delimiter))
        except ValueError:
            rows.append([])
    return rows


def check_delimiter(
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
        widths = {len(fields) for fields in split_lines(lines, other)}
        if other != delimiter and len(widths) == 1 and max(widths) > 1:
            shown = "\\t" if other == "\t" else other
            raise ValueError(
                "The delimiter must separate the columns. Received: "
                f"delimiter={delimiter!r}, which is not in the first line of "
                f"`{path}`. Say --delimiter='{shown}': it makes "
                f"{max(widths)} columns of each of the first lines."
            )
