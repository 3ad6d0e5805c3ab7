"""A table that the terminal and the page both show."""

from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["Table"]


class Table(NamedTuple):
    """A title, names of the columns, and cells of plain text.

    Attributes:
        title: what it shows.
        header: names of the columns.
        rows: cells.
        note: how to read it; "" = nothing to say.
    """

    title: str
    header: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    note: str = ""
