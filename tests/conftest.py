"""Small data sets for all tests."""

import dataclasses
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
# Tests run side by side: one thread each.
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")

import numpy as np
import pytest

pytest.register_assert_rewrite("talk_contract")

import tensorflow as tf
from bucket_emulator import bucket_emulator
from data_sets import SERIES_LENGTH, feature_of, wave, write_segment

from trainer.schema import SPLITS, Schema, Split


@pytest.fixture(scope="session")
def long_data_set(tmp_path_factory):
    """Folder and schema: one series, labels per step in tuning and test."""
    folder = tmp_path_factory.mktemp("long")
    rng = np.random.default_rng(5)
    values, splits = {}, {}
    for position, name in enumerate(SPLITS):
        rows = wave(rng, SERIES_LENGTH, 4, position * SERIES_LENGTH)
        label = np.zeros(SERIES_LENGTH, np.int8)
        if name in ("tuning", "test"):
            label[100:130] = 1
            rows[100:130] *= 6
        values[name] = rows
        shard = f"{name}-00000-of-00001.tfrecord"
        with tf.io.TFRecordWriter(str(folder / shard)) as writer:
            write_segment(
                writer, "a", position * SERIES_LENGTH, rows, label=label
            )
        splits[name] = Split(
            rows=SERIES_LENGTH,
            series=1,
            normal=int((label == 0).sum()),
            anomalous=int((label == 1).sum()),
            shards=(shard,),
        )
    schema = Schema(
        features=tuple(
            feature_of(f"sensor_{i}", values["train"][:, i]) for i in range(4)
        ),
        splits=splits,
        halo=64,
        label_kind="step",
        reader={"format": "csv"},
    )
    (folder / "schema.json").write_text(schema.to_json())
    return str(folder), schema


@pytest.fixture(scope="session")
def sequence_data_set(tmp_path_factory):
    """Folder and schema: many short sequences with a label each."""
    folder = tmp_path_factory.mktemp("sequences")
    rng = np.random.default_rng(6)
    splits, train = {}, None
    for name in SPLITS:
        count = 300 if name == "train" else 60
        shard = f"{name}-00000-of-00001.tfrecord"
        labels = np.zeros(count, int)
        if name in ("tuning", "test"):
            labels[::2] = 1
        rows = np.stack([wave(rng, 12, 3) for _ in range(count)])
        rows[labels == 1, 8:] *= 9
        train = rows if name == "train" else train
        with tf.io.TFRecordWriter(str(folder / shard)) as writer:
            for i in range(count):
                write_segment(
                    writer,
                    f"{name}-{i:03d}",
                    0,
                    rows[i],
                    sequence_label=int(labels[i]),
                )
        splits[name] = Split(
            rows=count * 12,
            series=count,
            normal=int((labels == 0).sum()),
            anomalous=int((labels == 1).sum()),
            shards=(shard,),
        )
    schema = Schema(
        features=tuple(
            feature_of(f"tag_{i}", train[:, :, i].ravel()) for i in range(3)
        ),
        splits=splits,
        halo=64,
        label_kind="sequence",
        sequence_length=12,
        reader={"format": "sequences"},
    )
    (folder / "schema.json").write_text(schema.to_json())
    return str(folder), schema


@pytest.fixture
def bucket():
    """An empty bucket on this machine."""
    with bucket_emulator() as running:
        yield running


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
