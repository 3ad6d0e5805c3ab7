"""Labels by life, from files to a data set and to a tuned model."""

import json
import pickle

import numpy as np
import pytest
from main_job import call, succeed

from preprocessing import task
from preprocessing.counting import Job, SourceCount
from preprocessing.plan import make_plan
from preprocessing.readers.csv import CsvReader, CsvSettings
from preprocessing.settings import PreprocessingSettings
from trainer import task as trainer_task
from trainer.runs import read_runs
from trainer.schema import SPLITS, Schema

NORMAL, ANOMALOUS = 0.3, 0.2
FLAGS = (
    f"--normal_life_fraction={NORMAL}",
    f"--anomalous_life_fraction={ANOMALOUS}",
    "--max_window_length=12",
)


def _lives(num_lives=10, num_rows=60):
    """Device to rows `[time, 2]`, longer from device to device."""
    generator = np.random.default_rng(2)
    return {
        f"device-{number}": generator.normal(
            size=(num_rows + 7 * number, 2)
        ).round(3)
        for number in range(num_lives)
    }


def _write(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [",".join(map(str, row)) for row in rows]
    path.write_text("\n".join(["x,y", *lines]) + "\n")


@pytest.fixture
def folder(tmp_path):
    """A file each life."""
    for name, rows in _lives().items():
        _write(tmp_path / f"in/{name}.csv", rows)
    return tmp_path / "in"


def _label(row, num_rows):
    if row < round(NORMAL * num_rows):
        return 0
    return 1 if row >= num_rows - round(ANOMALOUS * num_rows) else -1


def _check(output, lives):
    """Each life in one split, with values, labels and counts as they are."""
    schema = Schema.load(str(output))
    assert schema.label_kind == "step"
    seen = []
    for name in SPLITS:
        labels = []
        for run in read_runs(str(output), schema, name):
            rows = lives[run.series_id]
            stop = len(rows)
            if name not in ("tuning", "test"):
                stop -= round(ANOMALOUS * stop)
            assert run.start == 0 and len(run.values) == stop
            np.testing.assert_array_equal(run.values, rows[:stop].astype("f4"))
            expected = [_label(row, len(rows)) for row in range(stop)]
            np.testing.assert_array_equal(run.labels, expected)
            seen.append(run.series_id)
            labels += expected
        split = schema.splits[name]
        counted = split.normal, split.anomalous, split.unknown
        assert counted == tuple(map(labels.count, (0, 1, -1)))
        assert split.rows == len(labels) > 0
    assert sorted(seen) == sorted(lives)
    return schema


def test_a_file_each_life(tmp_path, folder, monkeypatch):
    """Catches labels that start anew with each segment, and lives in two."""
    monkeypatch.setattr("preprocessing.shards._SEGMENT_BYTES", 50)
    monkeypatch.setattr("preprocessing.shards._SEGMENT_HALOS", 1)
    output = tmp_path / "data"
    printed = succeed(
        task.main, f"--input={folder}", f"--output={output}", *FLAGS
    ).printed
    schema = _check(output, _lives())
    series = {name: split.series for name, split in schema.splits.items()}
    assert series == {
        "train": 5,
        "validation": 1,
        "statistics": 1,
        "tuning": 1,
        "test": 2,
    }
    assert f"{schema.splits['test'].anomalous}" in printed


@pytest.mark.parametrize("has_time", [True, False])
def test_lives_over_two_files(tmp_path, has_time):
    """Catches a life for each file, and rows that two files share."""
    lives = _lives(6)
    for number in range(2):
        lines = ["id,time,x,y" if has_time else "id,x,y"]
        for name, rows in lives.items():
            half = len(rows) // 2
            start = (half - 2 * has_time) * number
            stop = len(rows) if number else half
            for row in range(start, stop):
                time = f"{row * 60}," if has_time else ""
                lines.append(f"{name},{time}{rows[row, 0]},{rows[row, 1]}")
        (tmp_path / f"part-{number}.csv").write_text("\n".join(lines))
    flags = ["--format=csv", "--series_column=id", *FLAGS]
    flags += ["--timestamp_column=time"] * has_time
    output = tmp_path / "data"
    files = f"--input={tmp_path}/part-*.csv"
    succeed(task.main, files, f"--output={output}", *flags)
    _check(output, lives)


def test_a_refused_row_keeps_its_place(tmp_path, folder):
    """Catches labels that move where a row cannot be read."""
    path = folder / "device-3.csv"
    lines = path.read_text().splitlines()
    lines[8] = "broken,1"
    path.write_text("\n".join(lines))
    lives = _lives()
    lives["device-3"][7] = np.nan
    output = tmp_path / "data"
    flags = [f"--output={output}", "--max_bad_fraction=0.1", *FLAGS]
    succeed(task.main, f"--input={folder}", *flags)
    _check(output, lives)
    assert "broken" in (output / "dead_letters.jsonl").read_text()


def test_series_that_are_chosen(tmp_path, folder):
    """Catches splits that are dealt to series that nobody wants."""
    names = [f"device-{number}" for number in (1, 2, 4, 7, 8)]
    output = tmp_path / "data"
    flags = [f"--output={output}", f"--series={','.join(names)}", *FLAGS]
    succeed(task.main, f"--input={folder}", *flags)
    _check(output, {name: _lives()[name] for name in names})


def test_arrays(tmp_path):
    """Catches arrays that are refused though no folder says their split."""
    (tmp_path / "lives").mkdir()
    for name, rows in _lives(5).items():
        np.save(tmp_path / f"lives/{name}.npy", rows)
    output = tmp_path / "data"
    files = f"--input={tmp_path}/lives/*.npy"
    succeed(task.main, files, f"--output={output}", *FLAGS)
    _check(output, _lives(5))


def test_a_worker_gets_the_lives_of_its_files():
    """Catches a plan that no engine can send, or one of all series."""
    settings = PreprocessingSettings(
        normal_life_fraction=NORMAL, anomalous_life_fraction=ANOMALOUS
    )
    job = Job(CsvReader(CsvSettings()), ("x",), settings, "folder")
    counts = [SourceCount(at, rows={f"{at}": 10}) for at in range(5)]
    plan = make_plan(counts, job)
    assert not plan.errors and len(plan.lives) == 5
    source = job.reader.sources(__file__)[0]
    ((_, part),) = plan.for_groups([(0, ((3, source),))])
    assert part.lives == {"3": (3, 8)}
    assert pickle.loads(pickle.dumps(part)) == part  # noqa: S301


@pytest.mark.parametrize("num_lives", [1, 4])
def test_too_few_lives(tmp_path, num_lives):
    """Catches a split that is empty in silence."""
    for name, rows in _lives(num_lives).items():
        _write(tmp_path / f"in/{name}.csv", rows)
    flags = [f"--input={tmp_path}/in", f"--output={tmp_path}/data", *FLAGS]
    result = call(task.main, *flags)
    assert result.code == 2
    assert f"Received: {num_lives}" in result.errors
    assert "--statistics_fraction=0" in result.errors
    assert not (tmp_path / "data").exists()


def test_a_series_that_is_not_there(tmp_path, folder):
    """Catches "too few" where a name was mistyped."""
    flags = [f"--input={folder}", f"--output={tmp_path}/data", *FLAGS]
    result = call(task.main, *flags, "--series=device-1,nobody")
    assert result.code == 2
    assert "`series` must name series" in result.errors


def _labelled(tmp_path):
    for name, rows in _lives().items():
        table = np.column_stack([rows, rows[:, 0] > 1])
        lines = [f"{x},{y},{label:g}" for x, y, label in table]
        text = "\n".join(["x,y,label", *lines])
        (tmp_path / f"{name}.csv").write_text(text)
    return f"--input={tmp_path}/*.csv"


def test_labels_of_the_input_are_refused(tmp_path):
    """Catches labels that one place says and another one takes away."""
    files = _labelled(tmp_path)
    for flags in ([], ["--format=csv", "--label_column=label"]):
        output = f"--output={tmp_path}/data"
        result = call(task.main, files, output, *FLAGS, *flags)
        assert result.code == 2
        assert "label_column=label. Leave --label_column" in result.errors
    assert "with --ignored_columns=label" in result.errors
    succeed(task.main, files, output, *FLAGS, "--ignored_columns=label")
    _check(tmp_path / "data", _lives())


def test_label_ranges_are_refused(tmp_path, folder):
    """Catches ranges that are read and forgotten."""
    ranges = tmp_path / "ranges.csv"
    ranges.write_text("series,start,end\ndevice-1,3,5\n")
    flags = [f"--input={folder}", f"--output={tmp_path}/data", *FLAGS]
    result = call(task.main, *flags, f"--label_ranges={ranges}")
    assert result.code == 2
    assert "Leave --label_ranges out. Or" in result.errors


def test_sequences_are_refused(tmp_path):
    """Catches each line taken for a life."""
    (tmp_path / "a.csv").write_text("1;2;3,4;5;6\n7;8;9,1;2;3\n" * 50)
    flags = [f"--input={tmp_path}/a.csv", f"--output={tmp_path}/data", *FLAGS]
    result = call(task.main, *flags, "--format=sequences")
    assert result.code == 2
    assert "one of csv, npy, parquet" in result.errors
    assert "Received: format=sequences" in result.errors


def test_lives_in_two_parts_are_refused(tmp_path):
    """Catches positions in train/ taken for positions in a life."""
    for part in ("train", "test"):
        (tmp_path / part).mkdir()
        np.save(tmp_path / f"{part}/a.npy", np.zeros((50, 2)))
    flags = [f"--input={tmp_path}", f"--output={tmp_path}/data", *FLAGS]
    result = call(task.main, *flags)
    assert result.code == 2
    assert "whose folder says that it is train" in result.errors


def test_a_model_tunes_on_labels_by_life(tmp_path):
    """Catches flags that one command drops, and labels that tuning misses."""
    for name, rows in _lives(6, num_rows=250).items():
        rows[-round(0.2 * len(rows)) :] += 6
        _write(tmp_path / f"in/{name}.csv", rows)
    output = tmp_path / "run"
    small = ["--preset=talk_dense", "--encoder_units=8", "--decoder_units=8"]
    small += ["--window_length=12", "--epochs=2", "--driver=graph"]
    flags = [f"--input={tmp_path}/in", f"--output_dir={output}", *FLAGS]
    succeed(trainer_task.main, *flags, *small, "--tensorboard=false")
    metrics = json.loads((output / "metrics.json").read_text())
    assert metrics["tune_anomaly_thresholds"]["time_rule"] == "f_beta"
    report = json.loads((output / "report/metrics.json").read_text())
    assert report["data"]["split"] == "test"
