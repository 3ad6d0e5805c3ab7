"""One command from a table to model and report, run whole."""

import dataclasses
import json
import os
import signal
import subprocess
import sys

import main_job
import numpy as np
import pandas as pd
import pytest
from public_data import public_data
from training_process import TrainingProcess

from trainer import one_command, task
from trainer.config import RunSettings, load
from trainer.models import NETWORKS
from trainer.presets import PRESETS
from trainer.schema import ROLE_FIELDS, Schema
from trainer.scorers import SCORERS
from trainer.thresholds import RULES

QUICK = (
    "--window_length=12",
    "--driver=graph",
    "--tensorboard=false",
)


def write_table(path, num_rows=1000, seed=3, **columns):
    """Two waves, a switch, a constant and a label a row."""
    generator = np.random.default_rng(seed)
    steps = np.arange(num_rows)
    label = (steps > 0.6 * num_rows) & (steps % 90 < 6)
    table = pd.DataFrame(
        {
            "time": pd.date_range("2024-01-01", periods=num_rows, freq="min"),
            "x": np.sin(steps / 5) + generator.normal(0, 0.1, num_rows),
            "y": np.cos(steps / 5) + generator.normal(0, 0.1, num_rows) + label,
            "on": steps // 40 % 2,
            "still": 3.5,
            "label": label.astype(int),
        }
        | columns
    )
    table.to_csv(path, index=False)
    return path


@pytest.fixture
def table(tmp_path):
    return write_table(tmp_path / "pump.csv")


def run(tmp_path, *flags):
    return main_job.call(
        task.main,
        f"--input={tmp_path}/pump.csv",
        f"--output_dir={tmp_path}/run",
        *QUICK,
        *flags,
    )


def data_written(tmp_path):
    return (tmp_path / "run/data/schema.json").stat().st_mtime_ns


def test_everything_from_one_table(tmp_path, table):
    """Catches a step that is left out, or a result that nobody can find."""
    result = run(tmp_path)
    assert result.code == 0, result.errors
    output = tmp_path / "run"
    for name, place in (
        ("model", "model"),
        ("data", "data"),
        ("page", "report/report.html"),
        ("scores", "report/scores/"),
    ):
        assert f"{name + ':':8}{output}/{place}\n" in result.printed
        assert (output / place).exists()
    assert "standardised distance" in result.printed
    schema = Schema.load(str(output / "data"))
    assert schema.feature_names == ("x", "y", "on", "still")
    command = f"python -m preprocessing.task --input={table}"
    assert schema.command == f"{command} --output={output}/data"

    first = data_written(tmp_path)
    again = run(tmp_path)
    assert again.code == 0, again.errors
    assert "was made from this input" in again.errors
    assert "is done already" in again.errors
    assert data_written(tmp_path) == first


def test_a_changed_file_is_read_again(tmp_path, table):
    """Catches a model of yesterday's rows that is shown as today's."""
    assert run(tmp_path, "--training_mode=reconstruction").code == 0
    assert not (tmp_path / "run/report").exists()
    first = data_written(tmp_path)
    write_table(table, num_rows=1100)
    result = run(tmp_path)
    assert result.code == 2 and "or begin anew with" in result.errors
    # What the model was made from stays beside it.
    assert data_written(tmp_path) == first
    assert run(tmp_path, "--resume=false").code == 0
    assert data_written(tmp_path) > first
    assert Schema.load(str(tmp_path / "run/data")).splits["test"].rows == 220
    # A later phase alone knows the data set.
    later = ["--training_mode=tune_anomaly_thresholds"]
    later.append(f"--output_dir={tmp_path}/run")
    assert main_job.call(task.main, *later).code == 0
    # A damaged data set is made again, the same.
    (tmp_path / "run/data/schema.json").write_text("{}")
    assert run(tmp_path).code == 0


def test_flags_are_handed_on(tmp_path, table):
    """Catches flags that are accepted and dropped; order that matters."""
    flags = ["--test_fraction", "0.4", "--timestamp_column=time"]
    mode = "--training_mode=reconstruction"
    ignored = "--ignored_columns=on"
    result = run(tmp_path, *flags, ignored, mode)
    assert result.code == 0, result.errors
    first = data_written(tmp_path)
    schema = Schema.load(str(tmp_path / "run/data"))
    assert schema.feature_names == ("x", "y", "still")
    assert schema.splits["test"].rows == 400
    result = run(tmp_path, ignored, mode, *flags[2:], *flags[:2])
    assert result.code == 0, result.errors
    assert data_written(tmp_path) == first


def test_no_test_rows_are_no_failure(tmp_path, table):
    """Catches exit code 2 after hours of training that went well."""
    result = run(tmp_path, "--test_fraction=0")
    assert result.code == 0
    assert "no report: the test split has no rows" in result.errors
    assert f"model:  {tmp_path}/run/model" in result.printed
    assert not (tmp_path / "run/report").exists()


def test_a_log_of_json_stays_one(tmp_path, table, monkeypatch):
    """Catches tables between the lines that the cloud's log reads."""
    command = [sys.executable, "-m", "trainer.task", "--log_format=json"]
    command += [f"--input={table}", f"--output_dir={tmp_path}/run", *QUICK]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    assert not ended.stdout
    # TensorFlow itself may say something before.
    lines = ended.stderr.splitlines()
    entries = [json.loads(line) for line in lines if line.startswith("{")]
    text = "\n".join(entry["message"] for entry in entries)
    assert "Data set" in text and "standardised distance" in text
    assert all(line[0] in "{WIE" for line in lines)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--label_colum=label"], "Did you mean --label_column"),
        (["--window_lengt=3"], "Did you mean --window_length"),
        (["--output=there"], "Did you mean --output_dir"),
        (["--format=nab"], "Received"),
        (["--spacecraft=SMAP"], "Preprocessing of csv has no use"),
        (["--input=nothing.csv"], "No file matches"),
        (["--input="], "`data_dir` must be given"),
        (["--output_dir="], "`output_dir` must be given"),
        (["--training_mode=tune_anomaly_thresholds"], "--input"),
        (["--epochs=none"], "invalid int"),
        (["--feat_names=a,b"], "`feat_names` must agree"),
        (["--series=nobody"], "nobody; there are pump"),
        (["--scored_columns=x", "--roles=x=covariate"], "`x` as covariate"),
        (["--covariate_columns=x,x"], "`x` as covariate and again"),
        (["--covariate_columns=z"], "z=covariate"),
        (["--covariate_columns=x,y,on,still"], "with --scored_columns"),
        (["--context_lenght=3"], "--context_length"),
    ],
)
def test_wrong_use(tmp_path, table, flags, message):
    """Catches a traceback, or a flag that changes nothing."""
    result = run(tmp_path, *flags)
    assert result.code == 2
    assert message in result.errors
    assert "Traceback" not in result.errors
    assert not (tmp_path / "run/model").exists()


def test_text_declared_as_covariate(tmp_path):
    """Catches advice that leaves the user with the flag that is wrong."""
    notes = np.where(np.arange(1000) % 2, "good", "bad")
    write_table(tmp_path / "pump.csv", note=notes)
    pd.read_csv(tmp_path / "pump.csv").to_parquet(tmp_path / "pump.parquet")
    for suffix in ("csv", "parquet"):
        name = f"--input={tmp_path}/pump.{suffix}"
        result = run(tmp_path, name, "--covariate_columns=note")
        assert result.code == 2
        told = "`note` cannot have the role covariate"
        assert told in result.errors
        assert "--ignored_columns=note." in result.errors
        mode = "--training_mode=reconstruction"
        ignoring = ["--ignored_columns=note", mode, "--resume=false"]
        assert run(tmp_path, name, *ignoring).code == 0


def test_folders_in_one_another(tmp_path, table):
    """Catches results that the next run reads, or that it replaces."""
    (tmp_path / "in").mkdir()
    write_table(tmp_path / "in/a.csv")
    inner = f"--output_dir={tmp_path}/in/run"
    result = run(tmp_path, f"--input={tmp_path}/in", inner)
    assert result.code == 2
    assert "`output_dir` must not lie in `input`" in result.errors
    result = run(tmp_path, f"--data_dir={tmp_path}")
    assert result.code == 2
    assert "`output_dir` must not lie in `data_dir`" in result.errors
    (tmp_path / "run/report").mkdir(parents=True)
    (tmp_path / "run/report/mine.txt").write_text("precious")
    result = run(tmp_path)
    assert result.code == 2 and "holds no report.md" in result.errors
    assert not (tmp_path / "run/data").exists()


def test_several_workers_preprocess_before(tmp_path, table, monkeypatch):
    """Catches workers that each write the same data set."""
    cluster = {"worker": ["localhost:1", "localhost:2"]}
    task_of = {"type": "worker", "index": 0}
    text = json.dumps({"cluster": cluster, "task": task_of})
    monkeypatch.setenv("TF_CONFIG", text)
    result = run(tmp_path)
    assert result.code == 2
    assert "python -m preprocessing.task` first" in result.errors


def test_folders_of_the_service(tmp_path, table, monkeypatch):
    """Catches trials that share a data set which each of them replaces."""
    monkeypatch.setenv("AIP_MODEL_DIR", f"{tmp_path}/job/model/")
    flags = [f"--input={table}", *QUICK]
    result = main_job.call(task.main, *flags)
    assert result.code == 0, result.errors
    for name in ("model", "data", "report"):
        assert (tmp_path / "job" / name).is_dir()
    monkeypatch.delenv("AIP_MODEL_DIR")
    monkeypatch.setenv("CLOUD_ML_TRIAL_ID", "7")
    monkeypatch.setenv("CLOUD_ML_HP_METRIC_FILE", f"{tmp_path}/metric")
    mode = "--training_mode=reconstruction"
    result = run(tmp_path, mode, f"--data_dir={tmp_path}/sets")
    assert result.code == 0, result.errors
    assert (tmp_path / "sets/7/schema.json").exists()
    assert (tmp_path / "run/7/metrics.json").exists()


def test_names_that_both_know():
    """Catches a new flag that means two things in one command line."""
    registries = (NETWORKS, SCORERS, RULES)
    parts = [load(each, name, "part") for each in registries for name in each]
    classes = [RunSettings, *(part.settings_class for part in parts)]
    names = {f.name for each in classes for f in dataclasses.fields(each)}
    for preset in (load(PRESETS, name, "preset") for name in PRESETS):
        names |= {*preset.aliases, *preset.ignored_flags}
    assert names.intersection(one_command.flag_names()) == {
        "input",
        "series",
        *ROLE_FIELDS,
        *("feat_names", "num_feat"),
    }


def test_frameworks_come_late(tmp_path, table):
    """Catches seconds of imports before a mistyped path is told."""
    script = """
import sys
from preprocessing import task as preprocessing_task
from trainer import task
def loaded():
    return {"tensorflow", "keras", "apache_beam"} & set(sys.modules)
assert task.main([*sys.argv[1:], "--input=nothing.csv"]) == 2
assert not loaded(), loaded()
make = preprocessing_task.make_data_set
def made(request):
    make(request)
    assert "apache_beam" in loaded(), loaded()
    raise ValueError("it was made")
preprocessing_task.make_data_set = made
sys.exit(task.main(sys.argv[1:]))
"""
    flags = [f"--input={table}", f"--output_dir={tmp_path}/run"]
    ended = subprocess.run(
        [sys.executable, "-c", script, *flags], capture_output=True, text=True
    )
    assert ended.returncode == 2, ended.stderr
    assert "it was made" in ended.stderr


def test_stopped_while_preprocessing(tmp_path):
    """Catches an exit code of 0, and a half data set that is gone on with."""
    write_table(tmp_path / "pump.csv", num_rows=300_000)
    flags = [
        f"--input={tmp_path}/pump.csv",
        f"--output_dir={tmp_path}/run",
        "--training_mode=reconstruction",
        *QUICK,
    ]
    with TrainingProcess(flags, tmp_path / "first.log") as process:
        process.wait_for(lambda: list(tmp_path.glob("run/.data.*/*")))
        process.kill(signal.SIGTERM)
        assert process.wait() == 143, process.log
        assert "the same command goes on" in process.log
    assert os.listdir(tmp_path / "run") == []
    with TrainingProcess(flags, tmp_path / "second.log") as process:
        process.succeed()
    assert (tmp_path / "run/metrics.json").exists()


@pytest.mark.parametrize(
    ("folder", "series"),
    [
        ("nasa", "T-1"),
        ("ucr", "135_UCR_Anomaly_InternalBleeding16_1200_4187_4199"),
    ],
)
def test_public_data(tmp_path, folder, series):
    """Catches a format that only its own flags would make work."""
    flags = [f"--input={public_data(folder)}", f"--series={series}"]
    result = run(tmp_path, *flags)
    assert result.code == 0, result.errors
    numbers = json.loads((tmp_path / "run/report/metrics.json").read_text())
    assert numbers["data"]["split"] == "test"
