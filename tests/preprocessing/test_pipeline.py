"""Many files, and a disk that fills up."""

import json
import os
import resource
import subprocess
import sys

import numpy as np
import pytest
from main_job import succeed

from preprocessing import pipeline, task
from trainer import dataset
from trainer.schema import SPLITS, Schema


def _write_files(folder, num_files, num_rows=100):
    folder.mkdir()
    for number in range(num_files):
        first = 1000 * number
        rows = "".join(f"{first + row},{row}\n" for row in range(num_rows))
        (folder / f"s{number:02d}.csv").write_text("x,y\n" + rows)


@pytest.mark.parametrize("num_groups", [1, 3, 7])
def test_small_files_share_shards(tmp_path, monkeypatch, num_groups):
    """Catches a series joined to its neighbour, lost, or cut otherwise."""
    monkeypatch.setattr(pipeline, "_MAX_GROUPS", num_groups)
    _write_files(tmp_path / "input", 7)
    output = tmp_path / "data"
    succeed(
        task.main,
        f"--input={tmp_path}/input",
        "--format=csv",
        f"--output={output}",
        "--max_window_length=10",
    )
    schema = Schema.load(str(output))
    shards = [len(schema.splits[split].shards) for split in SPLITS]
    assert max(shards) <= num_groups
    assert schema.splits["train"].series == 7
    found = []
    for split in SPLITS:
        windows = dataset.load_windows(str(output), schema, split, 10)
        found += windows.values[windows.starts, 0].astype(int).tolist()
    # Splits of 47, 10, 10, 10, 20 rows hold windows of 10 rows.
    expected = [
        1000 * number + start
        for number in range(7)
        for first, num_windows in ((0, 37), (47, 1), (58, 1), (69, 1), (80, 11))
        for start in range(first, first + num_windows)
    ]
    assert sorted(found) == sorted(expected)


@pytest.mark.parametrize("num_bytes", [1000, 10_000])
def test_a_disk_that_fills_up(tmp_path, num_bytes):
    """Catches half a data set taken for a whole one, and an old one lost."""
    _write_files(tmp_path / "input", 3, num_rows=3000)
    flags = [f"--input={tmp_path}/input", "--format=csv"]
    flags += [f"--output={tmp_path}/data", "--max_window_length=10"]
    (tmp_path / "data").mkdir()
    schema = {"an older": "data set"}
    (tmp_path / "data" / "schema.json").write_text(json.dumps(schema))

    def limit():
        # Like a full disk, a limit fails the write that goes beyond.
        resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, num_bytes))

    done = subprocess.run(
        [sys.executable, "-m", "preprocessing.task", *flags],
        preexec_fn=limit,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2, done.stderr
    errors = done.stderr.splitlines()
    assert errors[-1].startswith("error: ") and "too large" in errors[-1]
    assert os.listdir(tmp_path / "data") == ["schema.json"]
    left = (tmp_path / "data" / "schema.json").read_text()
    assert json.loads(left) == schema
    assert sorted(os.listdir(tmp_path)) == ["data", "input"]


def test_a_group_is_a_run_of_neighbours():
    """Catches a series that goes on in a file of another group's middle."""
    sources = list(range(1300))
    groups = pipeline._grouped(sources)
    assert len(groups) <= pipeline._MAX_GROUPS
    assert [number for number, _ in groups] == list(range(len(groups)))
    flat = [pair for _, group in groups for pair in group]
    assert flat == list(enumerate(sources))
    lengths = np.array([len(group) for _, group in groups])
    assert lengths.max() - lengths[:-1].min() == 0
