"""One thread for everything that a benchmark compares."""

import contextlib
import os

import tensorflow as tf

__all__ = ["one_thread"]


def one_thread() -> None:
    """Pins the process to one core, TensorFlow's pools to one thread."""
    with contextlib.suppress(AttributeError):
        # Not on every system; readers beside the loop would go elsewhere.
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
