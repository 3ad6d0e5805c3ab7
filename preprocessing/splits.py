"""Where the splits of a series begin and end: pure arithmetic on rows."""

import bisect
import dataclasses
from collections.abc import Sequence

from trainer.schema import SPLITS

__all__ = ["Part", "cut_into_splits", "parts_between"]


@dataclasses.dataclass(frozen=True)
class Part:
    """Rows `[start, stop)` of a series that belong to one split."""

    split: str
    start: int
    stop: int


def cut_into_splits(
    num_rows: int, tail: Sequence[tuple[str, float]], gap_rows: int
) -> tuple[Part, ...]:
    """Cuts splits from the tail of a series; the head stays `train`.

    Args:
        num_rows: rows of the series.
        tail: (split, fraction of all rows), in order of time.
        gap_rows: rows left unused between neighbouring splits.

    Returns:
        Disjoint parts in order of time. A series too short for a split has
        no part of it.

    Raises:
        ValueError: unknown split.

    Example:
        >>> cut_into_splits(100, [("validation", 0.1), ("test", 0.2)], 5)
        (Part(split='train', start=0, stop=60), \
Part(split='validation', start=65, stop=75), \
Part(split='test', start=80, stop=100))
    """
    parts = []
    stop = num_rows
    for split, fraction in reversed(list(tail)):
        if split not in SPLITS:
            raise ValueError(
                f"`tail` names splits among {', '.join(SPLITS)}. "
                f"Received: {split!r}"
            )
        length = round(num_rows * fraction)
        if length == 0 or stop <= 0:
            continue
        start = max(stop - length, 0)
        parts.append(Part(split, start, stop))
        stop = start - gap_rows
    if stop > 0:
        parts.append(Part("train", 0, stop))
    return tuple(reversed(parts))


def parts_between(
    parts: Sequence[Part], start: int, stop: int
) -> list[tuple[Part, int, int]]:
    """What of rows `[start, stop)` lies in which part.

    Args:
        parts: disjoint parts in order of time.
        start: first row asked for.
        stop: one past the last row.

    Returns:
        (part, start, stop) with the bounds cut to the part; rows in no part
        are left out.
    """
    first = bisect.bisect_right([part.stop for part in parts], start)
    found = []
    for part in parts[first:]:
        if part.start >= stop:
            break
        found.append((part, max(start, part.start), min(stop, part.stop)))
    return found
