"""Time goes forward within a series: repeats and steps back are refused."""

from collections.abc import Sequence

import numpy as np

from preprocessing.readers.base import Block

__all__ = ["BACKWARD", "REPEATED", "forward_time", "forward_times", "in_order"]

REPEATED = "repeated timestamp: the first row is kept"
BACKWARD = "time goes back"


def in_order(blocks: Sequence[Block], latest: dict[str, int]) -> bool:
    """True where the time of each series goes on from its latest."""
    for block in blocks:
        times = block.timestamps
        if times is None:
            continue
        before = latest.get(block.series_id, int(times[0]) - 1)
        if not np.all(np.diff(times, prepend=before) > 0):
            return False
    return True


def forward_time(moments: tuple[int, int], before: int | None) -> int:
    """The time of a row that comes after `before`.

    Args:
        moments: what its time may mean; the first that goes forward counts.
        before: time of the row before; None = there is none.

    Raises:
        ValueError: the reason why the row is refused.
    """
    time = _chosen(moments, before)
    if time is None:
        raise ValueError(REPEATED if before in moments else BACKWARD)
    return time


def forward_times(
    first: np.ndarray, last: np.ndarray, before: int | None
) -> tuple[np.ndarray, np.ndarray]:
    """Like `forward_time`, for the rows of one series.

    Args:
        first: `[time]` int64 microseconds, what the times may mean first.
        last: `[time]` int64, what they may mean last.
        before: time of the row before; None = there is none.

    Returns:
        `[time]` int64 times, and `[time]` int8: 0 = goes forward, 1 =
        repeats, 2 = goes back.
    """
    if (first != last).any():
        return _one_by_one(first, last, before)
    start = int(first[0]) - 1 if before is None else before
    highest = np.maximum.accumulate(np.concatenate([[start], first[:-1]]))
    refused = np.where(first > highest, 0, np.where(first < highest, 2, 1))
    return first, refused.astype(np.int8)


def _one_by_one(
    first: np.ndarray, last: np.ndarray, before: int | None
) -> tuple[np.ndarray, np.ndarray]:
    times = first.copy()
    refused = np.zeros(len(first), np.int8)
    for row, moments in enumerate(
        zip(first.tolist(), last.tolist(), strict=True)
    ):
        time = _chosen(moments, before)
        if time is None:
            refused[row] = 1 if before in moments else 2
        else:
            before = times[row] = time
    return times, refused


def _chosen(moments: tuple[int, int], before: int | None) -> int | None:
    first, last = moments
    if before is None or first > before:
        return first
    return last if last > before else None
