"""Column roles by flag, for a data set that is there already."""

import json

import numpy as np
import pandas as pd
import pytest
from task_runs import train

from evaluation import report
from inference.scoring import LoadedDetector
from preprocessing import task as preprocessing_task
from trainer.config import PHASES
from trainer.schema import Schema

QUICK = (
    "--window_length=12",
    "--driver=graph",
    "--tensorboard=false",
)


def make_data(folder, *flags, **columns):
    """Preprocesses a table of these columns; the data set's folder."""
    path = folder / "table.csv"
    pd.DataFrame(columns).to_csv(path, index=False)
    data = str(folder / "data")
    names = [f"--input={path}", f"--output={data}", "--format=csv"]
    assert preprocessing_task.main([*names, *flags]) == 0
    return data, Schema.load(data)


def test_the_detector_takes_the_roles(long_data_set, tmp_path, capsys):
    """Flags that change nothing, or need the data written anew."""
    data, schema = long_data_set
    flags = ["--covariate_columns=sensor_1", "--ignored_columns=sensor_3"]
    assert train(long_data_set, tmp_path, *QUICK, *flags) == 0
    detector = LoadedDetector(str(tmp_path / "model"))
    assert detector.scored_names == ("sensor_0", "sensor_2")
    assert detector.feature_names == schema.feature_names
    rows = np.random.default_rng(1).normal(size=(40, 4)).astype("f4")
    scores = detector.score_series(rows).score
    rows[:, 3] = 99
    np.testing.assert_array_equal(detector.score_series(rows).score, scores)
    config = json.loads((tmp_path / "config.json").read_text())
    assert config["schema_hash"] == schema.hash()
    # The report scores as the model does, and knows its data set.
    flags = [f"--model={tmp_path}/model", f"--data={data}"]
    assert report.main(flags) == 0
    assert "another data set" not in capsys.readouterr().out


def test_a_run_is_of_its_roles(long_data_set, tmp_path, capsys):
    """Phases of two detectors in one model; roles to be repeated."""
    first, _, last = PHASES
    flags = [*QUICK, f"--training_mode={first}"]
    ignored = "--ignored_columns=sensor_3"
    assert train(long_data_set, tmp_path, *flags, ignored) == 0
    assert train(long_data_set, tmp_path, *flags) == 2
    assert "`ignored_columns` (['sensor_3'] before" in capsys.readouterr().err
    for phase in PHASES[1:]:
        mode = f"--training_mode={phase}"
        assert train(long_data_set, tmp_path, mode) == 0
    model = LoadedDetector(str(tmp_path / "model"))
    assert "sensor_3" not in model.scored_names
    mode = f"--training_mode={last}"
    assert train(long_data_set, tmp_path, mode, ignored) == 2
    assert "Only the reconstruction phase" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--scored_columns=sensor_7"], "sensor_7=scored"),
        (["--scored_columns=sensor_1,sensor_1"], "`sensor_1` as scored"),
        (
            ["--scored_columns=sensor_1", "--ignored_columns=sensor_1"],
            "`sensor_1` as scored and again as ignored",
        ),
        (
            ["--ignored_columns=sensor_0,sensor_1,sensor_2,sensor_3"],
            "At least one column",
        ),
    ],
)
def test_wrong_use(long_data_set, tmp_path, capsys, flags, message):
    """A misspelt name, or two flags of which one is dropped."""
    assert train(long_data_set, tmp_path, *QUICK, *flags) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "checkpoints").exists()


@pytest.mark.parametrize("case", ["constant", "binary", "one"])
def test_unusual_columns(tmp_path, case):
    """A division by zero, or nothing to score, after preprocessing."""
    generator = np.random.default_rng(2)
    wave = np.sin(np.arange(1000) / 5) + generator.normal(0, 0.1, 1000)
    flags, columns = {
        "constant": (["--covariate_columns=c"], {"x": wave, "c": 5.0}),
        "binary": ([], {"a": wave > 0, "b": wave > 0.5}),
        "one": (["--scored_columns=x"], {"x": wave}),
    }[case]
    columns = {name: column * 1.0 for name, column in columns.items()}
    data = make_data(tmp_path, **columns)
    assert train(data, tmp_path / "run", *QUICK, *flags) == 0
    detector = LoadedDetector(str(tmp_path / "run/model"))
    expected = {"constant": ("x",), "binary": ("a", "b"), "one": ("x",)}
    assert detector.scored_names == expected[case]
    rows = np.stack(np.broadcast_arrays(*columns.values()), -1)[:50]
    scored = detector.score_series(rows)
    assert scored.is_scored[11:].all() and np.isfinite(scored.score[11:]).all()
