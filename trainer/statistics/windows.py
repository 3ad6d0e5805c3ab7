"""Windows of arrays."""

import numpy as np

__all__ = ["lagged"]


def lagged(values: np.ndarray, length: int) -> np.ndarray:
    """The rows before each row, side by side, oldest first.

    Args:
        values: `[batch, time, feature]`.
        length: rows before each.

    Returns:
        `[batch, time - length, length * feature]`, for the rows from `length`
        on; none of them is the row itself.

    Example:
        >>> lagged(np.arange(8).reshape(1, 4, 2), 2)
        array([[[0, 1, 2, 3],
                [2, 3, 4, 5]]])
    """
    num_series, num_steps, num_features = values.shape
    shape = (num_series, max(num_steps - length, 0), length * num_features)
    if not shape[1]:
        return np.zeros(shape, values.dtype)
    windows = np.lib.stride_tricks.sliding_window_view(
        values[:, :-1], length, axis=1
    )
    return np.swapaxes(windows, 2, 3).reshape(shape)
