"""Drives the one train_step: many steps a compiled call, one replica."""

import time

import numpy as np
import tensorflow as tf

from trainer.dataset import gather_windows
from trainer.detector import Detector

__all__ = ["OneReplica"]

_MOST_STEPS_A_BLOCK = 50
_SECONDS_A_BLOCK = 0.2
_TIMED_BLOCKS = 3


class OneReplica:
    """Drives `train_step` and `test_step`, many steps a compiled call.

    The series stays in memory; a block is given window starts and gathers
    its windows inside the call. How many steps make a block follows from
    how long they take: the sequence of steps is the same for any number.

    Args:
        detector: compiled with an optimizer.
        driver: "jit", "graph", or "auto": both are timed on the first steps,
            which are then undone, and the faster one is used.

    Attributes:
        kind: "jit" or "graph" in use; "" before the first block.
        block_length: steps that the next block should have.
    """

    def __init__(self, detector: Detector, driver: str):
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
        self._batch_size = 0
        self.kind = ""
        self.block_length = 4

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
        if not self.kind:
            self.kind = self._faster_kind(values, starts)
        seconds = self._timed(self.kind, values, starts)
        wanted = round(_SECONDS_A_BLOCK * num_steps / seconds)
        self.block_length = min(max(wanted, 1), _MOST_STEPS_A_BLOCK)

    def test(self, values: tf.Tensor, starts: np.ndarray) -> None:
        """Adds the batches of `starts` `[step, batch]` to the metrics."""
        self._test(values, starts)

    def _faster_kind(self, values: tf.Tensor, starts: np.ndarray) -> str:
        """Times both kinds and leaves no trace of it in any variable.

        Both round differently: were these steps kept, the weights would
        depend on how long they took.
        """
        if len(self._blocks) == 1:
            return next(iter(self._blocks))
        variables = [
            *self.detector.variables,
            *self.detector.metrics_variables,
            *self.detector.optimizer.variables,
        ]
        before = [variable.numpy() for variable in variables]
        seconds: dict[str, float] = {}
        for kind in self._blocks:
            self._timed(kind, values, starts)  # Compiles.
            seconds[kind] = min(
                self._timed(kind, values, starts) for _ in range(_TIMED_BLOCKS)
            )
        for variable, value in zip(variables, before, strict=True):
            variable.assign(value)
        return min(seconds, key=seconds.__getitem__)

    def _timed(self, kind: str, values: tf.Tensor, starts: np.ndarray) -> float:
        """Runs a block; returns its seconds."""
        padded = np.zeros((_MOST_STEPS_A_BLOCK, starts.shape[1]), np.int64)
        padded[: len(starts)] = starts
        began = time.perf_counter()
        loss = self._blocks[kind](values, padded, np.int32(len(starts)))
        loss.numpy()  # Waits for the device, which may still be at work.
        return time.perf_counter() - began

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
