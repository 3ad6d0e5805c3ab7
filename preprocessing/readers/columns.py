"""Column names of a wide table: unique, and found by name or number."""

import collections
import math
from collections.abc import Sequence

__all__ = ["check_header", "check_names", "column_position", "listed"]


def check_header(path: str, columns: Sequence[str]) -> None:
    """Refuses a header that has a name twice, or none for a column."""
    repeated = [
        name
        for name, times in collections.Counter(columns).items()
        if times > 1
    ]
    unnamed = [
        str(position) for position, name in enumerate(columns) if not name
    ]
    if unnamed:
        raise ValueError(
            "Every column must have a name. Received none for position "
            f"{', '.join(unnamed)} in the header of `{path}`: name it, or "
            "drop the header line and say --header=false."
        )
    if repeated:
        raise ValueError(
            f"Column names must differ. Received: {', '.join(repeated)} "
            f"more than once in `{path}`. Rename them in the header, or drop "
            "the header line and say --header=false."
        )


def check_names(path: str, columns: Sequence[str]) -> None:
    """Refuses a header of numbers only: it is a row of values."""
    if not all(map(_is_number, columns)):
        return
    raise ValueError(
        "The first line must name the columns. Received: only numbers in the "
        f"first line of `{path}`, {listed(columns)}. If it is a row, say "
        "--header=false, and the columns are named feature_0, feature_1, ...; "
        "if it is a header, rename the columns."
    )


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def column_position(
    name: str, columns: Sequence[str], flag: str, path: str
) -> int:
    """Position of the column that `name` or its number means."""
    if name in columns:
        return columns.index(name)
    try:
        return range(len(columns))[int(name)]
    except (ValueError, IndexError):
        raise ValueError(
            f"`{flag}` must name a column or give its position from 0. "
            f"Received: {flag}={name}; `{path}` has "
            f"{listed(columns)}. Choose one of them, or check the delimiter."
        ) from None


def listed(names: Sequence[str]) -> str:
    """Says how many names there are, and the first of them."""
    shown = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
    return f"{len(names)} columns ({shown})"
