"""The first pass over a file: its rows, and a look at the first of them."""

import dataclasses
from collections.abc import Iterable, Mapping

from preprocessing.gaps import period_of
from preprocessing.readers.base import BadRow, Block, Reader, Source
from preprocessing.settings import PreprocessingSettings
from trainer.statistics.columns import ColumnStatistics

__all__ = [
    "NAMES_SHOWN",
    "Job",
    "SourceCount",
    "count_source",
    "is_selected",
    "unknown_series",
]

# A look at the data reads this many cells of each file.
_LOOK_CELLS = 100_000
# Series ids listed in a message.
NAMES_SHOWN = 20


@dataclasses.dataclass(frozen=True)
class Job:
    """What every step of the pipeline knows.

    Attributes:
        reader: reads the format.
        names: columns of the data set.
        settings: the shared flags.
        folder: where shards are written.
        num_groups: shards a split at most.
        dtype: of the stored values; "" = decide by a look.
    """

    reader: Reader
    names: tuple[str, ...]
    settings: PreprocessingSettings
    folder: str
    num_groups: int = 0
    dtype: str = ""


@dataclasses.dataclass(frozen=True)
class SourceCount:
    """What the first pass learns of one file.

    Attributes:
        index: position of the file.
        path: where it lies.
        split: the split all its rows belong to; "" = any.
        rows: series id to rows; file name to lines for whole series.
        times: series id to its first and last timestamp, microseconds, where
            files may share a series.
        first_times: series id to its first timestamps, where rows up to those
            of the file before can be refused.
        num_train_rows: series id to its leading rows that are train, where
            the format says so.
        unmet_ranges: series with label ranges that the file does not hold,
            where a column says the series.
        left_out: some of the series that `--series` does not take.
        label_kind: "step", "sequence" or "none".
        sequence_length: of whole series, else 0.
        statistics: of the first rows.
        period_seconds: series id to the median period of its first rows.
        first_bad: a refused row, in words, where no row can be read.
        error: why the file cannot be read; "" = it can.
    """

    index: int
    path: str = ""
    split: str = ""
    rows: Mapping[str, int] = dataclasses.field(default_factory=dict)
    times: Mapping[str, tuple[int, int]] = dataclasses.field(
        default_factory=dict
    )
    first_times: Mapping[str, tuple[int, ...]] = dataclasses.field(
        default_factory=dict
    )
    num_train_rows: Mapping[str, int] = dataclasses.field(default_factory=dict)
    unmet_ranges: frozenset[str] = frozenset()
    left_out: tuple[str, ...] = ()
    label_kind: str = "none"
    sequence_length: int = 0
    statistics: ColumnStatistics | None = None
    period_seconds: Mapping[str, float] = dataclasses.field(
        default_factory=dict
    )
    first_bad: str = ""
    error: str = ""


def count_source(job: Job, index: int, source: Source) -> SourceCount:
    """Counts the rows of a file and looks at its first ones."""
    try:
        found = job.reader.extents(source, job.names)
        taken = {
            series_id: extent
            for series_id, extent in found.items()
            if job.reader.has_whole_series
            or is_selected(job.settings, series_id)
        }
        blocks = _first_blocks(job, source) if taken else []
        first_bad = "" if found else _first_bad(job, source)
    except (ValueError, OSError) as error:
        return SourceCount(index, source.path, error=str(error))
    count = SourceCount(
        index,
        source.path,
        source.split,
        rows={name: extent.num_rows for name, extent in taken.items()},
        times={
            name: extent.times for name, extent in taken.items() if extent.times
        },
        first_times={
            name: extent.first_times
            for name, extent in taken.items()
            if extent.first_times
        },
        num_train_rows={
            name: extent.num_train_rows
            for name, extent in taken.items()
            if extent.num_train_rows is not None
        },
        unmet_ranges=frozenset(source.label_ranges).difference(found)
        if job.reader.may_share_series
        else frozenset(),
        left_out=tuple(sorted(set(found) - set(taken))[:NAMES_SHOWN]),
        first_bad=first_bad,
    )
    return _with_look(count, blocks, job) if blocks else count


def is_selected(settings: PreprocessingSettings, series_id: str) -> bool:
    """True where `--series` takes this series."""
    return not settings.series or series_id in settings.series


def unknown_series(missing: Iterable[str], found: Iterable[str]) -> str:
    """What to say of `--series` that the input does not hold."""
    return (
        "`series` must name series of the input. Received: "
        f"{', '.join(sorted(missing))}; there are "
        f"{', '.join(sorted(found)[:NAMES_SHOWN])}. Correct --series, or "
        "leave it out to take all."
    )


def _with_look(
    count: SourceCount, blocks: list[Block], job: Job
) -> SourceCount:
    """Adds what the first rows of the file say."""
    first = blocks[0]
    label_kind = "none" if first.labels is None else "step"
    if job.reader.has_whole_series:
        label_kind = "sequence"
    statistics = ColumnStatistics.empty(len(job.names))
    for block in blocks:
        statistics = statistics.merge(ColumnStatistics.from_batch(block.values))
    return dataclasses.replace(
        count,
        label_kind=label_kind,
        sequence_length=(
            len(first.values) if job.reader.has_whole_series else 0
        ),
        statistics=statistics,
        period_seconds={
            block.series_id: period
            for block in reversed(blocks)
            if (period := period_of(block.timestamps))
        },
    )


def _first_bad(job: Job, source: Source) -> str:
    for item in job.reader.read(source, job.names):
        if isinstance(item, BadRow):
            return f"{item.path} line {item.line}: {item.reason}"
    return ""


def _first_blocks(job: Job, source: Source) -> list[Block]:
    blocks: list[Block] = []
    num_cells = 0
    for item in job.reader.read(source, job.names):
        if not isinstance(item, Block):
            continue
        if is_selected(job.settings, item.series_id):
            blocks.append(item)
        num_cells += item.values.size
        if num_cells > _LOOK_CELLS and blocks:
            break
    return blocks
