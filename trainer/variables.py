"""Values of Keras variables as named arrays, on one replica or many."""

from collections.abc import Mapping, Sequence

import keras
import numpy as np
import tensorflow as tf

__all__ = ["assign", "listed", "named", "read"]


def read(variables: Sequence[keras.Variable]) -> list[np.ndarray]:
    """Copies the values; of several replicas those of the first one here."""
    return [np.array(_components(each)[0]) for each in variables]


def assign(
    variables: Sequence[keras.Variable], arrays: Sequence[np.ndarray]
) -> None:
    """Gives each variable its array, on all replicas of this worker.

    Raises:
        ValueError: they do not fit.
    """
    found = [(array.shape, array.dtype) for array in arrays]
    wanted = [(tuple(each.shape), np.dtype(each.dtype)) for each in variables]
    if found != wanted:
        raise ValueError(
            "Stored arrays must have the shapes and types of the variables. "
            f"Received: {found}, for {wanted}. They come from another "
            "version of this program: start anew with --resume=false."
        )
    for variable, array in zip(variables, arrays, strict=True):
        for component in _components(variable):
            component.assign(array)


def named(prefix: str, arrays: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
    """Names arrays by their order: "prefix/0000", "prefix/0001", ..."""
    return {
        f"{prefix}/{position:04d}": array
        for position, array in enumerate(arrays)
    }


def listed(prefix: str, arrays: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    """The arrays that `named` gave names with `prefix`, in order."""
    names = [name for name in arrays if name.startswith(f"{prefix}/")]
    names.sort(key=lambda name: int(name.rpartition("/")[2]))
    return [arrays[name] for name in names]


def _components(variable: keras.Variable) -> tuple[tf.Variable, ...]:
    strategy = tf.distribute.get_strategy()
    return strategy.experimental_local_results(variable.value)
