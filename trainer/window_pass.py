"""A compiled pass over windows, in order, on all local replicas."""

from collections.abc import Callable, Iterator

import numpy as np
import tensorflow as tf

from trainer.dataset import Windows, gather_windows
from trainer.workers import Workers

__all__ = ["map_windows"]

_WINDOWS_A_CALL = 256


def map_windows(
    function: Callable,
    windows: Windows,
    advance: Callable[[int], None],
    is_jitted: bool,
    workers: Workers | None = None,
) -> Iterator[dict]:
    """Applies a compiled function to this worker's windows, in order.

    Args:
        function: `[batch, time, feature]` raw windows to nested tensors
            whose first axis is the batch.
        windows: the windows of all workers.
        advance: told how many windows each call has done.
        is_jitted: compile with XLA, where nothing is missing.
        workers: who shares the windows; None = nobody.

    Yields:
        What `function` gave, as NumPy arrays. Those of all workers, in worker
        order, are those of all windows.
    """
    workers = workers or Workers()
    strategy = workers.strategy
    num_replicas = workers.num_local_replicas
    length = windows.window_length
    resident = workers.on_replicas(lambda position: windows.values)

    # XLA's batched Cholesky, for rows with missing cells, is slow on CPU.
    is_jitted = is_jitted and bool(np.isfinite(windows.values).all())

    @tf.function(jit_compile=is_jitted and workers.num_replicas == 1)
    def compiled(values, starts):
        def on_replica(values, starts):
            return function(gather_windows(values, starts, length))

        return strategy.run(on_replica, args=(values, starts))

    mine = workers.share(windows.starts)
    windows_a_call = _WINDOWS_A_CALL * num_replicas
    for begin in range(0, len(mine), windows_a_call):
        starts = mine[begin : begin + windows_a_call]
        count = len(starts)
        # One fixed shape, compiled once: the tail repeats its last window.
        padded = np.pad(starts, (0, windows_a_call - count), mode="edge")
        shares = padded.reshape(num_replicas, -1)
        outputs = compiled(resident, workers.on_replicas(shares.__getitem__))
        yield tf.nest.map_structure(
            lambda output, count=count: _joined(strategy, output)[:count],
            outputs,
        )
        advance(count)


def _joined(strategy: tf.distribute.Strategy, output) -> np.ndarray:
    shares = strategy.experimental_local_results(output)
    return np.concatenate([share.numpy() for share in shares])
