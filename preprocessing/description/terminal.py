"""The same tables on a terminal."""

from collections.abc import Mapping, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from preprocessing.description import column_tables, tables
from preprocessing.description.survey import Survey
from preprocessing.description.table import Table
from trainer.schema import Schema

__all__ = ["print_description"]

ROWS_SHOWN = 60
SERIES_SHOWN = 20
# A pipe or a file has no width: rich would say 80.
PIPED_WIDTH = 120


def print_description(
    schema: Schema,
    survey: Survey,
    refused: Mapping[str, int],
    findings: Sequence[str],
) -> None:
    """Prints head, tables and findings; the findings last, in sight.

    Args:
        schema: of the data set.
        survey: of the same.
        refused: reason to number of refused rows.
        findings: what to look at before training.
    """
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = max(console.width, PIPED_WIDTH)
    for name, value in tables.head_rows(schema, survey):
        console.print(Text.assemble((f"{name}: ", "bold"), value))
    _print_table(console, tables.split_table(schema, survey))
    _print_table(console, column_tables.column_table(schema, survey))
    if survey.series:
        _print_table(console, tables.series_table(survey, SERIES_SHOWN))
    if refused:
        _print_table(console, tables.refused_table(refused))
    if findings:
        console.print(Text("\nBefore training, look at", "bold"))
    for finding in findings:
        console.print(Text(f"- {finding}"))


def _print_table(console: Console, table: Table) -> None:
    drawn = RichTable(
        title=f"\n{table.title}",
        title_justify="left",
        title_style="bold",
        box=SIMPLE_HEAD,
        pad_edge=False,
    )
    for number, name in enumerate(table.header):
        # Names come from files: Text shows brackets as they are.
        drawn.add_column(
            Text(name),
            justify="right" if number else "left",
            overflow="fold",
        )
    for row in table.rows[:ROWS_SHOWN]:
        drawn.add_row(*map(Text, row))
    console.print(drawn)
    more = len(table.rows) - ROWS_SHOWN
    if more > 0:
        console.print(f"{more:,} more rows are on the page.")
    if table.note:
        console.print(Text(table.note, "dim"))
