"""The replicas that train together, and what workers tell one another."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from trainer.arrays import from_bytes, to_bytes
from trainer.cluster import Cluster
from trainer.preemption import Preemption

__all__ = ["LOST_WORKER_ERRORS", "Workers"]

# What a collective operation raises when another worker is gone.
LOST_WORKER_ERRORS = (
    tf.errors.UnavailableError,
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
)
# Collectives keep whole messages in memory, several times.
_WORDS_A_MESSAGE = 2**24


class Workers:
    """One process or several, each with one replica or several.

    All workers run the same program; each method that exchanges something
    must be called by all of them, in the same order.

    Args:
        cluster: the processes; none = this one alone.
        num_replicas: of this process; 0 = one for each GPU, or one.
        preemption: a request to end that any worker gets ends all of them at
            their next exchange.

    Attributes:
        strategy: TensorFlow's, over all replicas.
    """

    def __init__(
        self,
        cluster: Cluster | None = None,
        num_replicas: int = 0,
        preemption: Preemption | None = None,
    ):
        self._cluster = cluster or Cluster()
        self._preemption = preemption or Preemption()
        self.strategy = _strategy(self._cluster, num_replicas)
        self._reduce = _exchange(
            self.strategy,
            lambda context, value: context.all_reduce("SUM", value),
        )
        self._gather = _exchange(
            self.strategy,
            lambda context, value: context.all_gather(value[None], axis=0),
        )

    @property
    def num_workers(self) -> int:
        """Processes that train together."""
        return self._cluster.num_workers

    @property
    def is_chief(self) -> bool:
        """Whether this process writes what is written."""
        return self._cluster.is_chief

    @property
    def num_replicas(self) -> int:
        """Replicas of all workers."""
        return self.strategy.num_replicas_in_sync

    @property
    def num_local_replicas(self) -> int:
        """Replicas of this worker."""
        return self.num_replicas // self.num_workers

    @property
    def first_replica(self) -> int:
        """Number of this worker's first replica among all."""
        return self._cluster.index * self.num_local_replicas

    @property
    def position(self) -> tuple[int, int]:
        """Number of this worker, from 0 on, and of all workers."""
        return self._cluster.index, self.num_workers

    def share(self, items: np.ndarray) -> np.ndarray:
        """This worker's part of `items`; parts in worker order give all."""
        return np.array_split(items, self.num_workers)[self._cluster.index]

    def sum(self, numbers: np.ndarray) -> np.ndarray:
        """Adds float64 numbers up over all workers.

        Args:
            numbers: of this worker, any shape that all workers share.
        """
        if self.num_workers == 1:
            return numbers
        return self._reduced(np.asarray(numbers, np.float64))

    def gather(self, arrays: dict[str, np.ndarray]) -> list[dict]:
        """Collects each worker's named arrays, in worker order."""
        if self.num_workers == 1:
            return [arrays]
        words = _to_words(to_bytes(arrays))
        numbers = np.zeros(self.num_workers + 1)
        numbers[self._cluster.index] = len(words)
        numbers[-1] = self._preemption.is_requested
        *lengths, num_stopping = self._reduced(numbers).astype(int)
        if num_stopping:
            self._preemption.end()
        # Few lengths: each is compiled once.
        padded = np.zeros(1 << int(max(lengths)).bit_length(), np.int32)
        padded[: len(words)] = words
        gathered = [
            self._gathered(padded[begin : begin + _WORDS_A_MESSAGE])
            for begin in range(0, len(padded), _WORDS_A_MESSAGE)
        ]
        return [
            from_bytes(row[:length].tobytes())
            for row, length in zip(
                np.concatenate(gathered, axis=1), lengths, strict=True
            )
        ]

    def from_chief(
        self, make: Callable[[], dict[str, np.ndarray] | None]
    ) -> dict[str, np.ndarray]:
        """Runs `make` on the chief and gives its arrays to all workers.

        Raises:
            Exception: what `make` raises, on the chief; a ValueError that
                names it on the others, which would wait for the chief.
        """
        if self.num_workers == 1:
            return make() or {}
        made: dict[str, np.ndarray] = {}
        failure: Exception | None = None
        if self.is_chief:
            try:
                made = make() or {}
            # Of any kind: the others must not wait for a chief that is gone.
            except Exception as error:
                failure = error
        told = (str(failure) or type(failure).__name__) if failure else ""
        message = np.frombuffer(told.encode(), np.uint8)
        received = self.gather({"failure": message, **made})[0]
        text = received.pop("failure").tobytes().decode()
        if failure:
            raise failure
        if text:
            raise ValueError(f"The chief stopped: {text}")
        return received

    def _reduced(self, numbers: np.ndarray) -> np.ndarray:
        return self._local(self._reduce(self._on_first(numbers)))

    def _gathered(self, words: np.ndarray) -> np.ndarray:
        """`[worker, word]` from `[word]`."""
        rows = self._local(self._gather(self._on_first(words)))
        return rows[:: self.num_local_replicas]

    def _local(self, value) -> np.ndarray:
        return self.strategy.experimental_local_results(value)[0].numpy()

    def on_replicas(self, value_of: Callable[[int], np.ndarray]):
        """Puts a value on each replica of this worker.

        Args:
            value_of: given the replica's position in this worker.

        Returns:
            An argument for `strategy.run`.
        """
        if self.num_replicas == 1:
            return tf.constant(value_of(0))
        devices = self.strategy.extended.worker_devices

        def of_replica(context):
            position = context.replica_id_in_sync_group - self.first_replica
            with tf.device(devices[position]):
                return tf.constant(value_of(position))

        return self.strategy.experimental_distribute_values_from_function(
            of_replica
        )

    def _on_first(self, value: np.ndarray):
        return self.on_replicas(
            lambda position: np.zeros_like(value) if position else value
        )


def _exchange(strategy: tf.distribute.Strategy, function: Callable):
    """Compiles `function(context, value)` for all replicas."""

    def on_replica(value):
        # Without the identity the value has no device, and collectives fail.
        context = tf.distribute.get_replica_context()
        return function(context, tf.identity(value))

    return tf.function(
        lambda value: strategy.run(on_replica, args=(value,)),
        reduce_retracing=True,
    )


def _to_words(data: bytes) -> np.ndarray:
    """Bytes as integers that collectives take, zeros at the end."""
    return np.frombuffer(data + bytes(-len(data) % 4), np.int32)


def _strategy(cluster: Cluster, num_replicas: int) -> tf.distribute.Strategy:
    if cluster.num_workers > 1:
        if num_replicas > 1 and not tf.config.list_physical_devices("GPU"):
            raise ValueError(
                "`num_replicas` must be 0 or 1 where workers without GPUs "
                f"train together. Received: num_replicas={num_replicas}. "
                "Leave the flag out, or start more workers."
            )
        num_gpus = _use_local_gpus(num_replicas)
        resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(
            tf.train.ClusterSpec({"worker": list(cluster.addresses)}),
            task_type="worker",
            task_id=cluster.index,
            rpc_layer="grpc",
            # Else each worker trains on its CPU alone.
            num_accelerators={"GPU": num_gpus} if num_gpus else {},
        )
        return tf.distribute.MultiWorkerMirroredStrategy(resolver)
    num_gpus = _use_local_gpus(num_replicas)
    if num_gpus > 1:
        names = [f"GPU:{position}" for position in range(num_gpus)]
        return tf.distribute.MirroredStrategy(names)
    if not num_gpus and num_replicas > 1:
        parts = [tf.config.LogicalDeviceConfiguration()] * num_replicas
        (cpu,) = tf.config.list_physical_devices("CPU")
        tf.config.set_logical_device_configuration(cpu, parts)
        names = [f"CPU:{position}" for position in range(num_replicas)]
        return tf.distribute.MirroredStrategy(names)
    return tf.distribute.get_strategy()


def _use_local_gpus(num_replicas: int) -> int:
    """Chooses the GPUs of this process; returns their number.

    Raises:
        ValueError: there are fewer GPUs than replicas.
    """
    gpus = tf.config.list_physical_devices("GPU")
    if gpus and num_replicas > len(gpus):
        raise ValueError(
            f"`num_replicas` must not be above the {len(gpus)} GPUs here. "
            f"Received: num_replicas={num_replicas}. Leave the flag out."
        )
    used = gpus[: num_replicas or len(gpus)]
    if gpus:
        tf.config.set_visible_devices(used, "GPU")
    return len(used)
