"""The comparison as it is printed."""

from collections.abc import Sequence

import rich.box
import rich.table
import rich.text
from rich.console import Console

from evaluation.tables import Table

__all__ = ["show"]

WIDTH = 200


def show(texts: Sequence[str], table: Table) -> None:
    """Prints sentences, then a table as narrow as its words."""
    console = Console()
    for text in texts:
        console.print(text, markup=False, highlight=False)
    shown = rich.table.Table(
        *(title.replace(" ", "\n") for title in table.header),
        box=rich.box.SIMPLE_HEAD,
        padding=0,
        show_edge=False,
    )
    for column in shown.columns[1:]:
        column.justify = "right"
    for row in table.rows:
        shown.add_row(*map(rich.text.Text, row))
    # Many sets: lines that a terminal breaks rather than cells cut short.
    Console(width=max(console.width, WIDTH)).print(shown)
