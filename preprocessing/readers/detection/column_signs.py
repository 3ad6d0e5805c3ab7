"""What the name and the first cells of a column say of it."""

import collections
import dataclasses
import functools
import itertools
import re
from collections.abc import Mapping

from preprocessing.readers.detection.table_look import Table, kind_of

__all__ = [
    "LABEL_NAMES",
    "MAYBE_LABEL_NAMES",
    "SERIES_NAMES",
    "TIME_NAMES",
    "Column",
    "columns_of",
]

# As written without blanks, _ and -, in lower case.
TIME_NAMES = frozenset(
    ["timestamp", "time", "datetime", "date", "ts", "unixtime", "epoch", "utc"]
)
LABEL_NAMES = frozenset(
    ["label", "labels", "isanomaly", "anomaly", "anomalous", "isanomalous"]
    + ["outlier", "isoutlier", "groundtruth"]
)
# A feature may be called so, too.
MAYBE_LABEL_NAMES = frozenset(
    ["target", "y", "class", "attack", "isattack", "fault", "isfault"]
    + ["failure", "isfailure", "outliers", "anomalies", "abnormal"]
    + ["isabnormal", "anomalylabel", "anomalyflag"]
)
SERIES_NAMES = frozenset(
    ["series", "seriesid", "id", "machine", "machineid", "unit", "unitid"]
    + ["device", "deviceid", "host", "hostname", "entity", "channel", "asset"]
)
_LABEL_WORDS = {"normal", "abnormal", "anomaly", "anomalous", "attack"}
_TRUTH_WORDS = {"true", "false", "yes", "no"}
# 31.12.2020, 12/31/20, 23:59 or 31 Dec 2020.
_LIKE_A_TIME = re.compile(
    r"\d[./-]\d+[./-]\d|\d:\d\d|\d[ -][A-Za-z]{3,9}[ -]\d"
)
# pandas writes its index so, with a header of its own or without.
_INDEX = re.compile(r"__index_level_\d+__")
# Steps back that a column of times may have, of all steps.
_BACK = 0.2


@dataclasses.dataclass(frozen=True)
class Column:
    """A column by its first rows.

    Attributes:
        title: in the header; a position where there is none.
        name: what a flag calls it: its title, or its position where the
            title is empty or would be read as something else.
        cells: those that are not missing.
        num_rows: of the table, missing cells too.
    """

    title: str
    name: str
    cells: list[str]
    num_rows: int

    @functools.cached_property
    def plain(self) -> str:
        """Its title without blanks and signs, in lower case."""
        return "".join(filter(str.isalnum, self.title.lower()))

    @functools.cached_property
    def kinds(self) -> Mapping[str, int]:
        """Kind of cell to how many there are."""
        return collections.Counter(map(kind_of, self.cells))

    @property
    def has_numbers(self) -> bool:
        """Most of its cells are numbers, or none is known."""
        return 2 * self.kinds["number"] >= len(self.cells)

    def is_all(self, kind: str) -> bool:
        """Its cells, and there are some, are of one kind."""
        return bool(self.cells) and self.kinds[kind] == len(self.cells)

    def is_binary(self) -> bool:
        """Its cells are 0 and 1."""
        return self.is_all("number") and set(map(float, self.cells)) <= {0, 1}

    def may_be_label(self) -> bool:
        """Nothing speaks against labels: 0 and 1, or nothing known."""
        return not self.cells or self.is_binary()

    def is_series(self) -> bool:
        """Text of which some comes again."""
        return self.is_all("text") and len(set(self.cells)) < len(self.cells)

    def may_be_time(self) -> bool:
        """Numbers that rise, or anything else: reading says what is wrong."""
        if not self.is_all("number") or len(self.cells) == 1:
            return bool(self.cells)
        times = [float(cell) for cell in self.cells]
        steps = [after - before for before, after in itertools.pairwise(times)]
        # Rows of many series may have one time, and each series begins anew.
        num_back = sum(step < 0 for step in steps)
        return any(step > 0 for step in steps) and num_back < _BACK * len(steps)

    def is_like_time(self) -> bool:
        """Most of its cells have the signs of a date or a clock."""
        num_like = sum(bool(_LIKE_A_TIME.search(cell)) for cell in self.cells)
        return 2 * num_like > len(self.cells)

    def is_label_in_words(self) -> bool:
        """Text that should be 0 and 1."""
        words = {cell.strip().lower() for cell in self.cells}
        return (
            self.plain in LABEL_NAMES
            or bool(words & _LABEL_WORDS)
            or words <= _TRUTH_WORDS
        )

    def is_index(self) -> bool:
        """Row numbers that a program wrote beside the columns, or nothing."""
        if _INDEX.fullmatch(self.title):
            return True
        return self.title in ("", "Unnamed: 0") and (
            not self.cells
            or (
                self.is_all("number")
                and all(float(cell).is_integer() for cell in self.cells)
            )
        )


def columns_of(table: Table) -> list[Column]:
    """The columns of a table, in order."""
    titles = list(table.columns)
    times = collections.Counter(titles)
    found = []
    for position, title in enumerate(titles):
        name = title
        if not title or "," in title or times[title] > 1:
            name = str(position)
            if name in times:
                # Names come before positions; those from the end are rarer.
                name = str(position - len(titles))
        found.append(
            Column(title, name, table.cells(position), len(table.rows))
        )
    return found
