"""TFRecords and a schema in, batches of windows out."""

import dataclasses
import os
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from trainer.schema import Schema

__all__ = [
    "Run",
    "Windows",
    "gather_windows",
    "load_windows",
    "read_runs",
    "windows_of_runs",
]

_RECORD = {
    "series_id": tf.io.FixedLenFeature((), tf.string),
    "start": tf.io.FixedLenFeature((), tf.int64),
    "halo": tf.io.FixedLenFeature((), tf.int64),
    "follows_gap": tf.io.FixedLenFeature((), tf.int64, 0),
    "values": tf.io.FixedLenFeature((), tf.string),
    "label": tf.io.FixedLenFeature((), tf.string, b""),
    "sequence_label": tf.io.FixedLenFeature((), tf.int64, -2),
    "timestamp": tf.io.FixedLenFeature((), tf.string, b""),
}
_RECORDS_A_BATCH = 256


class Run(NamedTuple):
    """An unbroken stretch of one series within one split.

    Attributes:
        series_id: which series.
        start: row number of the first row in its series.
        values: `[time, feature]` schema dtype, raw units, NaN = not measured.
        labels: `[time]` int8 0, 1, -1 unknown; None = no labels per step.
        sequence_label: 0, 1, -1; None = no label per sequence.
        timestamps: `[time]` int64 microseconds; None = no timestamps.
    """

    series_id: str
    start: int
    values: np.ndarray
    labels: np.ndarray | None = None
    sequence_label: int | None = None
    timestamps: np.ndarray | None = None


def read_runs(
    data_dir: str, schema: Schema, split: str, series: Sequence[str] = ()
) -> list[Run]:
    """Reads one split; segments of a series are joined, halo rows dropped.

    Args:
        data_dir: folder that preprocessing wrote.
        schema: its schema.
        split: name of the split.
        series: ids to read; empty = all. A split need not hold them all.

    Raises:
        ValueError: a file is missing or damaged.
    """
    shards = [
        os.path.join(data_dir, name) for name in schema.splits[split].shards
    ]
    wanted = set(series)
    segments = [
        segment
        for segment in _read_segments(shards, schema)
        if not wanted or segment[0].series_id in wanted
    ]
    segments.sort(key=lambda item: (item[0].series_id, item[0].start + item[1]))
    return [_join(group) for group in _group(segments)]


@dataclasses.dataclass(frozen=True)
class Windows:
    """Windows over series that are kept once, in memory.

    Attributes:
        values: `[row, feature]` schema dtype, all runs one after another.
        starts: `[window]` int64, first row of each window.
        window_length: time steps a window.
        labels: `[window]` int8: of its last step, or of its sequence.
        has_anomaly: `[window]` bool: a step of it is labelled 1.
        num_short_runs: runs left out because no window fits.
        series_ids: the series that it was cut from.
    """

    values: np.ndarray
    starts: np.ndarray
    window_length: int
    labels: np.ndarray
    has_anomaly: np.ndarray
    num_short_runs: int = 0
    series_ids: frozenset[str] = frozenset()

    def __len__(self) -> int:
        """Number of windows."""
        return len(self.starts)

    def without_anomalies(self) -> "Windows":
        """The windows in which no step is labelled anomalous."""
        kept = ~self.has_anomaly
        return dataclasses.replace(
            self,
            starts=self.starts[kept],
            labels=self.labels[kept],
            has_anomaly=self.has_anomaly[kept],
        )

    def order(self, seed: int, epoch: int) -> np.ndarray:
        """Window starts of one epoch, shuffled by `seed` and `epoch`."""
        return np.random.default_rng((seed, epoch)).permutation(self.starts)

    def batches(
        self, batch_size: int, starts: np.ndarray | None = None
    ) -> tf.data.Dataset:
        """Batches `[batch, time, feature]`; the last one may be smaller.

        Args:
            batch_size: windows a batch.
            starts: window starts in the order wanted; default: as stored.
        """
        values = tf.constant(self.values)
        length = self.window_length
        ordered = self.starts if starts is None else starts
        return (
            tf.data.Dataset.from_tensor_slices(ordered)
            .batch(batch_size)
            .map(lambda batch: gather_windows(values, batch, length))
            .prefetch(tf.data.AUTOTUNE)
        )


def gather_windows(values: tf.Tensor, starts: tf.Tensor, window_length: int):
    """Cuts windows out of `values` by index.

    Args:
        values: `[row, feature]`.
        starts: `[batch]` int64.
        window_length: time steps a window.

    Returns:
        `[batch, time, feature]`.
    """
    steps = tf.range(window_length, dtype=starts.dtype)
    return tf.gather(values, starts[:, None] + steps)


def load_windows(
    data_dir: str,
    schema: Schema,
    split: str,
    window_length: int,
    stride: int = 1,
    series: Sequence[str] = (),
) -> Windows:
    """Reads one split and lists its windows.

    Args:
        data_dir: folder that preprocessing wrote.
        schema: its schema.
        split: name of the split.
        window_length: time steps a window.
        stride: time steps between windows, counted from row 0 of a series.
        series: ids to read; empty = all.

    Raises:
        ValueError: the window is longer than the stored context.
    """
    if window_length > schema.halo:
        raise ValueError(
            "`window_length` must not be above the data set's "
            f"{schema.halo} rows of context. Received: window_length="
            f"{window_length}. Run `python -m preprocessing.task "
            f"--max_window_length={window_length} ...` again."
        )
    runs = read_runs(data_dir, schema, split, series)
    return windows_of_runs(runs, schema, window_length, stride)


def windows_of_runs(
    runs: Sequence[Run], schema: Schema, window_length: int, stride: int = 1
) -> Windows:
    """Lists the windows of runs that were read already."""
    starts = [np.zeros(0, np.int64)]
    labels = [np.zeros(0, np.int8)]
    has_anomaly = [np.zeros(0, bool)]
    offset = 0
    num_short = 0
    for run in runs:
        length = len(run.values)
        num_short += length < window_length
        first = np.arange(
            -run.start % stride, length - window_length + 1, stride
        )
        starts.append(first + offset)
        steps = _step_labels(run)
        labels.append(steps[first + window_length - 1])
        num_before = np.concatenate([[0], np.cumsum(steps == 1)])
        has_anomaly.append(
            num_before[first + window_length] > num_before[first]
        )
        offset += length
    values = (
        np.concatenate([run.values for run in runs])
        if runs
        else np.zeros((0, len(schema.features)), schema.dtype)
    )
    return Windows(
        values=values,
        starts=np.concatenate(starts),
        window_length=window_length,
        labels=np.concatenate(labels),
        has_anomaly=np.concatenate(has_anomaly),
        num_short_runs=num_short,
        series_ids=frozenset(run.series_id for run in runs),
    )


def _step_labels(run: Run) -> np.ndarray:
    if run.sequence_label is not None:
        return np.full(len(run.values), run.sequence_label, np.int8)
    if run.labels is not None:
        return run.labels
    return np.full(len(run.values), -1, np.int8)


def _read_segments(
    shards: Sequence[str], schema: Schema
) -> Iterator[tuple[Run, int, bool]]:
    """Yields rows, how many of them are halo, and `follows_gap`."""
    if not shards:
        return
    records = tf.data.TFRecordDataset(shards).batch(_RECORDS_A_BATCH)
    parsed = records.map(lambda batch: tf.io.parse_example(batch, _RECORD))
    try:
        for batch in parsed.as_numpy_iterator():
            columns = [batch[name] for name in _RECORD]
            for record in zip(*columns, strict=True):
                fields = dict(zip(_RECORD, record, strict=True))
                run = _decode(fields, schema)
                yield run, int(fields["halo"]), bool(fields["follows_gap"])
    except (tf.errors.OpError, ValueError) as error:
        raise ValueError(
            f"A record file under {os.path.dirname(shards[0])} is missing or "
            "damaged: run `python -m preprocessing.task` again. "
            f"({error})"
        ) from error


def _decode(fields: dict, schema: Schema) -> Run:
    dtype = np.dtype(schema.dtype).newbyteorder("<")
    values = np.frombuffer(fields["values"], dtype)
    labels = np.frombuffer(fields["label"], np.int8)
    timestamps = np.frombuffer(fields["timestamp"], "<i8")
    sequence_label = int(fields["sequence_label"])
    return Run(
        series_id=fields["series_id"].decode(),
        start=int(fields["start"]),
        values=values.reshape(-1, len(schema.features)),
        labels=labels if labels.size else None,
        sequence_label=None if sequence_label == -2 else sequence_label,
        timestamps=timestamps if timestamps.size else None,
    )


def _group(segments: Iterable[tuple[Run, int, bool]]) -> Iterator[list]:
    """Groups segments that continue one another, over files too."""
    group: list = []
    for segment, halo, follows_gap in segments:
        previous = group[-1][0] if group else None
        continues = (
            previous is not None
            and not follows_gap
            and previous.series_id == segment.series_id
            and previous.start + len(previous.values) == segment.start + halo
        )
        if group and not continues:
            yield group
            group = []
        group.append((segment, halo))
    if group:
        yield group


def _join(group: list[tuple[Run, int]]) -> Run:
    first, first_halo = group[0]
    if len(group) == 1 and first_halo == 0:
        return first

    def joined(name: str) -> np.ndarray | None:
        pieces = [getattr(segment, name)[halo:] for segment, halo in group]
        return np.concatenate(pieces)

    return first._replace(
        start=first.start + first_halo,
        values=joined("values"),
        labels=None if first.labels is None else joined("labels"),
        timestamps=None if first.timestamps is None else joined("timestamps"),
    )
