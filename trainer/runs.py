"""TFRecords and a schema in, unbroken stretches of series out."""

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from trainer import storage
from trainer.schema import Schema

__all__ = ["Run", "read_records", "read_runs"]

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
_SEQUENCES_A_BATCH = 256


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
        OSError: a bucket cannot be read.
        ValueError: a file is missing or damaged.
    """
    segments = list(read_records(data_dir, schema, split, series))
    segments.sort(key=lambda item: (item[0].series_id, item[0].start + item[1]))
    return [_join(group) for group in _group(segments)]


def read_records(
    data_dir: str, schema: Schema, split: str, series: Sequence[str] = ()
) -> Iterator[tuple[Run, int, bool]]:
    """Yields the records of one split, one by one, in the order of the files.

    Arguments and errors as of `read_runs`.

    Yields:
        The rows with their halo, the number of halo rows, and whether the
        record follows a gap.
    """
    shards = [
        os.path.join(data_dir, name) for name in schema.splits[split].shards
    ]
    wanted = set(series)
    try:
        with storage.local_files(shards) as local_shards:
            for record in _read_segments(local_shards, schema):
                if not wanted or record[0].series_id in wanted:
                    yield record
    except (tf.errors.OpError, FileNotFoundError, ValueError) as error:
        raise ValueError(
            f"A record file under {data_dir} is missing or damaged: run "
            f"`python -m preprocessing.task` again. ({error})"
        ) from error


def _read_segments(
    shards: Sequence[str], schema: Schema
) -> Iterator[tuple[Run, int, bool]]:
    """Yields rows, how many of them are halo, and `follows_gap`."""
    if not shards:
        return
    # Sequences are many and short; other records take a megabyte each.
    is_short = schema.label_kind == "sequence"
    records = tf.data.TFRecordDataset(shards).batch(
        _SEQUENCES_A_BATCH if is_short else 1
    )
    parsed = records.map(lambda batch: tf.io.parse_example(batch, _RECORD))
    for batch in parsed.as_numpy_iterator():
        columns = [batch[name] for name in _RECORD]
        for record in zip(*columns, strict=True):
            fields = dict(zip(_RECORD, record, strict=True))
            run = _decode(fields, schema)
            yield run, int(fields["halo"]), bool(fields["follows_gap"])


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
