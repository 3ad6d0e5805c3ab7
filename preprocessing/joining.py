"""How the files of a series join: rows they share, and row numbers."""

from collections.abc import Mapping, Sequence

from preprocessing.counting import SourceCount
from preprocessing.readers.times.ordering import overlap_message

__all__ = ["join_times", "row_numbers"]


def join_times(
    counts: Sequence[SourceCount],
) -> tuple[dict[tuple[int, str], int], dict[tuple[int, str], int], list[str]]:
    """How the times of files join.

    Args:
        counts: of all files, in order.

    Returns:
        By (file index, series id), the last time in the files before
        (microseconds), and the number of rows that the file before has too,
        which are refused; files that are not in order.
    """
    latest: dict[tuple[int, str], int] = {}
    shared: dict[tuple[int, str], int] = {}
    errors: list[str] = []
    ends: dict[tuple[str, str], tuple[int, str]] = {}
    for count in counts:
        for series_id, (first, last) in count.times.items():
            key = (count.split, series_id)
            if key in ends:
                before, path = ends[key]
                latest[count.index, series_id] = before
                first_times = count.first_times.get(series_id, ())
                num_shared = sum(time <= before for time in first_times)
                if first <= before < last and num_shared < len(first_times):
                    shared[count.index, series_id] = num_shared
                elif first <= before:
                    message = overlap_message(
                        series_id,
                        f"`{count.path}`",
                        first,
                        f"`{path}`",
                        before,
                    )
                    errors.append(message)
            ends[key] = last, count.path
    return latest, shared, errors


def row_numbers(
    counts: Sequence[SourceCount], shared: Mapping[tuple[int, str], int]
) -> tuple[dict[tuple[str, str], int], dict[tuple[int, str], int]]:
    """Rows of each series in all its files; its first row in each file.

    Args:
        counts: of all files, in order.
        shared: (file index, series id) to the rows that are refused.

    Returns:
        (split of the file, series id) to rows, and (file index, series id)
        to the number of its first row.
    """
    totals: dict[tuple[str, str], int] = {}
    offsets: dict[tuple[int, str], int] = {}
    for count in counts:
        for series_id, num_rows in count.rows.items():
            key = (count.split, series_id)
            offsets[count.index, series_id] = totals.get(key, 0)
            num_rows -= shared.get((count.index, series_id), 0)
            totals[key] = totals.get(key, 0) + num_rows
    return totals, offsets
