"""Windows read record by record against those of series in memory."""

import dataclasses
from typing import NamedTuple

import hypothesis
import numpy as np
import pytest
import tensorflow as tf
from data_sets import write_segment
from hypothesis import strategies as st

from trainer import record_stream, runs
from trainer.dataset import load_windows
from trainer.record_stream import stream_windows
from trainer.runs import Run
from trainer.schema import Schema, Split


class Piece(NamedTuple):
    """One record: its own rows, and how many of those before it repeats."""

    series_id: str
    start: int
    stop: int
    halo: int
    follows_gap: bool
    sequence_label: int | None = None


def run_of(piece, anomalous=()):
    """The record's rows; a value says its series and its row."""
    rows = np.arange(piece.start - piece.halo, piece.stop)
    values = (rows + 1000.0 * ord(piece.series_id)).astype("float32")
    labels = [(piece.series_id, row) in anomalous for row in rows.tolist()]
    return Run(
        piece.series_id,
        int(rows[0]),
        np.stack([values, -values], axis=1),
        np.array(labels, np.int8),
        piece.sequence_label,
    )


def write(folder, pieces, shard_of, anomalous=(), label_kind="step"):
    """Writes each piece to its shard."""
    names = [f"train-{number}.tfrecord" for number in range(max(shard_of) + 1)]
    for number, name in enumerate(names):
        with tf.io.TFRecordWriter(f"{folder}/{name}") as writer:
            for piece, shard in zip(pieces, shard_of, strict=True):
                run = run_of(piece, anomalous)
                if shard == number:
                    write_segment(
                        writer,
                        run.series_id,
                        run.start,
                        run.values,
                        halo=piece.halo,
                        follows_gap=piece.follows_gap,
                        label=run.labels if label_kind == "step" else None,
                        sequence_label=run.sequence_label,
                    )
    return schema_of(names, label_kind)


def schema_of(shards, label_kind="step"):
    schema = Schema(
        features=(), splits={"train": Split(shards=tuple(shards))}, halo=100
    )
    return dataclasses.replace(
        schema, features=(None, None), label_kind=label_kind
    )


def sorted_windows(windows):
    return sorted(tuple(window.ravel().tolist()) for window in windows)


def streamed(*arguments):
    return sorted(
        window
        for batch in stream_windows(*arguments)
        for window in sorted_windows(batch)
    )


def in_memory(*arguments):
    windows = load_windows(*arguments).without_anomalies()
    return sorted_windows(windows.sample(len(windows)))


@st.composite
def cut_series(draw, series_id):
    """A series in stretches, each cut into records, over several files."""
    most_halo = draw(st.sampled_from([0, 2, 9]))
    pieces, row = [], draw(st.integers(0, 3))
    for _ in range(draw(st.integers(1, 3))):
        stored, follows_gap = 0, draw(st.booleans())
        # A gap shows in the numbers of rows, in the record, or in both.
        row += draw(st.integers(0 if follows_gap or not pieces else 1, 2))
        for length in draw(st.lists(st.integers(1, 9), min_size=1, max_size=6)):
            is_new_file = draw(st.booleans())
            halo = 0 if is_new_file else min(most_halo, stored)
            pieces.append(
                Piece(series_id, row, row + length, halo, follows_gap)
            )
            stored, follows_gap, row = halo + length, False, row + length
    return pieces


@hypothesis.settings(max_examples=400, deadline=None, derandomize=True)
@hypothesis.given(st.data())
def test_any_cut_gives_the_windows_of_whole_series(data):
    """Catches windows lost, doubled or across a gap, at any border."""
    pieces = data.draw(cut_series("a")) + data.draw(cut_series("b"))
    pieces = data.draw(st.permutations(pieces))
    rows = [(piece.series_id, piece.stop - 1) for piece in pieces]
    anomalous = data.draw(st.sets(st.sampled_from(rows), max_size=2))
    length = data.draw(st.integers(1, 12))
    stride = data.draw(st.integers(1, 4))
    num_workers = data.draw(st.integers(1, 3))

    def records(*_):
        for piece in pieces:
            yield run_of(piece, anomalous), piece.halo, piece.follows_gap

    chosen = "", schema_of([]), "train", length, stride, ()
    with pytest.MonkeyPatch.context() as patch:
        for module in (runs, record_stream):
            patch.setattr(module, "read_records", records)
        shares = [
            window
            for worker in range(num_workers)
            for window in streamed(*chosen, (worker, num_workers))
        ]
        assert sorted(shares) == in_memory(*chosen)


@pytest.mark.parametrize("series", [(), ("a",), ("c", "b"), ("c",)])
@pytest.mark.parametrize("num_workers", [1, 2, 3])
def test_files_give_the_windows_of_whole_series(tmp_path, series, num_workers):
    """Catches other series read, and shares that overlap or leave some out."""
    pieces = [
        Piece("a", 0, 9, 0, True),
        Piece("b", 4, 12, 0, True),
        Piece("a", 9, 20, 3, False),
        Piece("a", 20, 22, 0, False),
        Piece("b", 12, 30, 0, True),
        Piece("a", 22, 40, 2, False),
    ]
    anomalous = {("a", 30), ("b", 4)}
    schema = write(tmp_path, pieces, [1, 0, 1, 2, 2, 0], anomalous)
    chosen = str(tmp_path), schema, "train", 6, 2, series
    shares = [
        streamed(*chosen, (worker, num_workers))
        for worker in range(num_workers)
    ]
    assert sorted(sum(shares, [])) == in_memory(*chosen)
    if not series:
        assert all(shares)


@pytest.mark.parametrize("length,stride", [(1, 1), (5, 1), (8, 3), (8, 7)])
def test_windows_equal_the_naive_cut(split_series, length, stride):
    """Catches the same mistake in both readers."""
    folder, schema, rows = split_series
    naive = [
        rows[first : first + length]
        for begin, end in ((0, 70), (80, 100), (0, 3))
        for first in range(begin, end - length + 1)
        if first % stride == 0
    ]
    found = streamed(folder, schema, "train", length, stride)
    assert found == sorted_windows(np.stack(naive))


def test_records_shorter_than_a_window_make_a_chain(tmp_path):
    """Catches a window that spans more than two records."""
    pieces = [
        Piece("a", row, row + 1, 0, follows_gap=row == 0) for row in range(9)
    ]
    schema = write(tmp_path, pieces[::-1], [0, 1, 2] * 3)
    found = streamed(str(tmp_path), schema, "train", 6)
    firsts = [int(window[0]) - 1000 * ord("a") for window in found]
    assert firsts == [0, 1, 2, 3]


def test_gap_that_only_the_record_tells(tmp_path):
    """Catches a window across a gap in time without one in the rows."""
    schema = write(
        tmp_path,
        [Piece("a", 0, 5, 0, True), Piece("a", 5, 10, 0, True)],
        [0, 1],
    )
    found = streamed(str(tmp_path), schema, "train", 4)
    firsts = [int(window[0]) - 1000 * ord("a") for window in found]
    assert firsts == [0, 1, 5, 6]


def test_anomaly_in_the_halo_counts(tmp_path):
    """Catches a window that is normal but for the rows of its halo."""
    pieces = [Piece("a", 0, 5, 0, True), Piece("a", 5, 10, 3, False)]
    schema = write(tmp_path, pieces, [0, 0], {("a", 3)})
    found = streamed(str(tmp_path), schema, "train", 4)
    firsts = [int(window[0]) - 1000 * ord("a") for window in found]
    assert firsts == [4, 5, 6]


@pytest.mark.parametrize("num_workers", [1, 2, 3])
def test_sequences(tmp_path, num_workers):
    """Catches sequences that are joined, or anomalous ones learned."""
    pieces = [
        Piece(name, 0, 5, 0, True, label)
        for name, label in zip("abcdef", (0, 1, -1, 0, 1, 0), strict=True)
    ]
    schema = write(tmp_path, pieces, [0, 1] * 3, label_kind="sequence")
    chosen = str(tmp_path), schema, "train", 5, 1, ()
    shares = [
        streamed(*chosen, (worker, num_workers))
        for worker in range(num_workers)
    ]
    assert sorted(sum(shares, [])) == in_memory(*chosen)
    assert sum(map(len, shares)) == 4


def test_records_without_labels(split_series):
    """Catches rows without a label taken for anomalous."""
    folder, schema, _ = split_series
    chosen = folder, schema, "train", 8
    assert len(streamed(*chosen)) == 63 + 13
    assert streamed(*chosen) == in_memory(*chosen)


@pytest.mark.parametrize("most", [1, 5, 63, 76, 1000])
def test_batches_are_neither_empty_nor_too_large(
    split_series, monkeypatch, most
):
    """Catches windows lost at the end of a batch, and a whole file in one."""
    folder, schema, _ = split_series
    monkeypatch.setattr(record_stream, "_WINDOWS_A_BATCH", most)
    chosen = folder, schema, "train", 8
    sizes = [len(batch) for batch in stream_windows(*chosen)]
    assert sum(sizes) == 76 and min(sizes) > 0
    assert max(sizes) < 2 * most
    assert streamed(*chosen) == in_memory(*chosen)


def test_no_window(split_series):
    """Catches an empty batch, which has no mean."""
    folder, schema, _ = split_series
    assert list(stream_windows(folder, schema, "train", 71)) == []
    assert list(stream_windows(folder, schema, "train", 1, 1, ("c",))) == []


def test_values_keep_their_type(split_series):
    """Catches float32 records that turn into twice the memory."""
    folder, schema, _ = split_series
    for batch in stream_windows(folder, schema, "train", 8):
        assert batch.dtype == schema.dtype
        assert batch.shape[1:] == (8, 2)


def test_damaged_file(split_series):
    """Catches a damaged shard that raises from the depths of TensorFlow."""
    folder, schema, _ = split_series
    with open(f"{folder}/train-0.tfrecord", "r+b") as file:
        file.seek(40)
        file.write(b"xxxx")
    with pytest.raises(ValueError, match="missing or damaged"):
        list(stream_windows(folder, schema, "train", 8))
