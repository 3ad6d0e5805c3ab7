import errno
import itertools
import logging
import resource
import tempfile
import types
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from data_sets import make_detector
from tensorboard.backend.event_processing.event_file_loader import (
    EventFileLoader,
)
from tensorboard.util.tensor_util import make_ndarray

from trainer import files, tensorboard
from trainer.dataset import load_windows
from trainer.pace import Pace
from trainer.tensorboard import TrainingLogs

ONE_EPOCH = {"loss": 0.5, "val_loss": 0.25, "val_time_view_rmse": 0.125}


@pytest.fixture
def fill_disk():
    """Call it, and files of this process grow no more until the test ends."""
    kept = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1, kept[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, kept)


def event_files(folder):
    return sorted(Path(folder).rglob("events.out.tfevents.*"))


def events(folder):
    """(run, tag) to {step: value}, read as TensorBoard reads."""
    found = {}
    for path in event_files(folder):
        for event in EventFileLoader(str(path)).Load():
            for value in event.summary.value:
                key = (path.parent.name, value.tag)
                found.setdefault(key, {})[event.step] = make_ndarray(
                    value.tensor
                )
    return found


def fetched(bucket, prefix, folder):
    """Copies what lies in the bucket past all of our own code."""
    for name in bucket.names():
        if name.startswith(prefix):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(bucket.get(name))
    return folder / prefix


def train_epochs(logs, epochs, windows=64):
    """Calls the callbacks as the training loop does; epochs grow."""
    model = types.SimpleNamespace(optimizer=keras.optimizers.Adam(0.002))
    for callback in logs.callbacks():
        callback.set_model(model)
        callback.on_train_begin()
        for factor, epoch in enumerate(epochs, start=1):
            callback.on_epoch_begin(epoch, {"step": 0})
            for step in (1, 2):
                callback.on_train_batch_end(
                    step, {"steps": 1, "windows": factor * windows, "loss": 1.0}
                )
            callback.on_epoch_end(epoch, ONE_EPOCH)
        callback.on_train_end()


def test_scalars_of_epochs(tmp_path, monkeypatch):
    """A loss under another's name, a step off by one, a made-up rate."""
    # One second for each look at the clock: begin, block, block.
    seconds = itertools.count()
    monkeypatch.setattr(
        tensorboard, "Pace", lambda: Pace(lambda: next(seconds))
    )
    logs = TrainingLogs(str(tmp_path))
    train_epochs(logs, [3, 4])
    found = events(tmp_path)
    expected = {
        ("train", "epoch_loss"): 0.5,
        ("validation", "epoch_loss"): 0.25,
        ("validation", "epoch_time_view_rmse"): 0.125,
        ("train", "epoch_learning_rate"): 0.002,
        ("train", "epoch_windows_per_second"): 64.0,
    }
    assert set(found) == set(expected)
    for key, value in expected.items():
        assert set(found[key]) == {4, 5}
        assert found[key][4] == pytest.approx(value)
    assert found["train", "epoch_windows_per_second"][5] == 128.0
    logs.close()


def test_learning_rate_of_several_replicas(tmp_path):
    """Training on two GPUs that fails when its first epoch ends."""
    logs = TrainingLogs(str(tmp_path))
    # Its variables are what those of several replicas are.
    with tf.distribute.MirroredStrategy(["CPU:0"]).scope():
        train_epochs(logs, [0])
    found = events(tmp_path)["train", "epoch_learning_rate"]
    assert found == {1: pytest.approx(0.002)}
    logs.close()


def test_an_epoch_can_be_read_while_training_goes_on(tmp_path):
    """Lines that appear minutes later, or are lost when a job is killed."""
    logs = TrainingLogs(str(tmp_path))
    train_epochs(logs, [0])
    assert events(tmp_path)["train", "epoch_loss"] == {1: 0.5}
    logs.close()


def test_a_resumed_process_writes_beside(tmp_path):
    """The curve of the process before, overwritten."""
    for epoch in range(2):
        logs = TrainingLogs(str(tmp_path))
        train_epochs(logs, [epoch])
        logs.close()
    assert events(tmp_path)["train", "epoch_loss"] == {1: 0.5, 2: 0.5}


def test_scores_and_thresholds(tmp_path):
    """A histogram of NaN, which TensorBoard cannot draw, or of half."""
    logs = TrainingLogs(str(tmp_path))
    logs.write_scores(
        {
            "time": np.array([[0.0, 1.0, np.nan], [3.0, np.inf, 4.0]]),
            "feature": np.array([np.nan]),
            "other": np.zeros(0),
        },
        {"time": 2.5, "feature": np.float64(7)},
    )
    logs.close()
    found = events(tmp_path)
    assert set(found) == {
        ("detector", "scores/time"),
        ("detector", "threshold/time"),
        ("detector", "threshold/feature"),
    }
    buckets = found["detector", "scores/time"][0]
    assert buckets[0, 0] == 0
    assert buckets[-1, 1] == 4
    assert buckets[:, 2].sum() == 4
    assert found["detector", "threshold/time"] == {0: 2.5}
    assert found["detector", "threshold/feature"] == {0: 7}


@pytest.mark.parametrize("count", [0, 1, 3, 20])
def test_pictures_of_windows(long_data_set, tmp_path, monkeypatch, count):
    """All pictures from the same hour, or a crash where windows are few."""
    folder, schema = long_data_set
    sample = load_windows(folder, schema, "train", 12).sample(count)
    given = []

    def draw(detector, chosen):
        given.append(chosen)
        return np.zeros((len(chosen), 4, 4, 4), np.uint8)

    monkeypatch.setattr(tensorboard, "pictures_of", draw)
    logs = TrainingLogs(str(tmp_path))
    logs.write_reconstructions(make_detector(schema), sample)
    logs.close()
    if not count:
        assert not given
        return
    expected = {1: [0], 3: [0, 1, 2], 20: [0, 10, 19]}[count]
    np.testing.assert_array_equal(given[0], sample[expected])
    (image,) = events(tmp_path).values()
    # Width, height, then each picture.
    assert len(image[0]) == 2 + len(expected)


def test_a_picture_comes_out_as_it_went_in(long_data_set, tmp_path):
    """Pictures of another size, or empty ones."""
    folder, schema = long_data_set
    sample = load_windows(folder, schema, "train", 12).sample(1)
    logs = TrainingLogs(str(tmp_path))
    logs.write_reconstructions(make_detector(schema), sample)
    logs.close()
    image = events(tmp_path)["detector", "reconstruction"][0]
    shown = tf.io.decode_png(image[2]).numpy()
    assert shown.shape[:2] == (int(image[1]), int(image[0]))
    assert len(np.unique(shown.reshape(-1, shown.shape[-1]), axis=0)) > 10


def test_no_folder_no_logs(tmp_path, monkeypatch):
    """Files in the working folder, or a caller who must ask each time."""
    monkeypatch.chdir(tmp_path)
    logs = TrainingLogs("")
    assert logs.callbacks() == []
    logs.write_reconstructions(None, np.zeros((1, 2, 3)))
    logs.write_scores({"time": np.ones(3)}, {"time": 1.0})
    logs.sync()
    logs.close()
    assert not list(tmp_path.iterdir())


def test_bucket(bucket, tmp_path):
    """Logs that stay on a machine which goes away."""
    logs = TrainingLogs(bucket.url("job/logs"))
    train_epochs(logs, [0])
    logs.sync()
    now = events(fetched(bucket, "job/logs", tmp_path / "now"))
    assert now["train", "epoch_loss"] == {1: 0.5}
    train_epochs(logs, [1])
    logs.write_scores({"time": np.ones(3)}, {"time": 1.0})
    logs.close()
    found = events(fetched(bucket, "job/logs", tmp_path / "end"))
    assert found["train", "epoch_loss"] == {1: 0.5, 2: 0.5}
    assert ("detector", "scores/time") in found


def test_mounted_bucket(bucket, tmp_path, monkeypatch):
    """Logs that are stored at the end, or never: mounts wait for a close."""
    monkeypatch.setattr(files, "MOUNT_ROOT", str(tmp_path))
    (tmp_path / bucket.name).mkdir()
    logs = TrainingLogs(bucket.url("job/logs"))
    train_epochs(logs, [0])
    # Nothing is there that a writer keeps open.
    assert not event_files(tmp_path)
    logs.sync()
    assert events(tmp_path)["train", "epoch_loss"] == {1: 0.5}
    logs.close()
    assert not bucket.requests


def test_a_resumed_process_writes_beside_in_a_bucket(bucket, tmp_path):
    """An object of the process before, replaced by a shorter one."""
    for epoch in range(2):
        logs = TrainingLogs(bucket.url("job/logs"))
        train_epochs(logs, [epoch])
        logs.close()
    found = events(fetched(bucket, "job/logs", tmp_path))
    assert found["train", "epoch_loss"] == {1: 0.5, 2: 0.5}


def test_unchanged_files_are_not_sent_again(bucket):
    """Minutes of uploads in a run of a thousand epochs."""
    logs = TrainingLogs(bucket.url("job/logs"))
    train_epochs(logs, [0])
    logs.sync()
    count = len(bucket.requests)
    logs.sync()
    assert len(bucket.requests) == count
    logs.close()


def test_bucket_is_written_now_and_then(bucket, monkeypatch):
    """A request each epoch of a second, or none before the end."""
    seconds = [0.0]
    clock = types.SimpleNamespace(monotonic=lambda: seconds[0])
    monkeypatch.setattr(tensorboard, "time", clock)
    logs = TrainingLogs(bucket.url("job/logs"))
    train_epochs(logs, [0])
    assert not bucket.names()
    seconds[0] = 61.0
    train_epochs(logs, [1])
    assert bucket.names()
    logs.close()


def test_a_bucket_that_fails_ends_no_training(bucket, caplog):
    """Hours of training lost since its logs could not be stored."""
    bucket.faults.answer(403, times=100)
    logs = TrainingLogs(bucket.url("job/logs"))
    with caplog.at_level(logging.WARNING, "trainer"):
        train_epochs(logs, [0])
        logs.close()
    assert "logs could not be written to gs://" in caplog.text
    assert "Storage Object" in caplog.text


def test_a_full_disk_ends_the_logs_only(
    long_data_set, tmp_path, fill_disk, caplog
):
    """Hours of training lost for its logs; a warning each epoch."""
    folder, schema = long_data_set
    sample = load_windows(folder, schema, "train", 12).sample(1)
    logs = TrainingLogs(str(tmp_path))
    train_epochs(logs, [0])
    fill_disk()
    train_epochs(logs, [1, 2])
    logs.write_reconstructions(make_detector(schema), sample)
    logs.write_scores({"time": np.ones(3)}, {"time": 1.0})
    logs.close()
    (warning,) = caplog.records
    assert warning.levelno == logging.WARNING
    assert f"logs in {tmp_path} could not be written" in warning.getMessage()
    assert warning.getMessage().endswith("File too large")
    assert events(tmp_path)["train", "epoch_loss"] == {1: 0.5}


@pytest.mark.parametrize("what", ["pictures", "scores"])
def test_a_disk_that_is_full_after_training(
    long_data_set, tmp_path, fill_disk, caplog, what
):
    """A trained network that is not tuned, since a picture was too much."""
    folder, schema = long_data_set
    sample = load_windows(folder, schema, "train", 12).sample(1)
    logs = TrainingLogs(str(tmp_path))
    fill_disk()
    if what == "pictures":
        logs.write_reconstructions(make_detector(schema), sample)
    else:
        logs.write_scores({"time": np.ones(3)}, {"time": 1.0})
    train_epochs(logs, [0])
    logs.close()
    assert len(caplog.records) == 1


def test_a_folder_that_cannot_be_made(tmp_path, caplog):
    """Training that ends after its first epoch, for a wrong `log_dir`."""
    path = tmp_path / "file"
    path.touch()
    logs = TrainingLogs(str(path / "logs"))
    train_epochs(logs, [0, 1])
    logs.close()
    assert len(caplog.records) == 1


def test_no_room_for_temporary_files(bucket, monkeypatch, caplog):
    """A job that cannot begin, since its disk is full."""

    def refuse(**_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryDirectory", refuse)
    logs = TrainingLogs(bucket.url("job/logs"))
    train_epochs(logs, [0])
    logs.close()
    assert "No space left" in caplog.text
    assert not bucket.names()


def test_what_was_written_before_still_goes_to_the_bucket(
    bucket, tmp_path, fill_disk
):
    """Epochs thrown away with the temporary folder that is full."""
    logs = TrainingLogs(bucket.url("job/logs"))
    train_epochs(logs, [0])
    fill_disk()
    train_epochs(logs, [1])
    assert not bucket.names()
    # Here the bucket's own files are on the same disk.
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    logs.close()
    found = events(fetched(bucket, "job/logs", tmp_path))
    assert found["train", "epoch_loss"] == {1: 0.5}


def test_an_epoch_is_flushed_once(tmp_path, monkeypatch):
    """A write to the disk for each number of each epoch."""
    flushed = []
    writer = type(tf.summary.create_file_writer(str(tmp_path)))
    flush = writer.flush

    def count(self):
        flushed.append(self)
        return flush(self)

    monkeypatch.setattr(writer, "flush", count)
    logs = TrainingLogs(str(tmp_path))
    train_epochs(logs, [0])
    # Of `train` and of `validation`.
    assert len(flushed) == len(set(map(id, flushed))) == 2
    logs.close()


def test_close_twice(bucket):
    """A cleanup that fails since another came first."""
    logs = TrainingLogs(bucket.url("job/logs"))
    train_epochs(logs, [0])
    local = logs._local
    logs.close()
    logs.close()
    logs.write_scores({"time": np.ones(3)}, {"time": 1.0})
    assert not Path(local).exists()
