"""Rows that come as arrays: which of them are refused."""

from collections.abc import Sequence

import numpy as np

from preprocessing.readers.base import BadRow

__all__ = ["refuse_infinite"]


def refuse_infinite(
    path: str, first_row: int, values: np.ndarray, names: Sequence[str]
) -> tuple[np.ndarray, list[BadRow]]:
    """Refuses rows with an infinite cell; a row of NaN keeps their place.

    Args:
        path: the file.
        first_row: number of the first row, from 0.
        values: `[time, feature]` float64.
        names: of the columns.

    Returns:
        `[time, feature]` finite or NaN, and the refused rows.
    """
    # Infinity shows in the sum: cheaper than a mask of all cells.
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(values.sum()):
            return values, []
    is_infinite = np.isinf(values)
    refused = np.flatnonzero(is_infinite.any(axis=1))
    bad_rows = []
    for row in refused.tolist():
        column = int(np.argmax(is_infinite[row]))
        bad_rows.append(
            BadRow(
                path,
                first_row + row + 1,
                f"not a finite number: '{values[row, column]}' in column "
                f"{names[column]}",
                ",".join(map(repr, values[row].tolist())),
                has_place=True,
            )
        )
    values = np.array(values, order="K")
    values[refused] = np.nan
    return values, bad_rows
