"""Records against TensorFlow's own Example and reader."""

import numpy as np
import pytest
import tensorflow as tf

from preprocessing.records import encode, record_writer
from preprocessing.segments import Segment
from trainer.runs import read_runs
from trainer.schema import Schema, Split


def _segment(**changes):
    content = {
        "split": "train",
        "series_id": "pump é/1",
        "start": 2**40,
        "halo": 1,
        "follows_gap": False,
        "values": np.asfortranarray([[1.0, np.nan], [3.0, 4.5], [5.0, -6.0]]),
        "labels": np.array([0, 1, -1], np.int8),
        "timestamps": np.array([-1, 2, 2**50]),
    } | changes
    return Segment(**content)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_tensorflow_reads_every_feature(dtype):
    """Catches wrong field numbers, byte order or Fortran order of values."""
    segment = _segment()
    example = tf.train.Example.FromString(encode(segment, dtype)[0])
    feature = example.features.feature
    assert sorted(feature) == [
        *("follows_gap", "halo", "label", "length", "series_id", "start"),
        *("timestamp", "values"),
    ]
    assert feature["series_id"].bytes_list.value[0].decode() == "pump é/1"
    assert feature["start"].int64_list.value[:] == [2**40]
    assert feature["halo"].int64_list.value[:] == [1]
    assert feature["length"].int64_list.value[:] == [3]
    values = tf.io.decode_raw(feature["values"].bytes_list.value[0], dtype)
    np.testing.assert_array_equal(
        values.numpy().reshape(3, 2), segment.values.astype(dtype)
    )
    labels = tf.io.decode_raw(feature["label"].bytes_list.value[0], tf.int8)
    assert labels.numpy().tolist() == [0, 1, -1]
    times = tf.io.decode_raw(feature["timestamp"].bytes_list.value[0], tf.int64)
    assert times.numpy().tolist() == [-1, 2, 2**50]


def test_bytes_equal_those_of_tensorflow():
    """Catches an encoding that only our own reader understands."""
    segment = _segment(labels=None, timestamps=None, sequence_label=-1)
    data, _ = encode(segment, "float32")
    example = tf.train.Example.FromString(data)
    assert example.features.feature["sequence_label"].int64_list.value[:] == [
        -1
    ]
    assert "label" not in example.features.feature
    assert example.SerializeToString(deterministic=True) == data


@pytest.mark.parametrize("changes", [{}, {"labels": None, "sequence_label": 0}])
def test_the_trainer_reads_what_was_encoded(tmp_path, changes):
    """Catches a field that writer and trainer name or store differently."""
    segment = _segment(**changes, halo=0)
    with record_writer(str(tmp_path / "a.tfrecord")) as write:
        write(encode(segment, "float64")[0])
    schema = Schema(
        features=(None, None),
        splits={"train": Split(shards=("a.tfrecord",))},
        dtype="float64",
    )
    (run,) = read_runs(str(tmp_path), schema, "train")
    assert (run.series_id, run.start) == (segment.series_id, segment.start)
    assert run.sequence_label == segment.sequence_label
    np.testing.assert_array_equal(run.values, segment.values)
    np.testing.assert_array_equal(run.labels, segment.labels)
    np.testing.assert_array_equal(run.timestamps, segment.timestamps)


def test_writer_leaves_nothing_behind_when_it_fails(tmp_path):
    """Catches half a shard that looks like a whole one."""
    path = tmp_path / "a.tfrecord"
    with record_writer(str(path)) as write:
        write(b"one")
        write(b"")
        assert not path.exists()
    records = list(tf.data.TFRecordDataset(str(path)).as_numpy_iterator())
    assert records == [b"one", b""]
    with pytest.raises(KeyError), record_writer(str(path) + "2") as write:
        write(b"one")
        raise KeyError
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.tfrecord"]
