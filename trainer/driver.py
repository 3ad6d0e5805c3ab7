"""Drives the one train_step on one replica, many steps a compiled call."""

import time

import numpy as np
import tensorflow as tf

from trainer.dataset import gather_windows
from trainer.detector import Detector

__all__ = ["FIRST_BLOCK_LENGTH", "OneReplica", "block_length", "padded_block"]

# Nobody knows yet how long a step takes.
FIRST_BLOCK_LENGTH = 4
_MOST_STEPS_A_BLOCK = 50
_SECONDS_A_BLOCK = 0.2
_TIMED_BLOCKS = 3
# Both kinds round differently, so a choice must not hang on a busy moment.
_CLEARLY_FASTER = 0.8


def block_length(num_steps: int, seconds: float) -> int:
    """Steps of the next block, from what the last one took."""
    wanted = round(_SECONDS_A_BLOCK * num_steps / seconds)
    return min(max(wanted, 1), _MOST_STEPS_A_BLOCK)


def padded_block(starts: np.ndarray) -> np.ndarray:
    """A block `[step, batch]` in the one shape that is compiled."""
    padded = np.zeros((_MOST_STEPS_A_BLOCK, starts.shape[1]), np.int64)
    padded[: len(starts)] = starts
    return padded


class OneReplica:
    """Drives `train_step` and `test_step`, many steps a compiled call.

    The series stays in memory; a block is given window starts and gathers
    its windows inside the call. How many steps make a block follows from
    how long they take: the sequence of steps is the same for any number.

    Args:
        detector: compiled with an optimizer.
        driver: "jit", "graph", or "auto": both are timed on the first steps,
            which are then undone, and graph is used where clearly faster.

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
        self.kind = "" if driver == "auto" else driver
        self.block_length = FIRST_BLOCK_LENGTH

    def resident(self, values: np.ndarray) -> tf.Tensor:
        """Puts a series `[row, feature]` where the steps run."""
        return tf.constant(values)

    def train(
        self, values: tf.Tensor, starts: np.ndarray, is_tail: bool = False
    ) -> float:
        """Trains on a block of full batches, or on the tail of an epoch.

        Args:
            values: what `resident` gave.
            starts: `[step, batch]` int64 window starts; one shape of batch
                for all blocks, a smaller one for tails.
            is_tail: whether it is one; a resumed epoch may begin with it.

        Returns:
            The epoch's sum of losses so far, each times its windows.
        """
        num_steps = len(starts)
        if is_tail:
            return float(self._tail(values, starts, np.int32(num_steps)))
        if not self.kind:
            self.kind = self._faster_kind(values, starts)
        seconds, loss = self._timed(self.kind, values, starts)
        self.block_length = block_length(num_steps, seconds)
        return loss

    def test(self, values: tf.Tensor, starts: np.ndarray) -> None:
        """Adds the batches of `starts` `[step, batch]` to the metrics."""
        self._test(values, starts)

    def agree(self, is_stopping: bool) -> bool:
        """Whether to stop: there is nobody else to ask."""
        return is_stopping

    def _faster_kind(self, values: tf.Tensor, starts: np.ndarray) -> str:
        """Times both kinds and leaves no trace of it in any variable.

        Both round differently: were these steps kept, the weights would
        depend on how long they took.
        """
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
                self._timed(kind, values, starts)[0]
                for _ in range(_TIMED_BLOCKS)
            )
        for variable, value in zip(variables, before, strict=True):
            variable.assign(value)
        is_graph = seconds["graph"] < _CLEARLY_FASTER * seconds["jit"]
        return "graph" if is_graph else "jit"

    def _timed(
        self, kind: str, values: tf.Tensor, starts: np.ndarray
    ) -> tuple[float, float]:
        """Runs a block; returns its seconds and the sum of losses."""
        padded = padded_block(starts)
        began = time.perf_counter()
        loss = self._blocks[kind](values, padded, np.int32(len(starts)))
        # Reading waits for the device, which may still be at work.
        total = float(loss)
        return time.perf_counter() - began, total

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
        return gather_windows(values, starts, self.detector.learning_length)
