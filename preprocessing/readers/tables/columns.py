"""Column names of a wide table: unique, and found by name or number."""

import collections
import dataclasses
from collections.abc import Mapping, Sequence, Set

from preprocessing.readers.tables.settings import TableSettings
from preprocessing.readers.text.cells import is_number
from preprocessing.readers.text.names import first_names

__all__ = [
    "Columns",
    "check_names",
    "check_same",
    "column_position",
    "find_columns",
    "listed",
]


@dataclasses.dataclass(frozen=True)
class Columns:
    """The columns of a table and what they hold.

    Attributes:
        names: of all columns.
        positions: of the value columns.
        timestamp: position of the timestamps; None = there are none.
        series: position of the series ids.
        label: position of the labels.
        are_named: the table names its columns; else the value columns are
            feature_0, feature_1, ...
    """

    names: tuple[str, ...]
    positions: tuple[int, ...]
    timestamp: int | None = None
    series: int | None = None
    label: int | None = None
    are_named: bool = True

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the value columns."""
        if not self.are_named:
            return tuple(f"feature_{n}" for n in range(len(self.positions)))
        return tuple(self.names[position] for position in self.positions)

    def in_order(self, names: Sequence[str]) -> tuple[int, ...]:
        """Positions of the value columns in the order of `names`."""
        by_name = dict(zip(self.features, self.positions, strict=True))
        return tuple(by_name[name] for name in names)


def find_columns(
    path: str, names: Sequence[str], settings: TableSettings, are_named: bool
) -> Columns:
    """Says which columns hold values, and which the flags name.

    Raises:
        ValueError: a flag names no column, or no column of values is left.
    """
    special: Mapping[str, int] = {
        flag: column_position(getattr(settings, flag), names, flag, path)
        for flag in ("timestamp_column", "series_column", "label_column")
        if getattr(settings, flag)
    }
    taken = set(special.values()) | {
        column_position(name, names, "ignored_columns", path)
        for name in settings.ignored_columns
    }
    if are_named:
        _check_header(path, names, taken, hasattr(settings, "header"))
    positions = tuple(n for n in range(len(names)) if n not in taken)
    if not positions:
        raise ValueError(
            f"`{path}` has no column of values left: its columns "
            f"are {', '.join(names)}. Check the flags that name columns, and "
            "the delimiter."
        )
    return Columns(
        tuple(names),
        positions,
        special.get("timestamp_column"),
        special.get("series_column"),
        special.get("label_column"),
        are_named,
    )


def check_same(path: str, found: Sequence[str], names: Sequence[str]) -> None:
    """Refuses a file with other value columns than the first one.

    Raises:
        ValueError: its columns are not `names`.
    """
    if sorted(found) != sorted(names):
        raise ValueError(
            f"All files must have the same columns. Received: `{path}` with "
            f"{listed(found)}; expected {listed(names)}. Mend its header, "
            "name what is no feature with --ignored_columns, or leave the "
            "file out."
        )


def check_names(path: str, columns: Sequence[str]) -> None:
    """Refuses a header of numbers only: it is a row of values.

    Raises:
        ValueError: it is one.
    """
    if not all(map(is_number, columns)):
        return
    raise ValueError(
        "The first line must name the columns. Received: only numbers in the "
        f"first line of `{path}`, {listed(columns)}. If it is a row, say "
        "--header=false, and the columns are named feature_0, feature_1, ...; "
        "if it is a header, rename the columns."
    )


def column_position(
    name: str, columns: Sequence[str], flag: str, path: str
) -> int:
    """Position of the column that `name` or its number means.

    Raises:
        ValueError: there is none.
    """
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
    return f"{len(names)} columns ({first_names(names)})"


def _check_header(
    path: str, names: Sequence[str], taken: Set[int], is_line: bool
) -> None:
    """Refuses a header that has a name twice, or none for a value column.

    Args:
        path: the file.
        names: of all columns.
        taken: positions that the flags name.
        is_line: the header is a line, which can be left out.
    """
    cure = ", or drop the header line and say --header=false" if is_line else ""
    unnamed = [
        str(position)
        for position, name in enumerate(names)
        if not name and position not in taken
    ]
    if unnamed:
        raise ValueError(
            "Every column of values must have a name. Received none for "
            f"position {', '.join(unnamed)} in the header of `{path}`. Name "
            f"it, leave it out with --ignored_columns={','.join(unnamed)}"
            f"{cure}."
        )
    times = collections.Counter(filter(None, names))
    repeated = [name for name in times if times[name] > 1]
    if repeated:
        raise ValueError(
            f"Column names must differ. Received: {', '.join(repeated)} "
            f"more than once in `{path}`. Rename them in the header{cure}."
        )
