"""Phases one by one, and commands that are started again."""

import json
import os
import shutil
import signal
import time

import numpy as np
import pytest
import tensorflow as tf
from task_runs import SMALL, train

from trainer.checkpoints import Checkpoint, Checkpoints
from trainer.config import PHASES
from trainer.workers import Workers


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


def test_retraining_removes_the_model(long_data_set, tmp_path, caplog):
    """A model of the old weights left beside new ones, and served."""
    assert train(long_data_set, tmp_path, *SMALL) == 0
    for name in ("report", "report-tuning", "reported"):
        (tmp_path / name).mkdir()
    (tmp_path / "report" / "report.md").write_text("")
    (tmp_path / "report-tuning" / "report.md").write_text("")
    flags = ["--training_mode=reconstruction", "--resume=false"]
    assert train(long_data_set, tmp_path, *SMALL, *flags) == 0
    assert not (tmp_path / "model").exists()
    assert f"{tmp_path}/model is deleted" in caplog.text
    # Of that model; not what only looks alike.
    left = {path.name for path in tmp_path.glob("report*")}
    assert left == {"reported"}


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
    assert "`epochs` (2 before, 3 now)" in error
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


def test_architecture_must_not_change_between_phases(
    long_data_set, tmp_path, capsys
):
    """Statistics of one network under the weights of another."""
    mode = "--training_mode=reconstruction"
    assert train(long_data_set, tmp_path, *SMALL, mode) == 0
    mode = "--training_mode=calculate_error_distribution_statistics"
    assert train(long_data_set, tmp_path, mode, "--encoder_units=9") == 2
    assert "other values of `network_settings`" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["{", "{}", "[]"])
def test_damaged_files(long_data_set, tmp_path, capsys, text):
    """A file cut short by a full disk that ends in a stack trace."""
    mode = "--training_mode=reconstruction"
    assert train(long_data_set, tmp_path, *SMALL, mode) == 0
    # Written anew by each phase, from what checkpoints hold.
    (tmp_path / "metrics.json").write_text(text)
    mode = "--training_mode=calculate_error_distribution_statistics"
    assert train(long_data_set, tmp_path, mode) == 0
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert metrics["reconstruction"]["epochs"] == 2
    (tmp_path / "config.json").write_text(text)
    assert train(long_data_set, tmp_path, mode) == 2
    assert "Delete it and give" in capsys.readouterr().err


def test_later_phases_find_all_folders(long_data_set, tmp_path):
    """Folders that must be named again, or else are taken for empty."""
    elsewhere = tmp_path / "elsewhere"
    flags = [f"--checkpoint_dir={elsewhere}", f"--model_dir={tmp_path}/m"]
    first, *later = PHASES
    output = tmp_path / "run"
    flags = [*SMALL, *flags, f"--training_mode={first}"]
    assert train(long_data_set, output, *flags) == 0
    for phase in later:
        assert train(long_data_set, output, f"--training_mode={phase}") == 0
    assert (tmp_path / "m" / "saved_model.pb").exists()
    # Neither were logs switched on again.
    assert {path.name for path in output.iterdir()} == {
        "config.json",
        "metrics.json",
    }


def test_flags_of_the_first_phase_alone(long_data_set, tmp_path, capsys):
    """A flag that a later phase takes, stores and does not use."""
    mode = "--training_mode=tune_anomaly_thresholds"
    flags = ["--preset=talk_dense", mode, "--train_batch_size=8"]
    flags.append("--epochs=3")
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


def test_files_that_are_no_model_stay(long_data_set, tmp_path, capsys):
    """Somebody's files, or the data set, deleted as an older model."""
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "a").write_text("1")
    output = tmp_path / "run"
    flag = f"--model_dir={photos}"
    assert train(long_data_set, output, *SMALL, flag) == 2
    assert "holds no saved_model.pb" in capsys.readouterr().err
    for folder in (tmp_path, output):
        flag = f"--model_dir={folder}"
        assert train(long_data_set, output, *SMALL, flag) == 2
        assert "`model_dir` is replaced whole" in capsys.readouterr().err
    assert (photos / "a").exists()


def test_a_checkpoint_of_another_program(long_data_set, tmp_path, capsys):
    """A stack trace that names a missing key."""
    folder = tmp_path / "checkpoints"
    Checkpoints(str(folder)).save(Checkpoint({}, {"epoch": 3}))
    assert train(long_data_set, tmp_path, *SMALL) == 2
    error = capsys.readouterr().err
    assert "must be of this program" in error
    assert "--resume=false" in error


def test_a_worker_lost_after_the_end(long_data_set, tmp_path, monkeypatch):
    """A finished run that waits an hour for a worker with nothing to do."""
    from_chief = Workers.from_chief
    model = tmp_path / "model" / "saved_model.pb"

    def lose_after_export(workers, make):
        made = from_chief(workers, make)
        if model.exists():
            raise tf.errors.UnavailableError(None, None, "connection lost")
        return made

    monkeypatch.setattr(Workers, "from_chief", lose_after_export)
    assert train(long_data_set, tmp_path, *SMALL) == 0


def test_stopped_while_training_anew(
    long_data_set, tmp_path, monkeypatch, caplog
):
    """Advice to give a command again that throws all work away."""
    save = Checkpoints.save

    def save_and_stop(checkpoints, checkpoint):
        save(checkpoints, checkpoint)
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(Checkpoints, "save", save_and_stop)
    flags = [*SMALL, "--resume=false", "--checkpoint_seconds=0"]
    assert train(long_data_set, tmp_path, *flags) == 143
    assert "with --resume=true" in caplog.text


def test_stopped_within_tensorflow(long_data_set, tmp_path, monkeypatch):
    """Exit code 1, which tells the cloud of a fault, and a page of calls."""

    def export_and_stop(*args):
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(60)
        except SystemExit as stop:
            raise RuntimeError("of TensorFlow's own") from stop

    monkeypatch.setattr("trainer.training.export", export_and_stop)
    assert train(long_data_set, tmp_path, *SMALL) == 143
