"""Keras callbacks whose state goes into checkpoints (`recovery.Stateful`)."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

__all__ = ["EarlyStopping", "History"]

_STOPPING_FIELDS = ("best", "best_epoch", "wait", "stopped_epoch")


class History(keras.callbacks.History):
    """Losses and errors of all epochs."""

    def get_state(self) -> tuple[list[np.ndarray], dict[str, Any]]:
        """No arrays; what was recorded."""
        history = {name: [*values] for name, values in self.history.items()}
        return [], {"epoch": [*self.epoch], "history": history}

    def set_state(
        self, arrays: Sequence[np.ndarray], state: Mapping[str, Any]
    ) -> None:
        """Takes over what `get_state` gave."""
        self.epoch = [*state["epoch"]]
        history = state["history"].items()
        self.history = {name: [*values] for name, values in history}


class EarlyStopping(keras.callbacks.EarlyStopping):
    """Stops without improvement; brings the best weights back."""

    def get_state(self) -> tuple[list[np.ndarray], dict[str, Any]]:
        """The best weights; how good they are and how long it was in vain."""
        fields = {name: getattr(self, name) for name in _STOPPING_FIELDS}
        return self.best_weights or [], fields

    def set_state(
        self, arrays: Sequence[np.ndarray], state: Mapping[str, Any]
    ) -> None:
        """Takes over what `get_state` gave."""
        for name in _STOPPING_FIELDS:
            setattr(self, name, state[name])
        self.best_weights = list(arrays) or None
