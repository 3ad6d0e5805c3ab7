import dataclasses
import os

import numpy as np
import pytest

from trainer.runs import read_runs
from trainer.schema import Split


def test_segments_are_joined_and_gaps_kept(split_series):
    """Halo rows counted twice; a window across a gap or two series."""
    folder, schema, rows = split_series
    runs = read_runs(folder, schema, "train")
    assert [(run.series_id, run.start, len(run.values)) for run in runs] == [
        ("a", 0, 70),
        ("a", 80, 20),
        ("b", 0, 3),
    ]
    np.testing.assert_array_equal(runs[0].values, rows[:70])


def test_series_are_selected(split_series):
    """Rows of other series; a split without the series taken for an error."""
    folder, schema, _ = split_series
    runs = read_runs(folder, schema, "train", ("b", "c"))
    assert [run.series_id for run in runs] == ["b"]


def test_damaged_file(split_series):
    """A damaged shard that raises from the depths of TensorFlow."""
    folder, schema, _ = split_series
    with open(f"{folder}/train-0.tfrecord", "r+b") as file:
        file.seek(40)
        file.write(b"xxxx")
    with pytest.raises(ValueError, match="missing or damaged"):
        read_runs(folder, schema, "train")


def test_shards_in_a_bucket(split_series, tmp_path, monkeypatch, bucket):
    """Shards of a run's own folder not found; copies that fill the disk."""
    folder, schema, rows = split_series
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    path = bucket.put_folder("data/run-1", folder).removesuffix("/run-1")
    shards = [f"run-1/{name}" for name in schema.splits["train"].shards]
    elsewhere = dataclasses.replace(
        schema, splits={"train": Split(shards=tuple(shards))}
    )
    bucket.faults.cut_answer(times=2, part="/download/")
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    runs = read_runs(path, elsewhere, "train")
    assert bucket.faults.hits == 2
    assert [run.series_id for run in runs] == ["a", "a", "b"]
    np.testing.assert_array_equal(runs[0].values, rows[:70])
    bucket.delete(f"data/{shards[0]}")
    with pytest.raises(ValueError, match="gs://bucket/data is missing"):
        read_runs(path, elsewhere, "train")
    assert os.listdir(scratch) == []
