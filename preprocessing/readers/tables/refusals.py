"""Rows of a parquet batch that are refused, and why."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from preprocessing.readers.base import BadRow

__all__ = ["Refusals"]


class Refusals:
    """Why rows of a batch are refused; the first reason of a row counts.

    Attributes:
        first_row: of the batch in its file.
    """

    def __init__(self, path: str, first_row: int, batch: Any) -> None:
        """Starts with none.

        Args:
            path: the file.
            first_row: of the batch in it.
            batch: pyarrow's.
        """
        self.first_row = first_row
        self._path = path
        self._batch = batch
        self._reasons: dict[int, str] = {}

    def add(self, row: int, reason: str) -> None:
        """Refuses a row of the batch, if it is not yet."""
        self._reasons.setdefault(row, reason)

    def rows(self) -> list[int]:
        """The refused rows of the batch, in order."""
        return sorted(self._reasons)

    def bad_rows(self, keeps_place: np.ndarray) -> Iterator[BadRow]:
        """Yields them in order.

        Args:
            keeps_place: `[row]` bool, a row of NaN stands for it.
        """
        for row in self.rows():
            cells = self._batch.slice(row, 1).columns
            yield BadRow(
                self._path,
                self.first_row + row + 1,
                self._reasons[row],
                ",".join(map(_text, cells)),
                bool(keeps_place[row]),
            )


def _text(cells: Any) -> str:
    """The first cell: a time far off is no Python object, but a text."""
    import pyarrow as pa

    try:
        return cells.cast(pa.string())[0].as_py() or ""
    except pa.ArrowException:
        return str(cells.cast(pa.int64())[0].as_py())
