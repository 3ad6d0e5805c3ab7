"""Values of Keras variables, on one replica or many."""

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

__all__ = ["assign", "read"]


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
    found = [f"{array.dtype} {list(array.shape)}" for array in arrays]
    wanted = [f"{each.dtype} {list(each.shape)}" for each in variables]
    if found != wanted:
        pairs = zip(found, wanted, strict=False)
        differing = next((each for each in pairs if each[0] != each[1]), "")
        raise ValueError(
            "Stored arrays must have the shapes and types of the variables. "
            f"Received: {len(found)} arrays for {len(wanted)} variables, the "
            f"first that differ: {differing}. They come from another version "
            "of this program: start anew with --resume=false."
        )
    for variable, array in zip(variables, arrays, strict=True):
        for component in _components(variable):
            component.assign(array)


def _components(variable: keras.Variable) -> tuple[tf.Variable, ...]:
    strategy = tf.distribute.get_strategy()
    return strategy.experimental_local_results(variable.value)
