"""The tables printed when a data set is written."""

import os

from rich.console import Console
from rich.table import Table

from preprocessing.summary import Summary
from trainer.schema import ROLES, Schema

__all__ = ["print_report"]

_NAMES_SHOWN = 12


def print_report(
    schema: Schema, summary: Summary, output: str, seconds: float
) -> None:
    """Prints splits, columns, refused rows and speed.

    Args:
        schema: of the data set.
        summary: of the run.
        output: where it was written.
        seconds: how long it took.
    """
    console = Console(highlight=False)
    console.print(_split_table(schema))
    for role in ROLES:
        names = [f.name for f in schema.features if f.role == role]
        if names:
            _print_names(console, role, names)
    binary = [f.name for f in schema.features if f.is_binary]
    if binary:
        _print_names(console, "binary", binary)
    constant = [f.name for f in schema.features if f.is_constant]
    if constant:
        _print_names(console, "warning: constant in train", constant)
    if all(f.is_constant for f in schema.features if f.role == "scored"):
        console.print(
            "warning: no scored column varies in train, so a detector can "
            "only tell that one of them has moved. --scored_columns names others.",
            markup=False,
        )
    if summary.num_bad:
        console.print(
            f"refused rows: {summary.num_bad:,} in dead_letters.jsonl (raw "
            f"text); the first: {summary.first_bad}",
            markup=False,
        )
    rows = sum(split.rows for split in schema.splits.values())
    console.print(
        f"rows unused between splits: {summary.num_unused:,}; stored as "
        f"{schema.dtype}; {rows:,} rows in {seconds:.1f} s = "
        f"{rows / max(seconds, 1e-9):,.0f} rows/s\n"
        f"written: {os.path.join(output, '')}",
        markup=False,
    )


def _split_table(schema: Schema) -> Table:
    table = Table(title="Data set")
    table.add_column("split")
    for name in ("series", "rows", "normal", "anomalous", "unknown", "shards"):
        table.add_column(name, justify="right")
    for name, split in schema.splits.items():
        table.add_row(
            name,
            f"{split.series:,}",
            f"{split.rows:,}",
            f"{split.normal:,}",
            f"{split.anomalous:,}",
            f"{split.unknown:,}",
            f"{len(split.shards):,}",
        )
    return table


def _print_names(console: Console, title: str, names: list[str]) -> None:
    shown = ", ".join(names[:_NAMES_SHOWN])
    more = len(names) - _NAMES_SHOWN
    tail = f", and {more} more" if more > 0 else ""
    console.print(f"{title} ({len(names)}): {shown}{tail}", markup=False)
