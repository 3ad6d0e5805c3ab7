"""The first pass over a file: its rows, and a look at the first of them."""

import dataclasses
from collections.abc import Mapping

import numpy as np

from preprocessing.readers.base import Block, Reader, Source
from preprocessing.settings import PreprocessingSettings
from trainer.statistics.columns import ColumnStatistics

__all__ = ["NAMES_SHOWN", "Job", "SourceCount", "count_source", "is_selected"]

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
        num_sources: files to read.
        dtype: of the stored values; "" = decide by a look.
    """

    reader: Reader
    names: tuple[str, ...]
    settings: PreprocessingSettings
    folder: str
    num_sources: int
    dtype: str = ""


@dataclasses.dataclass(frozen=True)
class SourceCount:
    """What the first pass learns of one file.

    Attributes:
        index: position of the file.
        split: the split all its rows belong to; "" = any.
        rows: series id to rows; file name to lines for whole series.
        left_out: some of the series that `--series` does not take.
        label_kind: "step", "sequence" or "none".
        sequence_length: of whole series, else 0.
        statistics: of the first rows.
        period_seconds: series id to the median period of its first rows.
        error: why the file cannot be read; "" = it can.
    """

    index: int
    split: str = ""
    rows: Mapping[str, int] = dataclasses.field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    label_kind: str = "none"
    sequence_length: int = 0
    statistics: ColumnStatistics | None = None
    period_seconds: Mapping[str, float] = dataclasses.field(
        default_factory=dict
    )
    error: str = ""


def count_source(job: Job, index: int, source: Source) -> SourceCount:
    """Counts the rows of a file and looks at its first ones."""
    try:
        counted = dict(job.reader.count(source, job.names))
        rows = {
            series_id: number
            for series_id, number in counted.items()
            if job.reader.has_whole_series
            or is_selected(job.settings, series_id)
        }
        blocks = _first_blocks(job, source) if rows else []
    except ValueError as error:
        return SourceCount(index, error=str(error))
    left_out = sorted(set(counted) - set(rows))[:NAMES_SHOWN]
    count = SourceCount(index, source.split, rows, tuple(left_out))
    if not blocks:
        return count
    first = blocks[0]
    label_kind = "none" if first.labels is None else "step"
    if first.sequence_label is not None:
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
            block.series_id: float(np.median(np.diff(block.timestamps))) / 1e6
            for block in reversed(blocks)
            if block.timestamps is not None and len(block.timestamps) > 1
        },
    )


def is_selected(settings: PreprocessingSettings, series_id: str) -> bool:
    """True where `--series` takes this series."""
    return not settings.series or series_id in settings.series


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
