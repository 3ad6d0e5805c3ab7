"""The one training loop."""

import dataclasses
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import keras
import numpy as np

from trainer.dataset import Windows
from trainer.detector import Detector
from trainer.recovery import Position, Recovery, Stateful
from trainer.stateful_callbacks import History

__all__ = ["Driver", "evaluate", "fit"]

_WINDOWS_A_TEST_STEP = 256


class Driver(Protocol):
    """Runs blocks of steps: `driver.OneReplica`, `replicas.ManyReplicas`."""

    detector: Detector
    kind: str
    block_length: int

    def resident(self, values: np.ndarray) -> Any:
        """Puts a series `[row, feature]` where the steps run."""

    def train(
        self, values: Any, starts: np.ndarray, is_tail: bool = False
    ) -> float:
        """Trains on `starts` `[step, batch]`; the epoch's sum of losses."""

    def test(self, values: Any, starts: np.ndarray) -> None:
        """Adds the batches of `starts` `[step, batch]` to the metrics."""

    def agree(self, is_stopping: bool) -> bool:
        """Whether any worker wants to stop."""


def fit(
    driver: Driver,
    train: Windows,
    validation: Windows,
    *,
    batch_size: int,
    epochs: int,
    seed: int,
    max_steps: int = 0,
    is_shuffled: bool = True,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    stateful: Mapping[str, Stateful] | None = None,
    recovery: Recovery | None = None,
) -> keras.callbacks.History:
    """Trains the detector's network.

    Where a loss is not finite, of training or validation, the epoch is begun
    again with half the learning rate.

    Args:
        driver: runs the steps.
        train: windows to learn from; the last, smaller batch is used too.
        validation: windows to watch; may be empty.
        batch_size: windows a step, of all replicas together.
        epochs: passes over `train` at most.
        seed: of the order of windows.
        max_steps: steps at most; 0 = any.
        is_shuffled: whether the order changes from epoch to epoch.
        callbacks: Keras callbacks. `on_train_batch_end` comes once a block,
            its logs hold `steps`, `windows` and the mean `loss` so far;
            `on_epoch_begin` is told the `step` at which an epoch is resumed.
        stateful: callbacks whose state is kept, by name.
        recovery: checkpoints; None = none are written.

    Returns:
        Losses and errors per epoch.

    Raises:
        ValueError: the loss is not finite, again and again.
    """
    detector = driver.detector
    recovery = recovery or Recovery()
    history = History()
    stateful = {"history": history, **(stateful or {})}
    calls = keras.callbacks.CallbackList(
        [*stateful.values(), *callbacks],
        model=detector,
        epochs=epochs,
        steps=None,
    )
    held_out = driver.resident(validation.values)
    run = _Run(
        driver,
        driver.resident(train.values),
        batch_size,
        max_steps or sys.maxsize,
        calls,
        recovery,
    )
    detector.stop_training = False
    calls.on_train_begin()
    try:
        position = recovery.begin(driver, stateful)
        while not (
            detector.stop_training
            or position.epoch >= epochs
            or (position.step == 0 and position.num_steps >= run.most_steps)
        ):
            epoch = position.epoch
            calls.on_epoch_begin(epoch, {"step": position.step})
            recovery.keep_epoch_start(position)
            starts = train.order(seed, epoch) if is_shuffled else train.starts
            position = _train_epoch(run, starts, position)
            logs = {"loss": float(detector.loss_mean.result())}
            is_finite = _is_finite(detector, logs["loss"])
            if is_finite and len(validation):
                logs |= evaluate(driver, held_out, validation.starts, "val_")
                is_finite = math.isfinite(logs["val_loss"])
            if not is_finite:
                position = recovery.roll_back(position)
                continue
            calls.on_epoch_end(epoch, logs)
            position = dataclasses.replace(position, epoch=epoch + 1, step=0)
            recovery.save_if_due(position)
    finally:
        # Best weights come back and bars close, whatever happened.
        calls.on_train_end()
    return history


@dataclasses.dataclass(frozen=True)
class _Run:
    """What stays the same from epoch to epoch."""

    driver: Driver
    values: Any
    batch_size: int
    most_steps: int
    calls: keras.callbacks.CallbackList
    recovery: Recovery


def _train_epoch(run: _Run, starts: np.ndarray, position: Position) -> Position:
    """Trains on the rest of an epoch, or until the loss is not finite."""
    if position.step == 0:
        run.driver.detector.reset_metrics()
    for block in _blocks(starts, run.batch_size, run.driver, position.step):
        block = block[: run.most_steps - position.num_steps]
        if not len(block):
            break
        run.calls.on_train_batch_begin(position.step)
        is_tail = block.shape[1] < run.batch_size
        loss_sum = run.driver.train(run.values, block, is_tail)
        position = dataclasses.replace(
            position,
            step=position.step + len(block),
            num_steps=position.num_steps + len(block),
        )
        run.recovery.save_if_due(position)
        num_windows = min(position.step * run.batch_size, len(starts))
        logs = {
            "steps": len(block),
            "windows": block.size,
            "loss": loss_sum / num_windows,
        }
        run.calls.on_train_batch_end(position.step, logs)
        if not math.isfinite(loss_sum):
            break
    return position


def _is_finite(detector: Detector, loss: float) -> bool:
    return math.isfinite(loss) and all(
        np.isfinite(weight.numpy()).all()
        for weight in detector.network.trainable_variables
    )


def evaluate(
    driver: Driver, values: Any, starts: np.ndarray, prefix: str = ""
) -> dict[str, float]:
    """Loss and errors over all windows of `starts`.

    Args:
        driver: runs the steps.
        values: the resident series.
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
    starts: np.ndarray, batch_size: int, driver: Driver, first_step: int = 0
) -> Iterator[np.ndarray]:
    """Cuts an epoch into blocks of the driver's length, the tail last."""
    full, tail = _batches(starts, batch_size)
    begin = first_step
    while begin < len(full):
        block = full[begin : begin + driver.block_length]
        begin += len(block)
        yield block
    if len(tail) and begin == len(full):
        yield tail
