"""The second pass: one file to one TFRecord shard a split."""

import contextlib
import dataclasses
import os
from collections.abc import Mapping

import numpy as np

from preprocessing.counting import Job, is_selected
from preprocessing.gaps import longest_step
from preprocessing.plan import Plan
from preprocessing.readers.base import BadRow, Block, Source
from preprocessing.readers.text import series_name
from preprocessing.records import encode, record_writer
from preprocessing.segments import Segment, SegmentCutter
from preprocessing.splits import parts_between
from preprocessing.tally import SplitTally
from trainer.schema import Split
from trainer.statistics.columns import ColumnStatistics

__all__ = ["SourceResult", "write_source"]

# Values of a segment; read back whole, so small enough for a shuffle buffer.
_SEGMENT_BYTES = 1 << 20
# Long halos must stay a small part of what is stored.
_SEGMENT_HALOS = 4


@dataclasses.dataclass(frozen=True)
class SourceResult:
    """What was written for one file.

    Attributes:
        index: position of the file.
        splits: split to rows, labels and shards; `series` counts whole
            series only.
        series_ids: split to the long series it has.
        statistics: of its train rows.
        num_good: rows taken; lines for whole series.
        num_bad: rows refused.
        first_bad: the first refused row, in words.
        num_unused: rows in the gaps between splits.
        error: why the file could not be read; "" = it could.
    """

    index: int
    splits: Mapping[str, Split] = dataclasses.field(default_factory=dict)
    series_ids: Mapping[str, frozenset[str]] = dataclasses.field(
        default_factory=dict
    )
    statistics: ColumnStatistics | None = None
    num_good: int = 0
    num_bad: int = 0
    first_bad: str = ""
    num_unused: int = 0
    error: str = ""


def write_source(
    job: Job, plan: Plan, index: int, source: Source
) -> SourceResult:
    """Reads a file and writes its shards; nothing where the plan failed."""
    if plan.errors or not any(key[0] == index for key in plan.offsets):
        return SourceResult(index)
    try:
        with contextlib.ExitStack() as stack:
            writer = _ShardWriter(job, plan, index, source, stack)
            for item in job.reader.read(source, job.names):
                if isinstance(item, BadRow):
                    writer.refuse(item)
                elif job.reader.has_whole_series:
                    writer.add_whole_series(item)
                else:
                    writer.add(item)
            return writer.result()
    except ValueError as error:
        return SourceResult(index, error=str(error))


class _ShardWriter:
    """Takes what a reader yields; writes segments, keeps the counts."""

    def __init__(self, job, plan, index, source, stack) -> None:
        self._job = job
        self._plan = plan
        self._index = index
        self._source = source
        self._stack = stack
        self._cutters: dict[str, SegmentCutter] = {}
        self._writers: dict = {}
        self._tally = SplitTally(len(job.names), job.reader.has_whole_series)
        self._num_good = self._num_bad = self._num_unused = 0
        self._first_bad = ""
        self._dead_letters = None

    def refuse(self, row: BadRow) -> None:
        """Writes a dead letter."""
        from apache_beam.io.filesystems import FileSystems

        if self._dead_letters is None:
            name = f"dead_letters-{self._index:05d}.jsonl"
            self._dead_letters = self._stack.enter_context(
                FileSystems.create(os.path.join(self._job.folder, name))
            )
            self._first_bad = f"{row.path} line {row.line}: {row.reason}"
        self._num_bad += 1
        self._num_good -= row.has_place
        self._dead_letters.write(row.letter().encode())

    def add(self, block: Block) -> None:
        """Takes the next rows of a long series, if it is selected."""
        self._num_good += len(block.values)
        if not is_selected(self._job.settings, block.series_id):
            return
        if self._plan.label_kind == "step" and block.labels is None:
            unknown = np.full(len(block.values), -1, np.int8)
            block = dataclasses.replace(block, labels=unknown)
        if block.series_id not in self._cutters:
            self._cutters[block.series_id] = self._cutter(block.series_id)
        for segment in self._cutters[block.series_id].add(block):
            self._write_segment(segment)

    def add_whole_series(self, block: Block) -> None:
        """Takes one short series; its line says its split."""
        key = self._index, series_name(self._source.path)
        line = self._plan.offsets[key] + self._num_good + self._num_bad
        self._num_good += 1
        if not is_selected(self._job.settings, block.series_id):
            return
        parts = self._plan.parts[self._source.split, key[1]]
        label = block.sequence_label
        if label is None and self._plan.label_kind == "sequence":
            label = -1
        for part, _, _ in parts_between(parts, line, line + 1):
            self._write_segment(
                Segment(
                    part.split,
                    block.series_id,
                    start=0,
                    halo=0,
                    follows_gap=True,
                    values=block.values,
                    sequence_label=label,
                )
            )

    def result(self) -> SourceResult:
        """Ends all series; says what was written."""
        for cutter in self._cutters.values():
            for segment in cutter.finish():
                self._write_segment(segment)
            self._num_unused += cutter.num_unused_rows
        return SourceResult(
            index=self._index,
            splits=self._tally.splits,
            series_ids={
                split: frozenset(ids)
                for split, ids in self._tally.series_ids.items()
            },
            statistics=self._tally.statistics(),
            num_good=self._num_good,
            num_bad=self._num_bad,
            first_bad=self._first_bad,
            num_unused=self._num_unused,
        )

    def _cutter(self, series_id: str) -> SegmentCutter:
        halo = self._job.settings.max_window_length
        row_bytes = len(self._job.names) * np.dtype(self._plan.dtype).itemsize
        period = self._plan.period_seconds.get(
            series_id, self._plan.sampling_period_seconds
        )
        return SegmentCutter(
            series_id,
            self._plan.parts[self._source.split, series_id],
            max(_SEGMENT_BYTES // row_bytes, _SEGMENT_HALOS * halo),
            halo,
            self._plan.offsets[self._index, series_id],
            longest_step(period),
            self._plan.latest.get((self._index, series_id)),
        )

    def _write_segment(self, segment: Segment) -> None:
        split = segment.split
        if split not in self._writers:
            name = (
                f"{split}-{self._index:05d}-of-"
                f"{self._job.num_sources:05d}.tfrecord"
            )
            self._writers[split] = self._stack.enter_context(
                record_writer(os.path.join(self._job.folder, name))
            )
            self._tally.open(split, name)
        self._writers[split](encode(segment, self._plan.dtype))
        self._tally.add(segment)
