"""The one training loop."""

import math
import sys
from collections.abc import Iterator, Sequence

import keras
import numpy as np
import tensorflow as tf

from trainer.dataset import Windows
from trainer.driver import OneReplica

__all__ = ["evaluate", "fit"]

_WINDOWS_A_TEST_STEP = 256


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
    full, tail = _batches(starts, _WINDOWS_A_TEST_STEP)
    for batches in (full, tail):
        if len(batches):
            driver.test(values, batches)
    return {
        f"{prefix}{metric.name}": float(metric.result())
        for metric in driver.detector.metrics
    }


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
