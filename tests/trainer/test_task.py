"""The command line, end to end and with wrong input."""

import dataclasses
import json
import os
import shutil

import numpy as np
import pytest
import tensorflow as tf
from task_runs import SMALL, train

from trainer import task
from trainer.config import PHASES


def test_all_phases_write_everything(long_data_set, tmp_path, capsys):
    """A run that ends well but leaves a file out."""
    assert train(long_data_set, tmp_path, *SMALL) == 0
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert list(metrics) == [
        "reconstruction",
        "calculate_error_distribution_statistics",
        "tune_anomaly_thresholds",
    ]
    assert metrics["tune_anomaly_thresholds"]["time_rule"] == "f_beta"
    config = json.loads((tmp_path / "config.json").read_text())
    assert config["settings"]["encoder_units"] == [8]
    assert config["settings"]["network"] == "dense_autoencoder"
    assert (tmp_path / "model" / "saved_model.pb").exists()
    # A resumed run has no optimizer any more: models would differ by it.
    stored = tf.train.list_variables(
        str(tmp_path / "model/variables/variables")
    )
    assert not [name for name, _ in stored if "optimizer" in name]
    assert "time_threshold" in capsys.readouterr().out


def test_jit_gives_the_same_scores(long_data_set, tmp_path):
    """XLA in one phase that rounds away what another one learned."""
    thresholds = []
    for driver in ("graph", "jit"):
        flags = [*SMALL, f"--driver={driver}"]
        assert train(long_data_set, tmp_path / driver, *flags) == 0
        text = (tmp_path / driver / "metrics.json").read_text()
        found = json.loads(text)[PHASES[2]]
        thresholds.append([found["time_threshold"], found["feature_threshold"]])
    np.testing.assert_allclose(*thresholds, rtol=1e-3)


def test_tensorboard_logs(long_data_set, tmp_path):
    """A flag that writes nothing."""
    flags = [*SMALL[:-1], "--training_mode=reconstruction"]
    assert train(long_data_set, tmp_path, *flags) == 0
    assert list((tmp_path / "logs").rglob("events.out.tfevents*"))


def test_label_free_rule_without_labels(long_data_set, tmp_path):
    """F-beta asked of a split that has no labels of both classes."""
    folder, schema = long_data_set
    copy = tmp_path / "data"
    shutil.copytree(folder, copy)
    splits = dict(schema.splits) | {"tuning": schema.splits["statistics"]}
    changed = dataclasses.replace(schema, splits=splits)
    (copy / "schema.json").write_text(changed.to_json())
    output = tmp_path / "out"
    assert train((str(copy), changed), output, *SMALL) == 0
    metrics = json.loads((output / "metrics.json").read_text())
    assert metrics["tune_anomaly_thresholds"]["time_rule"] == "quantile"


def test_few_calibration_windows_use_train_and_say_so(
    long_data_set, tmp_path, caplog
):
    """Statistics of a handful of rows; the substitution kept quiet."""
    flags = [*SMALL, "--window_length=64"]
    folder, schema = long_data_set
    copy = tmp_path / "data"
    shutil.copytree(folder, copy)
    splits = dict(schema.splits)
    del splits["statistics"]
    splits["statistics"] = dataclasses.replace(
        schema.splits["train"], shards=()
    )
    changed = dataclasses.replace(schema, splits=splits)
    (copy / "schema.json").write_text(changed.to_json())
    output = tmp_path / "out"
    assert train((str(copy), changed), output, *flags) == 0
    metrics = json.loads((output / "metrics.json").read_text())
    phase = metrics["calculate_error_distribution_statistics"]
    assert phase["split"] == "train"
    assert "errors look smaller" in caplog.text


@pytest.mark.parametrize(
    "flags,message",
    [
        (["--training_mode=tune_anomaly_thresholds"], "reconstruction first"),
        (["--context_length=64"], "--max_window_length=65"),
        (["--num_feat=5"], "`num_feat` must agree"),
        (["--feat_names=a,b,c,d"], "`feat_names` must agree"),
        (["--network=lstm"], "There are: dense_autoencoder"),
        (["--spread_quantil=0.9"], "Did you mean --spread_quantile"),
        (["--num_deviations=2"], "has no use for this flag"),
        (["--batch_size=0"], "`batch_size` must be at least 1"),
        (["--preset=talk_dense", "--time_latent_size=4"], "below the width"),
        (["--series=nobody"], "`series` must name"),
        (
            ["--label_free_threshold_rule=f_beta"],
            "needs no labels: dynamic, peaks",
        ),
        (["--preset=talk_dense", "--encoder_units=64,x"], "list of int"),
        (["--data_dir=nowhere"], "preprocessing.task"),
        (["--output_dir="], "`output_dir` must be given"),
        (["--output_dir=s3://bucket/run"], "begin with gs://"),
        (["--learning_rate=0"], "`learning_rate` must be at least 1e-12"),
        (
            ["--preset=talk_dense", "--batch_size=390"],
            "--batch_size=371 or less",
        ),
        (["--epochs=3"], "learns in one pass. Received: --epochs"),
        (["--alarms_per_day=3"], "--alarms_per_1000_steps"),
        (["--smallest_spread=0"], "at least 1e-06"),
        (["--window_length=10"], "Add --context_length=5"),
        (["--preset=best"], "There are: lstm_ad, recommended"),
        (["--time_threshold=nan"], "`time_threshold` must be at least"),
        (["--time_threshold=x"], "invalid float value"),
        (["--feature_threshold=3"], "must be of a view"),
        (["--fusion=any"], "there must be several"),
        (["--preset=talk_dense", "--fusion=both"], "invalid choice"),
        (["--preset=talk_dense", "--f_score_beta=0"], "`beta` must be"),
        (["--epochs=1.5"], "invalid int value"),
        (["--model_type=nothing"], "invalid choice"),
    ],
)
def test_wrong_use(long_data_set, tmp_path, capsys, flags, message):
    """A stack trace, or an exit code of 0, where nothing was trained."""
    assert train(long_data_set, tmp_path, *flags) == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error
    assert not os.path.exists(tmp_path / "model")


def test_sequences_take_their_own_length(sequence_data_set, tmp_path, capsys):
    """A window that cuts labelled sequences to pieces."""
    flags = [flag for flag in SMALL if "window_length" not in flag]
    assert train(sequence_data_set, tmp_path, *flags) == 0
    config = json.loads((tmp_path / "config.json").read_text())
    assert config["settings"]["window_length"] == 12
    assert train(sequence_data_set, tmp_path, "--window_length=6") == 2
    assert "length of the labelled sequences, 12" in capsys.readouterr().err


def test_aliases_and_ignored_flags(long_data_set, tmp_path, caplog):
    """The talk's command line refused, or its flags dropped in silence."""
    flags = ["--seq_len=12", "--enc_dnn_hidden_units=8", "--job-dir=x"]
    small = [each for each in SMALL if "units" not in each]
    assert train(long_data_set, tmp_path, *small, *flags) == 0
    config = json.loads((tmp_path / "config.json").read_text())
    assert config["settings"]["encoder_units"] == [8]
    assert "Without effect: --job-dir" in caplog.text


@pytest.mark.parametrize("flags", [[], ["--network=dense_autoencoder"]])
def test_help(flags, capsys):
    """Help that hides the flags of the network asked for."""
    assert task.main([*flags, "--help"]) == 0
    text = capsys.readouterr().out
    assert "--learning_rate" in text
    assert ("--encoder_units" in text) == bool(flags)


def test_anomalies_are_no_normal_windows(long_data_set, tmp_path, caplog):
    """A known incident that network and statistics learn as normal."""
    folder, schema = long_data_set
    copy = tmp_path / "data"
    shutil.copytree(folder, copy)
    splits = dict(schema.splits)
    splits["train"] = splits["statistics"] = splits["test"]
    changed = dataclasses.replace(schema, splits=splits)
    (copy / "schema.json").write_text(changed.to_json())
    output = tmp_path / "out"
    assert train((str(copy), changed), output, *SMALL) == 0
    metrics = json.loads((output / "metrics.json").read_text())
    # 389 windows of 12 steps; 41 hold one of the steps 100 to 129.
    assert metrics["reconstruction"]["train_windows"] == 389 - 41
    phase = metrics["calculate_error_distribution_statistics"]
    assert phase["time_rows"] == 389 - 41
    assert "left out as labelled anomalous: 41 of 389" in caplog.text
