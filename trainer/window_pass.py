"""A compiled pass over windows, in order."""

from collections.abc import Callable, Iterator

import numpy as np
import tensorflow as tf

from trainer.dataset import Windows, gather_windows

__all__ = ["map_windows"]

_WINDOWS_A_CALL = 256


def map_windows(
    function: Callable,
    windows: Windows,
    advance: Callable[[int], None],
    is_jitted: bool,
) -> Iterator[dict]:
    """Applies a compiled function to all windows, in order.

    Args:
        function: `[batch, time, feature]` raw windows to nested tensors
            whose first axis is the batch.
        windows: the windows.
        advance: told how many windows each call has done.
        is_jitted: compile with XLA, where nothing is missing.

    Yields:
        What `function` gave, as NumPy arrays.
    """
    values = tf.constant(windows.values)
    length = windows.window_length

    # XLA's batched Cholesky, for rows with missing cells, is slow on CPU.
    is_jitted = is_jitted and bool(np.isfinite(windows.values).all())

    @tf.function(jit_compile=is_jitted)
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
