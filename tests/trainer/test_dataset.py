import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from data_sets import write_segment

from trainer import dataset
from trainer.schema import Schema, Split


@pytest.fixture
def split_series(tmp_path):
    """One series of 100 rows in three halo segments, and one after a gap."""
    rows = np.arange(200, dtype="f4").reshape(100, 2)
    shards = ("train-0.tfrecord", "train-1.tfrecord")
    halo = 8
    with tf.io.TFRecordWriter(str(tmp_path / shards[0])) as writer:
        for first, last in ((40, 70), (0, 40)):
            begin = max(0, first - halo)
            write_segment(
                writer, "a", begin, rows[begin:last], halo=first - begin
            )
    with tf.io.TFRecordWriter(str(tmp_path / shards[1])) as writer:
        write_segment(writer, "b", 0, rows[:3])
        write_segment(writer, "a", 80, rows[80:])
    schema = Schema(
        features=(), splits={"train": Split(shards=shards)}, halo=halo
    )
    schema = dataclasses.replace(
        schema, features=tuple([None, None]), label_kind="none"
    )
    return str(tmp_path), schema, rows


def test_segments_are_joined_and_gaps_kept(split_series):
    """Halo rows counted twice; a window across a gap or two series."""
    folder, schema, rows = split_series
    runs = dataset.read_runs(folder, schema, "train")
    assert [(run.series_id, run.start, len(run.values)) for run in runs] == [
        ("a", 0, 70),
        ("a", 80, 20),
        ("b", 0, 3),
    ]
    np.testing.assert_array_equal(runs[0].values, rows[:70])


@pytest.mark.parametrize("length,stride", [(1, 1), (5, 1), (8, 3), (8, 7)])
def test_windows_equal_the_naive_cut(split_series, length, stride):
    """Windows lost or doubled at borders; a stride that restarts."""
    folder, schema, rows = split_series
    windows = dataset.load_windows(folder, schema, "train", length, stride)
    batches = list(windows.batches(7).as_numpy_iterator())
    naive = [
        rows[first : first + length]
        for begin, end in ((0, 70), (80, 100), (0, 3))
        for first in range(begin, end - length + 1)
        if first % stride == 0
    ]
    np.testing.assert_array_equal(np.concatenate(batches), np.stack(naive))
    assert windows.num_short_runs == (1 if length > 3 else 0)


def test_too_long_a_window_names_the_command(split_series):
    """Windows silently lost because the halo is too short."""
    folder, schema, _ = split_series
    with pytest.raises(ValueError, match="--max_window_length=9"):
        dataset.load_windows(folder, schema, "train", 9)


def test_series_are_selected(split_series):
    """Rows of other series; a split without the series taken for an error."""
    folder, schema, _ = split_series
    runs = dataset.read_runs(folder, schema, "train", ("b", "c"))
    assert [run.series_id for run in runs] == ["b"]


def test_damaged_file(split_series):
    """A damaged shard that raises from the depths of TensorFlow."""
    folder, schema, _ = split_series
    with open(f"{folder}/train-0.tfrecord", "r+b") as file:
        file.seek(40)
        file.write(b"xxxx")
    with pytest.raises(ValueError, match="missing or damaged"):
        dataset.read_runs(folder, schema, "train")


def test_order_is_a_permutation_of_its_seed(long_data_set):
    """An epoch that repeats the last one, or a resume that cannot."""
    folder, schema = long_data_set
    windows = dataset.load_windows(folder, schema, "train", 10)
    first, second = windows.order(3, 0), windows.order(3, 1)
    assert sorted(first) == list(windows.starts)
    assert (first != second).any()
    np.testing.assert_array_equal(first, windows.order(3, 0))


def test_labels(long_data_set, sequence_data_set):
    """The label of a window's first step, or of another sequence."""
    folder, schema = long_data_set
    windows = dataset.load_windows(folder, schema, "test", 10)
    expected = np.zeros(391)
    expected[91:121] = 1
    np.testing.assert_array_equal(windows.labels, expected)
    folder, schema = sequence_data_set
    windows = dataset.load_windows(folder, schema, "test", 12)
    np.testing.assert_array_equal(windows.labels, np.tile([1, 0], 30))


def test_windows_without_anomalies(long_data_set):
    """A window judged by its last step, with an anomaly in its middle."""
    folder, schema = long_data_set
    windows = dataset.load_windows(folder, schema, "test", 10)
    starts = set(windows.without_anomalies().starts)
    expected = {s for s in range(391) if s + 10 <= 100 or s >= 130}
    assert starts == expected
