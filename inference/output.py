"""The result table: one row for each input row."""

import csv
from collections.abc import Sequence
from typing import TextIO

import numpy as np

from inference.results import StepScores

__all__ = [
    "COLUMNS",
    "top_features",
    "write_header",
    "write_rows",
]

COLUMNS = (
    "series",
    "row",
    "time",
    "score",
    "threshold",
    "is_anomaly",
    "is_scored",
    "top_features",
)


def write_header(file: TextIO) -> None:
    """Writes the names of the columns."""
    csv.writer(file, lineterminator="\n").writerow(COLUMNS)


def write_rows(
    file: TextIO,
    series_id: str,
    first_row: int,
    scores: StepScores,
    names: Sequence[str],
    num_top: int,
    timestamps: np.ndarray | None = None,
) -> None:
    """Writes one line for each time step; what is unknown stays empty.

    Args:
        file: receives the lines.
        series_id: of all rows.
        first_row: number of the first row in its series.
        scores: of one view, `[time]`.
        names: of the scored columns.
        num_top: contributing features to name.
        timestamps: `[time]` int64 microseconds; None = time stays empty.
    """
    num_rows = len(scores.score)
    is_scored = scores.is_scored.tolist()
    csv.writer(file, lineterminator="\n").writerows(
        zip(
            [series_id] * num_rows,
            range(first_row, first_row + num_rows),
            [""] * num_rows if timestamps is None else _times(timestamps),
            _texts(scores.score),
            _texts(scores.threshold),
            [
                int(flag) if known else ""
                for flag, known in zip(
                    scores.is_anomaly.tolist(), is_scored, strict=True
                )
            ],
            map(int, is_scored),
            top_features(scores, names, num_top),
            strict=True,
        )
    )


def top_features(
    scores: StepScores, names: Sequence[str], num_top: int
) -> list[str]:
    """Names what adds most to each score, `name:share;name:share`.

    A share is the feature's term of the score over the sum of all terms;
    terms that lower the score are not named.

    Args:
        scores: of one view, `[time]`.
        names: of the scored columns.
        num_top: features to name at most.
    """
    num_rows = len(scores.score)
    num_top = min(num_top, len(names))
    if not num_top:
        return [""] * num_rows
    terms = np.nan_to_num(scores.contribution, posinf=1e300, neginf=-1e300)
    total = terms.sum(axis=1, keepdims=True)
    # Sums of terms of either sign may vanish; then no share can be told.
    has_share = scores.is_scored[:, np.newaxis] & (total > 0)
    shares = np.where(has_share, terms / np.where(has_share, total, 1.0), 0.0)
    order = np.argsort(-shares, axis=1, kind="stable")[:, :num_top]
    largest = np.take_along_axis(shares, order, axis=1).tolist()
    return [
        ";".join(
            f"{names[column]}:{share:.3g}"
            for column, share in zip(columns, row, strict=True)
            if share > 0
        )
        for columns, row in zip(order.tolist(), largest, strict=True)
    ]


def _times(timestamps: np.ndarray) -> list[str]:
    """ISO 8601 in UTC, with a fraction where one of them has one."""
    unit = "us" if (timestamps % 1_000_000).any() else "s"
    moments = timestamps.astype("datetime64[us]")
    return np.datetime_as_string(moments, unit, timezone="UTC").tolist()


def _texts(numbers: np.ndarray) -> list[str]:
    # A NaN is the only number that differs from itself.
    return [repr(x) if x == x else "" for x in numbers.tolist()]
