"""Series in memory, batches of their windows out."""

import dataclasses
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from trainer.runs import Run, read_runs
from trainer.schema import Schema

__all__ = [
    "Windows",
    "check_window_length",
    "gather_windows",
    "load_windows",
    "windows_of_runs",
]


@dataclasses.dataclass(frozen=True)
class Windows:
    """Windows over series that are kept once, in memory.

    Attributes:
        values: `[row, feature]` schema dtype, all runs one after another.
        starts: `[window]` int64, first row of each window.
        window_length: time steps a window.
        row_labels: `[row]` int8; each row of a sequence has the sequence's.
        has_anomaly: `[window]` bool: a step of it is labelled 1.
        runs: `[window]` int64: number of the unbroken stretch it is of.
        num_short_runs: runs left out because no window fits.
    """

    values: np.ndarray
    starts: np.ndarray
    window_length: int
    row_labels: np.ndarray
    has_anomaly: np.ndarray
    runs: np.ndarray
    num_short_runs: int = 0

    def __len__(self) -> int:
        """Number of windows."""
        return len(self.starts)

    def labels(self, num_steps: int = 1) -> np.ndarray:
        """Labels of the last `num_steps` steps, `[window * num_steps]` int8."""
        last = np.arange(self.window_length - num_steps, self.window_length)
        return self.row_labels[self.starts[:, np.newaxis] + last].reshape(-1)

    def without_anomalies(self) -> "Windows":
        """The windows in which no step is labelled anomalous."""
        kept = ~self.has_anomaly
        return dataclasses.replace(
            self,
            starts=self.starts[kept],
            has_anomaly=self.has_anomaly[kept],
            runs=self.runs[kept],
        )

    def sample(self, count: int) -> np.ndarray:
        """The first `count` windows, `[window, time, feature]`."""
        steps = self.starts[:count, None] + range(self.window_length)
        return self.values[steps]

    def order(self, seed: int, epoch: int) -> np.ndarray:
        """Window starts of one epoch, shuffled by `seed` and `epoch`."""
        return np.random.default_rng((seed, epoch)).permutation(self.starts)

    def batches(
        self, batch_size: int, starts: np.ndarray | None = None
    ) -> tf.data.Dataset:
        """Batches `[batch, time, feature]`; the last one may be smaller.

        Args:
            batch_size: windows a batch.
            starts: window starts in the order wanted; default: as stored.
        """
        values = tf.constant(self.values)
        length = self.window_length
        ordered = self.starts if starts is None else starts
        return (
            tf.data.Dataset.from_tensor_slices(ordered)
            .batch(batch_size)
            .map(lambda batch: gather_windows(values, batch, length))
            .prefetch(tf.data.AUTOTUNE)
        )


def gather_windows(values: tf.Tensor, starts: tf.Tensor, window_length: int):
    """Cuts windows out of `values` by index.

    Args:
        values: `[row, feature]`.
        starts: `[batch]` int64.
        window_length: time steps a window.

    Returns:
        `[batch, time, feature]`.
    """
    steps = tf.range(window_length, dtype=starts.dtype)
    return tf.gather(values, starts[:, None] + steps)


def load_windows(
    data_dir: str,
    schema: Schema,
    split: str,
    window_length: int,
    stride: int = 1,
    series: Sequence[str] = (),
) -> Windows:
    """Reads one split and lists its windows.

    Args:
        data_dir: folder that preprocessing wrote.
        schema: its schema.
        split: name of the split.
        window_length: time steps a window.
        stride: time steps between windows, counted from row 0 of a series.
        series: ids to read; empty = all.

    Raises:
        ValueError: the window is longer than the stored context.
    """
    check_window_length(window_length, schema)
    runs = read_runs(data_dir, schema, split, series)
    return windows_of_runs(runs, schema, window_length, stride)


def check_window_length(window_length: int, schema: Schema) -> None:
    """Raises ValueError where a window is longer than the stored context."""
    if window_length > schema.halo:
        raise ValueError(
            "`window_length` must not be above the data set's "
            f"{schema.halo} rows of context. Received: window_length="
            f"{window_length}. Run `python -m preprocessing.task "
            f"--max_window_length={window_length} ...` again."
        )


def windows_of_runs(
    runs: Sequence[Run], schema: Schema, window_length: int, stride: int = 1
) -> Windows:
    """Lists the windows of runs that were read already."""
    starts = [np.zeros(0, np.int64)]
    labels = [np.zeros(0, np.int8)]
    has_anomaly = [np.zeros(0, bool)]
    numbers = [np.zeros(0, np.int64)]
    offset = 0
    num_short = 0
    for number, run in enumerate(runs):
        length = len(run.values)
        num_short += length < window_length
        first = np.arange(
            -run.start % stride, length - window_length + 1, stride
        )
        starts.append(first + offset)
        numbers.append(np.full(len(first), number))
        steps = _step_labels(run)
        labels.append(steps)
        num_before = np.concatenate([[0], np.cumsum(steps == 1)])
        has_anomaly.append(
            num_before[first + window_length] > num_before[first]
        )
        offset += length
    values = (
        np.concatenate([run.values for run in runs])
        if runs
        else np.zeros((0, len(schema.features)), schema.dtype)
    )
    return Windows(
        values=values,
        starts=np.concatenate(starts),
        window_length=window_length,
        row_labels=np.concatenate(labels),
        has_anomaly=np.concatenate(has_anomaly),
        runs=np.concatenate(numbers),
        num_short_runs=num_short,
    )


def _step_labels(run: Run) -> np.ndarray:
    if run.sequence_label is not None:
        return np.full(len(run.values), run.sequence_label, np.int8)
    if run.labels is not None:
        return run.labels
    return np.full(len(run.values), -1, np.int8)
