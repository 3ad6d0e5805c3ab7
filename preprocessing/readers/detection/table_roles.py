"""Which columns of a table hold times, labels and series ids, by a look."""

import dataclasses
import itertools
from collections.abc import Callable, Sequence

from preprocessing.readers.detection.table_look import Table, kind_of

__all__ = ["guess_roles"]

# Steps back that a column of times may have, of all steps.
_BACK = 0.2
# As written without blanks, _ and -, in lower case.
_TIME_NAMES = frozenset(
    ["timestamp", "time", "datetime", "date", "ts", "unixtime", "epoch", "utc"]
)
_LABEL_NAMES = frozenset(
    ["label", "labels", "isanomaly", "anomaly", "anomalous", "isanomalous"]
    + ["outlier", "isoutlier", "groundtruth"]
)
_SERIES_NAMES = frozenset(
    ["series", "seriesid", "id", "machine", "machineid", "unit", "unitid"]
    + ["device", "deviceid", "host", "hostname", "entity", "channel", "asset"]
)


@dataclasses.dataclass(frozen=True)
class Roles:
    """What was found.

    Attributes:
        columns: flag to the column that it names.
        remarks: what a user should know, for one sentence.
    """

    columns: dict[str, str]
    remarks: tuple[str, ...]


def guess_roles(table: Table) -> Roles:
    """Finds the columns that are no features; of two candidates none.

    Args:
        table: its first rows.
    """
    columns: dict[str, str] = {}
    remarks: list[str] = []
    taken: set[int] = set()
    for flag, found in (
        ("series_column", _named(table, _SERIES_NAMES, _is_series)),
        ("timestamp_column", _times(table)),
        ("label_column", _named(table, _LABEL_NAMES, _is_label)),
    ):
        names = [table.columns[position] for position in found]
        what = flag.removesuffix("_column")
        taken.update(found)
        if len(found) == 1:
            columns[flag] = names[0]
            remarks.append(f"{what} in {names[0]}")
        elif found:
            remarks.append(
                f"{what} may be in {' or '.join(names)}, so none is taken: "
                f"say --{flag}"
            )
    return Roles(columns, (*remarks, *_doubts(table, taken)))


def _named(
    table: Table,
    names: frozenset[str],
    fits: Callable[[Sequence[str]], bool],
) -> list[int]:
    """Positions of the columns that are named so and hold what fits."""
    return [
        position
        for position, name in enumerate(table.columns)
        if _plain(name) in names and fits(table.cells(position))
    ]


def _times(table: Table) -> list[int]:
    """Columns named like times, else those that hold dates."""
    named = _named(table, _TIME_NAMES, _may_be_time)
    return named or [
        position
        for position in range(len(table.columns))
        if _all_are(table.cells(position), "time")
    ]


def _doubts(table: Table, taken: set[int]) -> list[str]:
    """What a user may not expect of the columns that are features."""
    doubts: list[str] = []
    texts = []
    for position, name in enumerate(table.columns):
        cells = table.cells(position)
        if position in taken or not cells:
            continue
        if not _all_are(cells, "number"):
            texts.append(name)
        elif _plain(name) in _SERIES_NAMES:
            doubts.append(
                f"{name} holds numbers and is a feature unless you say "
                "--series_column"
            )
        elif _plain(name) in _TIME_NAMES:
            doubts.append(
                f"{name} does not rise like a time and is a feature unless "
                "you say --timestamp_column"
            )
        elif _plain(name) in _LABEL_NAMES:
            doubts.append(f"{name} holds more than 0 and 1 and is a feature")
    if texts:
        listed = ",".join(texts)
        doubts.append(f"no numbers: say --ignored_columns={listed}")
    first = list(table.rows[0]) if table.rows else []
    counted = [str(position) for position in range(len(first))]
    if not table.has_header and len(first) > 1 and first == counted:
        doubts.append("the first row counts the columns: is it a header?")
    return doubts


def _plain(name: str) -> str:
    return "".join(filter(str.isalnum, name.lower()))


def _all_are(cells: Sequence[str], kind: str) -> bool:
    return bool(cells) and all(kind_of(cell) == kind for cell in cells)


def _is_label(cells: Sequence[str]) -> bool:
    return _all_are(cells, "number") and {float(cell) for cell in cells} <= {
        0.0,
        1.0,
    }


def _is_series(cells: Sequence[str]) -> bool:
    """Text of which some comes again."""
    return _all_are(cells, "text") and len(set(cells)) < len(cells)


def _may_be_time(cells: Sequence[str]) -> bool:
    """Numbers that rise, or anything else: reading says what is wrong."""
    if not _all_are(cells, "number") or len(cells) == 1:
        return bool(cells)
    times = [float(cell) for cell in cells]
    steps = [after - before for before, after in itertools.pairwise(times)]
    # Rows of many series may have one time, and each series begins anew.
    num_back = sum(step < 0 for step in steps)
    return any(step > 0 for step in steps) and num_back < _BACK * len(steps)
