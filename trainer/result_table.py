"""The table at the end of a training run."""

import logging
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

__all__ = ["show"]

_TITLE = "What was learned"
_MOST_VALUES = 2


def show(metrics: Mapping[str, Mapping[str, Any]], log_format: str) -> None:
    """Shows the numbers of each phase: a table, or a line of the log.

    Args:
        metrics: phase to name to value.
        log_format: text or json.
    """
    if log_format == "json":
        fields = {"metrics": metrics}
        logging.getLogger(__name__).info(_TITLE, extra={"fields": fields})
        return
    table = Table("", "", title=_TITLE, show_header=False)
    for phase, numbers in metrics.items():
        table.add_section()
        # A row of its own: names are long, and none may be cut.
        table.add_row(phase, "", style="bold")
        for name, value in numbers.items():
            if _is_short(value):
                table.add_row(f"  {name}", _shown(value))
    Console().print(table)


def _is_short(value: Any) -> bool:
    """Whether it fits in a row: evidence and curves are in metrics.json."""
    if isinstance(value, list):
        return len(value) <= _MOST_VALUES
    return not isinstance(value, Mapping)


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return " to ".join(_shown(each) for each in value)
    return f"{value:.4g}" if isinstance(value, float) else str(value)
