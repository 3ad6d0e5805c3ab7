"""The preset lstm_ad in the environment of its reference system's container."""

import json
import re

import main_job
import numpy as np
import pytest

from trainer import task
from trainer.checkpoints import Checkpoints
from trainer.schema import Schema

NUM_ROWS = 1200
QUICK = ("--driver=graph", "--tensorboard=false")
HYPERPARAMETERS = {
    "CONTEXT-LENGTH": "8",
    "PREDICTION_LENGTH": "'5'",
    "SEQUENCE-STRIDE": '"4"',
    "HIDDEN-SIZE": "5",
    "NUM-LAYERS": "1",
    "EPOCHS": "2",
}


def series(num_rows=NUM_ROWS, seed=1):
    """Two waves whose range grows, so that each split has its own."""
    generator = np.random.default_rng(seed)
    steps = np.arange(num_rows)
    waves = np.stack([np.sin(steps / 5), np.cos(steps / 7)], axis=1)
    noise = generator.normal(0, 0.1, waves.shape)
    return (waves + noise) * (1 + steps[:, np.newaxis] / num_rows)


def write(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savetxt(path, rows, fmt="%.8f", delimiter=",")


@pytest.fixture
def container(tmp_path, monkeypatch):
    """Folders and variables as such a container has them."""
    root = tmp_path / "ml"
    channel = root / "input" / "data" / "training"
    write(channel / "train.csv", series())
    (root / "model").mkdir()
    monkeypatch.setenv("SM_CHANNEL_TRAINING", str(channel))
    monkeypatch.setenv("SM_MODEL_DIR", str(root / "model"))
    for name, value in HYPERPARAMETERS.items():
        monkeypatch.setenv(f"SM_HP_{name}", value)
    return root


def train(*flags):
    return main_job.call(task.main, "--preset=lstm_ad", *QUICK, *flags)


def numbers(log, pattern):
    return [float(text) for text in re.findall(rf"{pattern}([0-9\.]+)", log)]


def newest_weights(root):
    return Checkpoints(str(root / "checkpoints")).latest().arrays


def test_training_in_a_container(container, monkeypatch):
    """Catches a variable without effect, rows in the wrong split.

    Also a validation channel from which something is learned.
    """
    result = train("--prediction-length", "4")
    assert result.code == 0, result.errors
    assert (container / "model" / "saved_model.pb").exists()

    described = json.loads((container / "config.json").read_text())
    settings = described["settings"]
    assert settings["context_length"] == 8 and settings["units"] == [5]
    # The command line says another one than the variable.
    assert settings["horizon"] == 4
    assert "--context_length=8" in described["command"]

    schema = Schema.load(str(container / "data"))
    assert schema.feature_names == ("feature_0", "feature_1")
    rows = {name: split.rows for name, split in schema.splits.items()}
    assert rows == {
        "train": 840,
        "validation": 120,
        "statistics": 120,
        "tuning": 120,
        "test": 0,
    }
    train_rows = series()[:840]
    for column, feature in enumerate(schema.features):
        assert feature.count == 840
        found = feature.minimum, feature.maximum
        of_rows = train_rows[:, column].min(), train_rows[:, column].max()
        np.testing.assert_allclose(found, of_rows, atol=1e-7)

    metrics = json.loads((container / "metrics.json").read_text())
    learned = metrics["reconstruction"]
    assert learned["train_windows"] == (840 - 12) // 4 + 1
    of_errors = metrics["calculate_error_distribution_statistics"]
    assert of_errors["split"] == "statistics"
    assert metrics["tune_anomaly_thresholds"]["split"] == "tuning"

    assert numbers(result.errors, "epoch: ") == [1, 2]
    mse = numbers(result.errors, "train_mse: ")
    assert len(mse) == 2 and mse[1] < mse[0]
    # With the weights of its end, in which the loss of training is not.
    assert mse[-1] < learned["loss"]
    assert numbers(result.errors, "train:mse ") == mse[-1:]
    assert "valid" not in " ".join(re.findall("epoch: .*", result.errors))

    other = container / "input" / "data" / "validation"
    write(other / "valid.csv", 3 * series(300, seed=2))
    monkeypatch.setenv("SM_CHANNEL_VALIDATION", str(other))
    weights = newest_weights(container)
    again = train("--prediction-length", "4", "--resume=false")
    assert again.code == 0, again.errors
    assert numbers(again.errors, "train_mse: ") == mse
    of_valid = numbers(again.errors, "valid_mse: ")
    assert len(of_valid) == 2 and min(of_valid) > max(mse)
    assert numbers(again.errors, "valid:mse ") == of_valid[-1:]
    described = json.loads((container / "metrics.json").read_text())
    assert described == metrics
    for name, array in newest_weights(container).items():
        np.testing.assert_array_equal(array, weights[name], err_msg=name)


def test_splits_and_lines_are_only_defaults(container):
    """Catches fractions that nobody can change."""
    flags = ["--test_fraction", "0.2", "--tuning_fraction=0.15"]
    result = train(
        *flags, "--training_mode=reconstruction", "--metric_lines=no"
    )
    assert result.code == 0, result.errors
    splits = Schema.load(str(container / "data")).splits
    assert splits["test"].rows == 240 and splits["tuning"].rows == 180
    assert "train_mse" not in result.errors
    later = train("--training_mode=calculate_error_distribution_statistics")
    assert later.code == 0, later.errors


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda lines: ["left,right", *lines],
            "train.csv line 1: not a number: .left",
        ),
        (
            lambda lines: [*lines[:40], "1,high", *lines[40:]],
            "line 41: not a num",
        ),
        (
            lambda lines: [*lines[:40], "1", *lines[40:]],
            "line 41: 1 fields, exp",
        ),
        (lambda lines: lines[:15], "`window_length` rows"),
        (lambda lines: lines[:150], "`batch_size` must not be above"),
        (lambda lines: [], "train.csv"),
    ],
)
def test_wrong_input(container, change, message):
    """Catches a header that becomes a row of values, and a silent repair."""
    path = container / "input" / "data" / "training" / "train.csv"
    lines = change(path.read_text().splitlines())
    path.write_text("".join(f"{line}\n" for line in lines))
    result = train()
    assert result.code == 2
    assert re.search(message, result.errors), result.errors
    assert "Traceback" not in result.errors


def test_validation_channel_of_other_columns(container, monkeypatch):
    """Catches errors of columns that were taken for others."""
    other = container / "input" / "data" / "validation"
    write(other / "valid.csv", series()[:, :1])
    monkeypatch.setenv("SM_CHANNEL_VALIDATION", str(other))
    result = train()
    assert result.code == 2
    assert "`metric_input` must name files like" in result.errors


def test_another_preset_in_the_same_container(container, tmp_path):
    """Catches variables that reach a detector they are not meant for."""
    result = main_job.call(
        task.main,
        "--preset=recommended",
        f"--output_dir={tmp_path}/run",
        *QUICK,
    )
    assert result.code == 2
    assert "`data_dir` must be given, or `input`" in result.errors
