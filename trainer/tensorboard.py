"""TensorBoard logs of a run, in a local folder or a bucket."""

import contextlib
import logging
import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from trainer import storage
from trainer.buckets import SCHEME
from trainer.detector import Detector
from trainer.pace import Pace
from trainer.pictures import pictures_of

__all__ = ["TrainingLogs"]

_SECONDS_A_SYNC = 60.0
_NUM_PICTURES = 3

_logger = logging.getLogger(__name__)


class TrainingLogs:
    """Writes what TensorBoard shows of a run.

    Each process adds event files of its own, beside those of processes that
    were killed before. For a bucket they are written to a temporary folder,
    and copied by `sync`: TensorFlow here cannot write to one.

    No failure to write ends a run. A full disk is warned of once, and ends
    the logs; what was written before stays.

    Args:
        folder: where to write, local or `gs://`; "" = nothing is written.
    """

    def __init__(self, folder: str):
        self._folder = folder
        self._is_on = bool(folder)
        self._writers: dict[str, tf.summary.SummaryWriter] = {}
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        # A mounted one too: a mount stores a file only when it is closed.
        if folder.startswith(SCHEME):
            with self._ending_on_failure():
                self._temporary = tempfile.TemporaryDirectory(
                    ignore_cleanup_errors=True
                )
        self._local = self._temporary.name if self._temporary else folder
        self._copied_sizes: dict[str, int] = {}
        self._synced_at = time.monotonic()

    def callbacks(self) -> list[keras.callbacks.Callback]:
        """Callbacks that log each epoch of training."""
        return [_EpochScalars(self)] if self._is_on else []

    def write_epoch(self, number: int, scalars: Mapping[str, float]) -> None:
        """Writes the numbers of an epoch.

        Args:
            number: of the epoch, from 1 on.
            scalars: values by name; `val_loss` is shown in one chart with
                `loss`.
        """
        if not self._is_on:
            return
        runs: dict[str, dict[str, float]] = {"train": {}, "validation": {}}
        for name, value in scalars.items():
            run = "validation" if name.startswith("val_") else "train"
            runs[run][f"epoch_{name.removeprefix('val_')}"] = value
        with self._ending_on_failure():
            for run, values in runs.items():
                if values:
                    self._write_scalars(run, values, number)
        if time.monotonic() >= self._synced_at + _SECONDS_A_SYNC:
            self.sync()

    def write_reconstructions(
        self, detector: Detector, windows: np.ndarray
    ) -> None:
        """Draws what the network makes of a few windows.

        Args:
            detector: its network is trained.
            windows: `[window, time, feature]`, raw units; some are chosen.
        """
        if not self._is_on or not len(windows):
            return
        last = len(windows) - 1
        chosen = np.linspace(0, last, min(len(windows), _NUM_PICTURES))
        chosen_windows = windows[chosen.round().astype(int)]
        with self._ending_on_failure():
            pictures = pictures_of(detector, chosen_windows)
            with self._writer("detector").as_default():
                tf.summary.image("reconstruction", pictures, 0, _NUM_PICTURES)

    def write_scores(
        self, scores: Mapping[str, np.ndarray], thresholds: Mapping[str, float]
    ) -> None:
        """Writes how scores are distributed, and where the thresholds lie.

        Args:
            scores: view to scores of any shape; those that are not finite
                are left out.
            thresholds: view to its threshold.
        """
        if not self._is_on:
            return
        known = {
            f"scores/{view}": values[np.isfinite(values)]
            for view, values in scores.items()
        }
        lines = {f"threshold/{view}": at for view, at in thresholds.items()}
        with self._ending_on_failure():
            with self._writer("detector").as_default():
                for tag, values in known.items():
                    if values.size:
                        tf.summary.histogram(tag, values, 0)
            self._write_scalars("detector", lines, 0)

    def sync(self) -> None:
        """Copies what was written so far into the bucket, if it goes there.

        A local folder is up to date after each call of a method. A bucket
        that fails ends no training: it is warned of.
        """
        self._synced_at = time.monotonic()
        if not self._temporary:
            return
        try:
            for path in Path(self._local).rglob("*"):
                if path.is_file():
                    self._copy(path)
        except OSError as error:
            _logger.warning(
                "TensorBoard logs could not be written to %s: %s",
                self._folder,
                error,
            )

    def close(self) -> None:
        """Writes the rest; may be called again."""
        with self._ending_on_failure():
            for writer in self._writers.values():
                writer.close()
        self._writers.clear()
        self._is_on = False
        self.sync()
        if self._temporary:
            self._temporary.cleanup()
            self._temporary = None

    @contextlib.contextmanager
    def _ending_on_failure(self) -> Iterator[None]:
        """Warns of a failure within, and writes nothing from then on."""
        try:
            yield
        # What TensorFlow says of a full disk is no `OSError`.
        except (OSError, tf.errors.OpError) as error:
            _logger.warning(
                "TensorBoard logs in %s could not be written and end here: %s",
                self._folder,
                str(error).partition("\n")[0],
            )
            self._is_on = False
            # Not closed: that would write once more, and fail again.
            self._writers.clear()

    def _copy(self, path: Path) -> None:
        """Copies a file, if it has grown since the last time."""
        name = path.relative_to(self._local).as_posix()
        size = path.stat().st_size
        if self._copied_sizes.get(name) == size:
            return
        target = os.path.join(self._folder, name)
        storage.put_file(str(path), target)
        self._copied_sizes[name] = size

    def _write_scalars(
        self, run: str, values: Mapping[str, float], step: int
    ) -> None:
        # One for all: it flushes when it ends.
        with self._writer(run).as_default():
            for tag, value in values.items():
                tf.summary.scalar(tag, value, step)

    def _writer(self, run: str) -> tf.summary.SummaryWriter:
        if run not in self._writers:
            folder = os.path.join(self._local, run)
            self._writers[run] = tf.summary.create_file_writer(folder)
        return self._writers[run]


class _EpochScalars(keras.callbacks.Callback):
    """Logs losses, errors, learning rate and windows/s of each epoch.

    Not Keras' own `TensorBoard` callback: it keeps its writers to itself, so
    nothing could be copied before the end.
    """

    def __init__(self, logs: TrainingLogs):
        super().__init__()
        self._logs = logs
        self._pace = Pace()

    def on_epoch_begin(self, epoch, logs=None):
        """Starts the clock."""
        self._is_whole = not (logs or {}).get("step")
        self._pace.begin()

    def on_train_batch_end(self, batch, logs=None):
        """Counts the windows of a block."""
        self._pace.add(logs["windows"])

    def on_epoch_end(self, epoch, logs=None):
        """Writes the epoch's numbers."""
        scalars = dict(logs or {})
        # Not `float`, which takes no variable of several replicas.
        scalars["learning_rate"] = self.model.optimizer.learning_rate.numpy()
        rate = self._pace.per_second(self._is_whole)
        if rate is not None:
            scalars["windows_per_second"] = rate
        self._logs.write_epoch(epoch + 1, scalars)
