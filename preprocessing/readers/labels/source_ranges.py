"""Gives each source the label ranges of its series."""

import dataclasses
import logging
from collections.abc import Mapping, Sequence

from preprocessing.readers.base import Source
from preprocessing.readers.labels.label_ranges import LabelRanges
from preprocessing.readers.text.names import first_names

__all__ = ["unknown_ranges", "with_ranges"]

_LOG = logging.getLogger(__name__)


def with_ranges(
    sources: Sequence[Source],
    ranges: Mapping[str, LabelRanges],
    may_share_series: bool,
) -> list[Source]:
    """The sources with the ranges of their series.

    Args:
        sources: all files.
        ranges: series id to its stretches; "" = of the only series.
        may_share_series: a column says the series, so any file may hold any.

    Raises:
        ValueError: the ranges are of other series, or cannot be counted.
    """
    if may_share_series:
        _check_named(ranges)
        _check_rows_of_files(ranges, len(sources))
        ranges = {
            name: dataclasses.replace(each, is_in_one_file=len(sources) == 1)
            for name, each in ranges.items()
        }
        return [
            dataclasses.replace(source, label_ranges=ranges)
            for source in sources
        ]
    if "" in ranges:
        if len(sources) > 1:
            _check_named(ranges)
        ranges = {sources[0].name: ranges[""]}
    _check_known(ranges, [source.name for source in sources])
    return [
        dataclasses.replace(
            source, label_ranges={source.name: ranges[source.name]}
        )
        if source.name in ranges
        else source
        for source in sources
    ]


def unknown_ranges(unknown: Sequence[str], names: Sequence[str]) -> str:
    """What to say of label ranges of series that the input does not hold."""
    return (
        "`label_ranges` must name series of the input. Received: "
        f"{first_names(unknown)}; the input has {first_names(names)}. Correct "
        "the column series."
    )


def _check_named(ranges: Mapping[str, LabelRanges]) -> None:
    if "" in ranges:
        raise ValueError(
            "`label_ranges` must name the series of each range where there "
            "are several. Received: a file without the column series. Add it."
        )


def _check_rows_of_files(
    ranges: Mapping[str, LabelRanges], num_files: int
) -> None:
    are_rows = any(
        each.ranges and not each.are_times for each in ranges.values()
    )
    if are_rows and num_files > 1:
        raise ValueError(
            "`label_ranges` must give times where a series may go on in "
            f"another file. Received: row numbers and {num_files} files. Give "
            "times and a --timestamp_column, or one file."
        )


def _check_known(
    ranges: Mapping[str, LabelRanges], names: Sequence[str]
) -> None:
    """Refuses ranges of no series; says which series have none."""
    without = [name for name in names if name not in ranges]
    if len(without) == len(names):
        raise ValueError(unknown_ranges(list(ranges), names))
    if without:
        _LOG.warning(
            "label_ranges names no line for %s: their labels are unknown. A "
            "line with an empty start and end says that a series has no "
            "anomalies.",
            first_names(without),
        )
