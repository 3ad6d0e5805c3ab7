"""Drives the one train_step on several replicas, of one worker or many."""

import time

import numpy as np
import tensorflow as tf

from trainer.dataset import gather_windows
from trainer.detector import Detector
from trainer.driver import FIRST_BLOCK_LENGTH, block_length, padded_block
from trainer.workers import Workers

__all__ = ["ManyReplicas"]


class ManyReplicas:
    """Drives `train_step` and `test_step` by `strategy.run` in a graph loop.

    Each batch is split over the replicas, whose gradients are weighted by the
    cells they saw: steps are those of one replica with the whole batch. The
    interface is that of `OneReplica`; all workers call the same methods in
    the same order.

    Args:
        detector: compiled, its variables made in the workers' strategy.
        workers: the replicas.

    Attributes:
        kind: "replicas".
        block_length: steps that the next block should have, the same on all
            workers.
    """

    kind = "replicas"

    def __init__(self, detector: Detector, workers: Workers):
        self.detector = detector
        self._workers = workers
        self._strategy = workers.strategy
        detector.optimizer.build(detector.network.trainable_variables)
        self._train = tf.function(self._train_block, reduce_retracing=True)
        self._test = tf.function(self._test_block, reduce_retracing=True)
        self._steps_and_seconds = 0, 0.0
        self.block_length = FIRST_BLOCK_LENGTH

    def resident(self, values: np.ndarray):
        """Puts a series `[row, feature]` on every device."""
        return self._workers.on_replicas(lambda position: values)

    def train(self, values, starts: np.ndarray, is_tail: bool = False) -> float:
        """Trains on a block `[step, batch]` of window starts, a tail or not.

        Returns:
            The epoch's sum of losses so far, each times its windows.
        """
        began = time.perf_counter()
        shares = self._shares(padded_block(starts))
        losses = self._train(values, shares, np.int32(len(starts)))
        loss = float(self._strategy.experimental_local_results(losses)[0])
        self._steps_and_seconds = len(starts), time.perf_counter() - began
        return loss

    def test(self, values, starts: np.ndarray) -> None:
        """Adds the batches of `starts` `[step, batch]` to the metrics."""
        self._test(values, self._shares(starts), np.int32(len(starts)))

    def agree(self, is_stopping: bool) -> bool:
        """Whether any worker wants to stop; makes block lengths the same."""
        num_steps, seconds = self._steps_and_seconds
        stopping, seconds = self._workers.sum(
            np.array([float(is_stopping), seconds])
        )
        mean_seconds = seconds / self._workers.num_workers
        if num_steps:
            self.block_length = block_length(num_steps, mean_seconds)
        return stopping > 0

    def _shares(self, starts: np.ndarray):
        """Splits each batch over the replicas; some shares may be empty."""
        shares = np.array_split(starts, self._workers.num_replicas, axis=1)
        mine = shares[self._workers.first_replica :]
        return self._workers.on_replicas(mine.__getitem__)

    def _train_block(self, values, starts, num_steps):
        self._each_step(self.detector.train_step, values, starts, num_steps)
        return self._strategy.run(
            lambda: tf.convert_to_tensor(self.detector.loss_mean.total)
        )

    def _test_block(self, values, starts, num_steps):
        self._each_step(self.detector.test_step, values, starts, num_steps)

    def _each_step(self, function, values, starts, num_steps):
        def replica_step(values, starts, step):
            length = self.detector.learning_length
            function(gather_windows(values, starts[step], length))

        for step in tf.range(num_steps):
            self._strategy.run(replica_step, args=(values, starts, step))
