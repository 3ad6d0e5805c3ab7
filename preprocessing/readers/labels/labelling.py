"""Gives blocks the labels of their series' ranges."""

import dataclasses
from collections.abc import Iterable, Iterator

from preprocessing.readers.base import BadRow, Block, Source
from preprocessing.readers.times.unix_times import shown_time

__all__ = ["labelled"]


def labelled(
    items: Iterable[Block | BadRow], source: Source
) -> Iterator[Block | BadRow]:
    """Labels the blocks of one file by the ranges of its source.

    Series without ranges keep the labels they have.

    Args:
        items: what was read from the file.
        source: the file and its ranges.

    Raises:
        ValueError: a range lies beyond the rows of a series in one file.
    """
    num_rows: dict[str, int] = {}
    times: dict[str, tuple[int, int]] = {}
    for item in items:
        if isinstance(item, Block) and item.series_id in source.label_ranges:
            name = item.series_id
            first_row = num_rows.get(name, 0)
            num_rows[name] = first_row + len(item.values)
            if item.timestamps is not None and len(item.timestamps):
                first = times.get(name, (int(item.timestamps[0]), 0))[0]
                times[name] = first, int(item.timestamps[-1])
            ranges = source.label_ranges[name]
            labels = ranges.labels(first_row, len(item.values), item.timestamps)
            item = dataclasses.replace(item, labels=labels)
        yield item
    for name, count in num_rows.items():
        if source.label_ranges[name].is_in_one_file:
            _check_met(source, name, count, times.get(name))


def _check_met(
    source: Source,
    series_id: str,
    num_rows: int,
    times: tuple[int, int] | None,
) -> None:
    """Refuses ranges beyond the rows: they belong to another series."""
    label_ranges = source.label_ranges[series_id]
    if label_ranges.are_times and times is not None:
        begin, end = times[0], times[1] + 1
        is_met = [
            start < end and stop > begin for start, stop in label_ranges.ranges
        ]
        extent = f"times from {shown_time(begin)} to {shown_time(end - 1)}"
    else:
        is_met = [stop <= num_rows for _, stop in label_ranges.ranges]
        extent = f"rows 0 to {num_rows - 1}"
    for (start, stop), met in zip(label_ranges.ranges, is_met, strict=True):
        if met:
            continue
        shown = (
            f"{shown_time(start)} to {shown_time(stop - 1)}"
            if label_ranges.are_times
            else f"{start} to {stop - 1}"
        )
        raise ValueError(
            f"A label range must lie within its series. Received: {shown} for "
            f"series {series_id} in `{source.path}`, which has {extent}. Take "
            "values and labels from the same copy."
        )
