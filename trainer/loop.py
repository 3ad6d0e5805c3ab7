"""The one training loop, and the compiled pass over windows."""

import math
import sys
import time
from collections.abc import Callable, Iterator, Sequence

import keras
import numpy as np
import tensorflow as tf

from trainer.dataset import Windows, gather_windows
from trainer.detector import Detector

__all__ = ["OneReplica", "fit", "map_windows"]

_MOST_STEPS_A_BLOCK = 50
_SECONDS_A_BLOCK = 0.2
_TIMED_BLOCKS = 3
_WINDOWS_A_CALL = 256


class OneReplica:
    """Drives `train_step` and `test_step`, many steps a compiled call.

    The series stays in memory; a block is given window starts and gathers
    its windows inside the call. How many steps make a block follows from
    how long they take: the sequence of steps is the same for any number.

    Args:
        detector: compiled with an optimizer.
        driver: "jit", "graph", or "auto": both are timed on real training
            steps and the faster one goes on.

    Attributes:
        block_length: steps that the next block should have.
    """

    def __init__(self, detector: Detector, driver: str = "auto"):
        self.detector = detector
        # Its variables now: else every function is traced twice.
        detector.optimizer.build(detector.network.trainable_variables)
        kinds = ("jit", "graph") if driver == "auto" else (driver,)
        self._blocks = {
            kind: tf.function(self._train_block, jit_compile=kind == "jit")
            for kind in kinds
        }
        # The tail of an epoch has a shape of its own: not worth compiling.
        self._tail = tf.function(self._train_block)
        self._test = tf.function(self._test_block, reduce_retracing=True)
        # Of the last blocks, without the first of each kind: it compiles.
        self._seconds_a_step: dict[str, list[float]] = {}
        self._batch_size = 0
        self.block_length = 4

    @property
    def chosen(self) -> str:
        """The kind of block in use; "" while both are being timed."""
        return next(iter(self._blocks)) if len(self._blocks) == 1 else ""

    def train(self, values: tf.Tensor, starts: np.ndarray) -> None:
        """Trains on a block of full batches, or on the tail of an epoch.

        Args:
            values: `[row, feature]`, the resident series.
            starts: `[step, batch]` int64 window starts; one shape of batch
                for all blocks, a smaller one for tails.
        """
        num_steps, batch_size = starts.shape
        self._batch_size = max(self._batch_size, batch_size)
        if batch_size < self._batch_size:
            self._tail(values, starts, np.int32(num_steps))
            return
        kind = self._next_kind()
        padded = np.zeros((_MOST_STEPS_A_BLOCK, batch_size), np.int64)
        padded[:num_steps] = starts
        began = time.perf_counter()
        loss = self._blocks[kind](values, padded, np.int32(num_steps))
        loss.numpy()  # Waits for the device, which may still be at work.
        self._note(kind, (time.perf_counter() - began) / num_steps)

    def test(self, values: tf.Tensor, starts: np.ndarray) -> None:
        """Adds the batches of `starts` `[step, batch]` to the metrics."""
        self._test(values, starts)

    def _next_kind(self) -> str:
        times = self._seconds_a_step
        return min(self._blocks, key=lambda kind: len(times.get(kind, ())))

    def _note(self, kind: str, seconds_a_step: float) -> None:
        """Sets the length of blocks; ends the comparison of both kinds."""
        times = self._seconds_a_step
        if kind not in times:
            times[kind] = []
            return
        times[kind] = [*times[kind], seconds_a_step][-_TIMED_BLOCKS:]
        wanted = round(_SECONDS_A_BLOCK / seconds_a_step)
        self.block_length = min(max(wanted, 1), _MOST_STEPS_A_BLOCK)
        if all(len(times.get(k, ())) == _TIMED_BLOCKS for k in self._blocks):
            best = min(self._blocks, key=lambda kind: min(times[kind]))
            self._blocks = {best: self._blocks[best]}

    def _train_block(self, values, starts, num_steps):
        def train(step):
            self.detector.train_step(self._gather(values, starts[step]))
            return (step + 1,)

        # Not a loop over tf.range: XLA would compile it for each length.
        tf.while_loop(lambda step: step < num_steps, train, (np.int32(0),))
        return tf.convert_to_tensor(self.detector.loss_mean.total)

    def _test_block(self, values, starts):
        for step in tf.range(tf.shape(starts)[0]):
            self.detector.test_step(self._gather(values, starts[step]))

    def _gather(self, values, starts):
        return gather_windows(values, starts, self.detector.window_length)


def fit(
    driver: OneReplica,
    train: Windows,
    validation: Windows,
    *,
    batch_size: int,
    epochs: int,
    seed: int,
    max_steps: int = 0,
    is_shuffled: bool = True,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> keras.callbacks.History:
    """Trains the detector's network.

    Args:
        driver: runs the steps.
        train: windows to learn from; the last, smaller batch is used too.
        validation: windows to watch; may be empty.
        batch_size: windows a step.
        epochs: passes over `train` at most.
        seed: of the order of windows.
        max_steps: steps at most; 0 = any.
        is_shuffled: whether the order changes from epoch to epoch.
        callbacks: Keras callbacks; `on_train_batch_end` comes once a block.

    Returns:
        Losses and errors per epoch.

    Raises:
        ValueError: the loss is not finite.
    """
    detector = driver.detector
    history = keras.callbacks.History()
    calls = keras.callbacks.CallbackList(
        [history, *callbacks], model=detector, epochs=epochs, steps=None
    )
    resident = tf.constant(train.values)
    held_out = tf.constant(validation.values)
    steps_left = max_steps or sys.maxsize
    detector.stop_training = False
    calls.on_train_begin()
    try:
        for epoch in range(epochs):
            calls.on_epoch_begin(epoch)
            starts = train.order(seed, epoch) if is_shuffled else train.starts
            blocks = _blocks(starts, batch_size, driver)
            steps_left -= _train_epoch(
                driver, resident, blocks, calls, steps_left
            )
            logs = {"loss": float(detector.loss_mean.result())}
            _check_finite(logs["loss"], epoch)
            if len(validation):
                logs |= evaluate(driver, held_out, validation.starts, "val_")
            calls.on_epoch_end(epoch, logs)
            if detector.stop_training or not steps_left:
                break
    finally:
        # Best weights come back and bars close, whatever happened.
        calls.on_train_end()
    return history


def _train_epoch(
    driver: OneReplica,
    values: tf.Tensor,
    blocks: Iterator[np.ndarray],
    calls: keras.callbacks.CallbackList,
    most_steps: int,
) -> int:
    """Trains on the blocks of one epoch; returns the number of steps."""
    driver.detector.reset_metrics()
    num_steps = 0
    for block in blocks:
        block = block[: most_steps - num_steps]
        calls.on_train_batch_begin(num_steps)
        driver.train(values, block)
        num_steps += len(block)
        calls.on_train_batch_end(num_steps, {"steps": len(block)})
        if num_steps >= most_steps:
            break
    return num_steps


def _check_finite(loss: float, epoch: int) -> None:
    if not math.isfinite(loss):
        raise ValueError(
            f"The training loss must be finite. Received: loss={loss} in epoch "
            f"{epoch + 1}. Lower --learning_rate."
        )


def evaluate(
    driver: OneReplica, values: tf.Tensor, starts: np.ndarray, prefix: str = ""
) -> dict[str, float]:
    """Loss and errors over all windows of `starts`.

    Args:
        driver: runs the steps.
        values: `[row, feature]`, the resident series.
        starts: `[window]` int64.
        prefix: put before each name.
    """
    driver.detector.reset_metrics()
    full, tail = _batches(starts, _WINDOWS_A_CALL)
    for batches in (full, tail):
        if len(batches):
            driver.test(values, batches)
    return {
        f"{prefix}{metric.name}": float(metric.result())
        for metric in driver.detector.metrics
    }


def map_windows(
    function: Callable, windows: Windows, advance: Callable[[int], None]
) -> Iterator[dict]:
    """Applies a compiled function to all windows, in order.

    Args:
        function: `[batch, time, feature]` raw windows to nested tensors
            whose first axis is the batch.
        windows: the windows.
        advance: told how many windows each call has done.

    Yields:
        What `function` gave, as NumPy arrays.
    """
    values = tf.constant(windows.values)
    length = windows.window_length

    # XLA's batched Cholesky, for rows with missing cells, is slow on CPU.
    is_whole = bool(np.isfinite(windows.values).all())

    @tf.function(jit_compile=is_whole)
    def compiled(starts):
        return function(gather_windows(values, starts, length))

    for begin in range(0, len(windows), _WINDOWS_A_CALL):
        starts = windows.starts[begin : begin + _WINDOWS_A_CALL]
        count = len(starts)
        # One fixed shape, compiled once: the tail repeats its last window.
        padded = np.pad(starts, (0, _WINDOWS_A_CALL - count), mode="edge")
        outputs = compiled(padded)
        yield tf.nest.map_structure(
            lambda tensor, count=count: tensor.numpy()[:count], outputs
        )
        advance(count)


def _batches(
    starts: np.ndarray, batch_size: int
) -> tuple[np.ndarray, np.ndarray]:
    """Full batches `[step, batch]`, and the tail as one smaller batch."""
    end = len(starts) // batch_size * batch_size
    tail = starts[end:].reshape(-1, max(1, len(starts) - end))
    return starts[:end].reshape(-1, batch_size), tail


def _blocks(
    starts: np.ndarray, batch_size: int, driver: OneReplica
) -> Iterator[np.ndarray]:
    """Cuts an epoch into blocks of the driver's length, the tail last."""
    full, tail = _batches(starts, batch_size)
    begin = 0
    while begin < len(full):
        block = full[begin : begin + driver.block_length]
        begin += len(block)
        yield block
    if len(tail):
        yield tail
