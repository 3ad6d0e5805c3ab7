"""The second pass: a group of files to one TFRecord shard a split."""

import contextlib
import dataclasses
import os
from collections.abc import Mapping

import numpy as np

from preprocessing.counting import Job, is_selected
from preprocessing.gaps import longest_step
from preprocessing.plan import Group, Plan
from preprocessing.readers.base import BadRow, Block, Source
from preprocessing.readers.times.ordering import SHARED
from preprocessing.records import encode, record_writer
from preprocessing.segments import Segment, SegmentCutter
from preprocessing.splits import parts_between
from preprocessing.tally import SplitTally
from trainer import storage
from trainer.schema import Split
from trainer.statistics.columns import ColumnStatistics

__all__ = ["GroupResult", "write_group"]

# Values of a segment; read back whole, so small enough for a shuffle buffer.
_SEGMENT_BYTES = 1 << 20
# Long halos must stay a small part of what is stored.
_SEGMENT_HALOS = 4
# Rows that wait in memory, of all series of a file together.
_PENDING_BYTES = 1 << 26


@dataclasses.dataclass(frozen=True)
class GroupResult:
    """What was written for one group of files.

    Attributes:
        number: of the group.
        plan: what was decided for all series alike.
        splits: split to rows, labels and shards; `series` counts whole
            series only.
        series_ids: split to the long series it has.
        statistics: of its train rows.
        num_good: rows taken; lines for whole series.
        num_bad: rows refused.
        num_shared: of them, rows that a file before has too.
        first_bad: the first refused row, in words.
        num_unused: rows in the gaps between splits.
        is_too_large: a cell is beyond float32, the dtype it was stored in.
        error: why a file could not be read or written; "" = all could.
    """

    number: int
    plan: Plan
    splits: Mapping[str, Split] = dataclasses.field(default_factory=dict)
    series_ids: Mapping[str, frozenset[str]] = dataclasses.field(
        default_factory=dict
    )
    statistics: ColumnStatistics | None = None
    num_good: int = 0
    num_bad: int = 0
    num_shared: int = 0
    first_bad: str = ""
    num_unused: int = 0
    is_too_large: bool = False
    error: str = ""


def write_group(job: Job, group: Group, plan: Plan) -> GroupResult:
    """Reads files and writes their shards; nothing where the plan failed.

    Args:
        job: what all steps know.
        group: a number for the names of the shards; files in order.
        plan: how to write these files.
    """
    number, sources = group
    decided = plan.without_series()
    indices = {index for index, _ in plan.offsets}
    sources = [source for source in sources if source[0] in indices]
    if plan.errors or not sources:
        return GroupResult(number, decided)
    try:
        with contextlib.ExitStack() as stack:
            writer = _ShardWriter(job, plan, number, stack)
            for index, source in sources:
                writer.add_source(index, source)
            return writer.result()
    except ValueError as error:
        return GroupResult(number, decided, error=str(error))
    except OSError as error:
        message = _explained(error, job.folder)
        return GroupResult(number, decided, error=message)


class _ShardWriter:
    """Takes what a reader yields; writes segments, keeps the counts."""

    def __init__(self, job, plan, number, stack) -> None:
        self._job = job
        self._plan = plan
        self._number = number
        self._stack = stack
        self._index = -1
        self._source = Source("")
        self._cutters: dict[str, SegmentCutter] = {}
        self._writers: dict = {}
        self._tally = SplitTally(len(job.names), job.reader.has_whole_series)
        self._num_good = self._num_bad = self._num_unused = 0
        self._num_shared = 0
        self._num_lines = self._num_pending = 0
        self._is_too_large = False
        self._first_bad = ""
        self._dead_letters = None

    def add_source(self, index: int, source: Source) -> None:
        """Takes the next file from its start to its end."""
        self._index, self._source, self._num_lines = index, source, 0
        after = {
            series_id: time
            for (position, series_id), time in self._plan.latest.items()
            if position == index
        }
        reader = self._job.reader
        for item in reader.read_after(source, self._job.names, after):
            if isinstance(item, BadRow):
                self.refuse(item)
            elif reader.has_whole_series:
                self.add_whole_series(item)
            else:
                self.add(item)
        for cutter in self._cutters.values():
            for segment in cutter.finish():
                self._write_segment(segment)
            self._num_unused += cutter.num_unused_rows
        self._cutters = {}
        self._num_pending = 0

    def refuse(self, row: BadRow) -> None:
        """Writes a dead letter."""
        if self._dead_letters is None:
            name = f"dead_letters-{self._number:05d}.jsonl"
            self._dead_letters = self._stack.enter_context(
                storage.binary_written_whole(
                    os.path.join(self._job.folder, name)
                )
            )
        if self._num_bad == self._num_shared:
            # A row that is lost says more than one that is shared.
            self._first_bad = f"{row.path} line {row.line}: {row.reason}"
        self._num_bad += 1
        self._num_shared += row.reason == SHARED
        self._num_lines += 1
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
        cutter = self._cutters[block.series_id]
        self._num_pending -= cutter.num_new_rows
        for segment in cutter.add(block):
            self._write_segment(segment)
        self._num_pending += cutter.num_new_rows
        if self._num_pending * block.values.shape[1] * 8 > _PENDING_BYTES:
            self._cut_fullest()

    def add_whole_series(self, block: Block) -> None:
        """Takes one short series; its line says its split."""
        key = self._index, self._source.name
        line = self._plan.offsets[key] + self._num_lines
        self._num_lines += 1
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

    def _cut_fullest(self) -> None:
        """Writes what waits, of series with more of it than their halo."""
        halo = self._job.settings.max_window_length
        for cutter in self._cutters.values():
            if cutter.num_new_rows > halo:
                self._num_pending -= cutter.num_new_rows
                for segment in cutter.cut():
                    self._write_segment(segment)

    def result(self) -> GroupResult:
        """Says what was written."""
        return GroupResult(
            number=self._number,
            plan=self._plan.without_series(),
            splits=self._tally.splits,
            series_ids={
                split: frozenset(ids)
                for split, ids in self._tally.series_ids.items()
            },
            statistics=self._tally.statistics(),
            num_good=self._num_good,
            num_bad=self._num_bad,
            num_shared=self._num_shared,
            first_bad=self._first_bad,
            num_unused=self._num_unused,
            is_too_large=self._is_too_large,
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
                f"{split}-{self._number:05d}-of-"
                f"{self._job.num_groups:05d}.tfrecord"
            )
            self._writers[split] = self._stack.enter_context(
                record_writer(os.path.join(self._job.folder, name))
            )
            self._tally.open(split, name)
        life = self._plan.lives.get(segment.series_id)
        if life is not None:
            labels = life.labels(segment.start, len(segment.values))
            segment = dataclasses.replace(segment, labels=labels)
        record, is_too_large = encode(segment, self._plan.dtype)
        self._is_too_large |= is_too_large
        self._writers[split](record)
        self._tally.add(segment)


def _explained(error: OSError, folder: str) -> str:
    """Says where; the system does not, of a write to an open file."""
    if error.errno is None or error.filename:
        return str(error)
    return (
        f"`{os.path.dirname(folder)}` takes no more: {error.strerror}. Free "
        "space there, or name another --output."
    )
