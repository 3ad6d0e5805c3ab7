"""The command line, end to end and with wrong input."""

import dataclasses
import json
import os
import shutil

import numpy as np
import pytest
import tensorflow as tf

from trainer import task
from trainer.config import PHASES

SMALL = [
    "--encoder_units=8",
    "--decoder_units=8",
    "--window_length=12",
    "--epochs=2",
    "--driver=graph",
    "--tensorboard=false",
]


def train(data_set, output, *flags):
    data_dir, _ = data_set
    return task.main(
        [f"--data_dir={data_dir}", f"--output_dir={output}", *flags]
    )


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


def test_three_runs_equal_one(long_data_set, tmp_path):
    """State lost between phases; flags that must be given again."""
    assert train(long_data_set, tmp_path / "one", *SMALL) == 0
    first, *later = PHASES
    parts = tmp_path / "parts"
    assert train(long_data_set, parts, *SMALL, f"--training_mode={first}") == 0
    assert not (parts / "model").exists()
    for phase in later:
        assert train(long_data_set, parts, f"--training_mode={phase}") == 0
    values = tf.constant(
        np.random.default_rng(0).normal(size=(3, 12, 4)), "float32"
    )
    scores = []
    for folder in (tmp_path / "one", parts):
        loaded = tf.saved_model.load(str(folder / "model"))
        served = loaded.signatures["serving_default"](values=values)
        scores.append([served["time_score"], served["feature_threshold"]])
    for one, other in zip(*scores, strict=True):
        np.testing.assert_array_equal(one, other)


def test_tensorboard_logs(long_data_set, tmp_path):
    """A flag that writes nothing."""
    flags = [*SMALL[:-1], "--training_mode=reconstruction"]
    assert train(long_data_set, tmp_path, *flags) == 0
    assert list((tmp_path / "logs").rglob("events.out.tfevents*"))


def test_retraining_removes_the_model(long_data_set, tmp_path):
    """A model of the old weights left beside new ones, and served."""
    assert train(long_data_set, tmp_path, *SMALL) == 0
    (tmp_path / "figures.json").write_text("{}")
    flags = ["--training_mode=reconstruction", "--resume=false"]
    assert train(long_data_set, tmp_path, *SMALL, *flags) == 0
    assert not (tmp_path / "model").exists()
    assert not (tmp_path / "figures.json").exists()


def test_a_finished_run_is_left_alone(long_data_set, tmp_path, caplog):
    """Hours of training thrown away by starting a command twice."""
    assert train(long_data_set, tmp_path, *SMALL) == 0
    before = {
        path: path.stat().st_mtime_ns
        for path in tmp_path.rglob("*")
        if path.is_file()
    }
    assert train(long_data_set, tmp_path, *SMALL) == 0
    assert "is done already" in caplog.text
    after = {path: path.stat().st_mtime_ns for path in before}
    assert after == before
    # A model that is gone comes back from the checkpoint.
    shutil.rmtree(tmp_path / "model")
    assert train(long_data_set, tmp_path, *SMALL) == 0
    assert (tmp_path / "model" / "saved_model.pb").exists()


def test_another_run_in_the_same_folder(long_data_set, tmp_path, capsys):
    """A run resumed with other settings, or one run lost to another."""
    mode = "--training_mode=reconstruction"
    assert train(long_data_set, tmp_path, *SMALL, mode) == 0
    changed = [*SMALL, mode, "--epochs=3"]
    assert train(long_data_set, tmp_path, *changed) == 2
    error = capsys.readouterr().err
    assert "epochs (2 before, 3 now)" in error
    assert "--resume=false" in error
    assert train(long_data_set, tmp_path, *changed, "--resume=false") == 0
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert metrics["reconstruction"]["epochs"] == 3


def test_flags_without_effect_on_the_result(long_data_set, tmp_path):
    """A run that cannot be resumed because its log looks otherwise."""
    mode = "--training_mode=reconstruction"
    assert train(long_data_set, tmp_path, *SMALL, mode) == 0
    changed = ["--checkpoint_seconds=5", "--tensorboard=true"]
    assert train(long_data_set, tmp_path, *SMALL, *changed) == 0
    assert (tmp_path / "model").exists()


def test_a_changed_data_set_is_refused(
    long_data_set, sequence_data_set, tmp_path, capsys
):
    """Statistics of one data set under a network of another."""
    mode = "--training_mode=reconstruction"
    assert train(long_data_set, tmp_path, *SMALL, mode) == 0
    mode = "--training_mode=calculate_error_distribution_statistics"
    assert train(sequence_data_set, tmp_path, mode) == 2
    assert "another hash" in capsys.readouterr().err


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
        (["--window_length=65"], "--max_window_length=65"),
        (["--num_feat=5"], "`num_feat` must agree"),
        (["--feat_names=a,b,c,d"], "`feat_names` must agree"),
        (["--network=lstm"], "There are: dense_autoencoder"),
        (["--quantil=0.9"], "Did you mean --quantile"),
        (["--num_deviations=2"], "has no use for this flag"),
        (["--batch_size=0"], "`batch_size` must be at least 1"),
        (["--time_latent_size=4"], "must be below the width"),
        (["--series=nobody"], "`series` must name"),
        (
            ["--label_free_threshold_rule=f_beta"],
            "needs no labels: quantile",
        ),
        (["--encoder_units=64,x"], "list of int"),
        (["--data_dir=nowhere"], "preprocessing.task"),
        (["--output_dir="], "`output_dir` must be given"),
        (["--output_dir=s3://bucket/run"], "begin with gs://"),
        (["--learning_rate=0"], "`learning_rate` must be at least 1e-12"),
        (["--batch_size=390"], "--batch_size=371 or less"),
        (["--preset=best"], "There are: talk_dense"),
    ],
)
def test_wrong_use(long_data_set, tmp_path, capsys, flags, message):
    """A stack trace, or an exit code of 0, where nothing was trained."""
    assert train(long_data_set, tmp_path, *flags) == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error
    assert not os.path.exists(tmp_path / "model")


def test_architecture_must_not_change_between_phases(
    long_data_set, tmp_path, capsys
):
    """Statistics of one network under the weights of another."""
    mode = "--training_mode=reconstruction"
    assert train(long_data_set, tmp_path, *SMALL, mode) == 0
    mode = "--training_mode=calculate_error_distribution_statistics"
    assert train(long_data_set, tmp_path, mode, "--encoder_units=9") == 2
    assert "other values of: network_settings" in capsys.readouterr().err


@pytest.mark.parametrize(
    "value,message",
    [
        ("{", "TF_CONFIG must be JSON"),
        ('{"cluster": {"ps": ["a:1"]}}', "no other roles"),
        ('{"cluster": {"worker": ["a:1", "b"]}}', "host:port"),
    ],
)
def test_wrong_cluster(
    long_data_set, tmp_path, capsys, monkeypatch, value, message
):
    """A worker that trains alone, or ends in a stack trace."""
    monkeypatch.setenv("TF_CONFIG", value)
    assert train(long_data_set, tmp_path, *SMALL) == 2
    assert message in capsys.readouterr().err


def test_output_that_cannot_be_written(long_data_set, tmp_path, capsys):
    """An hour of training before the first file is refused."""
    (tmp_path / "file").write_text("")
    assert train(long_data_set, tmp_path / "file" / "run", *SMALL) == 2
    assert "`output_dir` must be a folder" in capsys.readouterr().err
    flag = f"--checkpoint_dir={tmp_path}/file/c"
    assert train(long_data_set, tmp_path / "run", *SMALL, flag) == 2
    assert "`checkpoint_dir` must be a folder" in capsys.readouterr().err


def test_folders_of_the_service(long_data_set, tmp_path, monkeypatch):
    """Results written where managed training does not look for them."""
    for name, folder in (
        ("AIP_MODEL_DIR", "job/model/"),
        ("AIP_CHECKPOINT_DIR", "job/checkpoints/"),
        ("AIP_TENSORBOARD_LOG_DIR", "elsewhere/logs/"),
    ):
        monkeypatch.setenv(name, str(tmp_path / folder))
    data_dir, _ = long_data_set
    flags = [*SMALL[:-1], f"--data_dir={data_dir}"]
    assert task.main(flags) == 0
    assert (tmp_path / "job" / "model" / "saved_model.pb").exists()
    assert (tmp_path / "job" / "metrics.json").exists()
    assert list((tmp_path / "job" / "checkpoints").glob("*.npz"))
    assert list((tmp_path / "elsewhere" / "logs").rglob("events*"))


def test_a_trial_has_its_own_folder(long_data_set, tmp_path, monkeypatch):
    """Trials side by side that write over one another."""
    monkeypatch.setenv("CLOUD_ML_TRIAL_ID", "7")
    metric = tmp_path / "metric"
    monkeypatch.setenv("CLOUD_ML_HP_METRIC_FILE", str(metric))
    mode = "--training_mode=reconstruction"
    assert train(long_data_set, tmp_path, *SMALL, mode) == 0
    assert (tmp_path / "7" / "metrics.json").exists()
    assert not (tmp_path / "metrics.json").exists()
    told = json.loads(metric.read_text().splitlines()[-1])
    metrics = json.loads((tmp_path / "7" / "metrics.json").read_text())
    assert float(told["val_loss"]) == metrics["reconstruction"]["val_loss"]
    # On another machine, after a kill.
    metric.unlink()
    assert train(long_data_set, tmp_path, *SMALL, mode) == 0
    assert json.loads(metric.read_text().splitlines()[-1]) | {
        "timestamp": 0
    } == (told | {"timestamp": 0})


@pytest.mark.parametrize("name", ["config.json", "metrics.json"])
@pytest.mark.parametrize("text", ["{", "{}", "[]"])
def test_damaged_files(long_data_set, tmp_path, capsys, name, text):
    """A file cut short by a full disk that ends in a stack trace."""
    (tmp_path / name).write_text(text)
    mode = "--training_mode=tune_anomaly_thresholds"
    assert train(long_data_set, tmp_path, mode) == 2
    assert "reconstruction" in capsys.readouterr().err


def test_flags_of_the_first_phase_alone(long_data_set, tmp_path, capsys):
    """A flag that a later phase takes, stores and does not use."""
    mode = "--training_mode=tune_anomaly_thresholds"
    flags = [mode, "--train_batch_size=8", "--epochs=3"]
    assert train(long_data_set, tmp_path, *flags) == 2
    error = capsys.readouterr().err
    assert "Only the reconstruction phase" in error
    assert "--batch_size, --epochs" in error


def test_phase_order_is_checked_on_checkpoints(long_data_set, tmp_path, capsys):
    """Thresholds tuned straight after reconstruction."""
    mode = "--training_mode=reconstruction"
    assert train(long_data_set, tmp_path, *SMALL, mode) == 0
    mode = "--training_mode=tune_anomaly_thresholds"
    assert train(long_data_set, tmp_path, mode) == 2
    assert "calculate_error_distribution" in capsys.readouterr().err


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
    assert train(long_data_set, tmp_path, *SMALL[2:], *flags) == 0
    config = json.loads((tmp_path / "config.json").read_text())
    assert config["settings"]["encoder_units"] == [8]
    assert "--job-dir has no effect" in caplog.text


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
