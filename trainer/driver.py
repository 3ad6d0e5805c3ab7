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
