"""Preprocessing from and to a bucket that fails now and then."""

import math

import main_job
import numpy as np
import pytest

from preprocessing import task
from trainer import task as trainer_task
from trainer.runs import read_runs
from trainer.schema import SPLITS, Schema

FLAGS = ("--format=csv", "--max_window_length=10", "--label_column=label")


@pytest.fixture
def raw(tmp_path):
    """Two files of 400 rows; one row of the second is refused."""
    folder = tmp_path / "raw"
    folder.mkdir()
    generator = np.random.default_rng(1)
    for name in ("a", "b"):
        rows = [
            f"{x:.3f},{y:.3f},{int(row % 50 == 0)}"
            for row, (x, y) in enumerate(generator.normal(size=(400, 2)))
        ]
        if name == "b":
            rows[7] = "text,1,0"
        text = "\n".join(["x,y,label", *rows]) + "\n"
        (folder / f"{name}.csv").write_text(text)
    return folder


@pytest.fixture
def bucket(bucket, raw):
    bucket.put_folder("raw", raw)
    return bucket


def _flags(bucket):
    return (
        f"--input={bucket.url('raw/*.csv')}",
        f"--output={bucket.url('data')}",
        *FLAGS,
    )


def _content(folder):
    schema = Schema.load(folder)
    return schema, {
        split: [
            (
                run.series_id,
                run.start,
                repr(run.values.tolist()),
                run.labels.tolist(),
            )
            for run in read_runs(folder, schema, split)
        ]
        for split in SPLITS
    }


def test_a_data_set_in_a_bucket_equals_the_local_one(tmp_path, raw, bucket):
    """Catches rows or letters that a fault loses or doubles, half shards."""
    local = tmp_path / "data"
    main_job.succeed(task.main, f"--input={raw}", f"--output={local}", *FLAGS)
    faults = bucket.faults
    for status in (429, 500, 503):
        faults.answer(status, times=1, method="GET")
        faults.answer(status, times=1, method="POST")
    faults.cut_answer(times=1, method="GET", part="a.csv")
    faults.cut_request(times=1, method="POST", part="/upload/")
    faults.lose_answer(times=1, method="POST", part="/upload/")
    result = main_job.succeed(task.main, *_flags(bucket))
    assert faults.hits == 9
    assert "refused rows: 1" in result.printed
    schema, runs = _content(bucket.url("data"))
    expected, expected_runs = _content(str(local))
    assert runs == expected_runs
    assert schema.features == expected.features
    names = bucket.names()
    (letters,) = [name for name in names if name.endswith(".jsonl")]
    assert b"text,1,0" in bucket.get(letters)
    shards = {
        f"data/{shard}"
        for split in schema.splits.values()
        for shard in split.shards
    }
    others = set(names) - shards - {"raw/a.csv", "raw/b.csv", letters}
    assert others == {"data/schema.json"}


@pytest.mark.parametrize("num_reads", [0, 4, 8])
def test_a_run_that_fails_leaves_the_older_data_set(bucket, num_reads):
    """Catches a manifest that names shards of two runs, or lost ones."""
    main_job.succeed(task.main, *_flags(bucket))
    before = {name: bucket.get(name) for name in bucket.names()}
    # Fails when files are counted, or when they are read to be written.
    bucket.faults.delay(0.0, times=num_reads, method="GET", part="b.csv")
    bucket.faults.answer(403, times=math.inf, method="GET", part="b.csv")
    result = main_job.call(task.main, *_flags(bucket))
    assert result.code == 2
    assert "No access to gs://bucket/raw/b.csv" in result.errors
    assert bucket.faults.hits == num_reads + 1
    assert {name: bucket.get(name) for name in bucket.names()} == before
    bucket.faults.clear()
    main_job.succeed(task.main, *_flags(bucket))
    after = set(bucket.names())
    assert len(after) == len(before)
    # Shards of the older run are gone.
    assert len(after & set(before)) == 3


@pytest.mark.parametrize(
    "status, told", [(401, "No credentials for"), (403, "No access to")]
)
def test_a_bucket_that_denies_access_is_told_so(bucket, status, told):
    """Catches minutes of retries, and a traceback out of a worker."""
    bucket.faults.answer(status, times=math.inf, part="a.csv")
    result = main_job.call(task.main, *_flags(bucket))
    assert result.code == 2
    assert f"{told} gs://bucket/raw/a.csv" in result.errors
    assert "Traceback" not in result.errors
    assert bucket.names() == ["raw/a.csv", "raw/b.csv"]


def test_the_trainer_reads_from_a_bucket(tmp_path, bucket):
    """Catches TensorFlow's own way to buckets, which needs a network."""
    main_job.succeed(task.main, *_flags(bucket))
    main_job.succeed(
        trainer_task.main,
        f"--data_dir={bucket.url('data')}",
        f"--output_dir={tmp_path / 'run'}",
        "--window_length=8",
        "--max_steps=5",
        "--preset=talk_dense",
        "--encoder_units=4",
        "--decoder_units=4",
        *main_job.QUICK,
    )
    assert (tmp_path / "run" / "model" / "saved_model.pb").is_file()
