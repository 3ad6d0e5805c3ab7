"""What all networks share: what they are made from."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import keras

from trainer.config import Settings

__all__ = ["Network"]


class Network(keras.layers.Layer):
    """A network: windows in, parts out.

    It learns by gradients, by its `loss`, or in one pass, by
    `empty_statistics`, `update`, `merge` and `finalize`.

    Args:
        settings: field values of `settings_class`; lists for tuples are fine.
        window_length: time steps a window.
        num_inputs: features that are read.
        scored: positions of the scored features among them.
        seed: of what is random.

    Attributes:
        settings_class: its own flags.
        parts: names of what `call` gives.
        is_closed_form: whether it learns in one pass.
        uses_held_out: whether `finalize` is given the statistics of the
            validation split too.
        slides: whether each block depends on the `context_length` steps
            before it alone, wherever in a window it is.
        context_length: steps in front that only serve as context.
        stride: steps behind the context that are told at once; a longer
            window is told in such blocks, from its beginning on.
        learning_length: time steps of the windows that training reads; None
            = of those that are scored.
        watched: name of the figure on validation that tells how well it
            learned, smaller = better.
        delays: of each part, steps by which it lies behind what it tells of.
    """

    settings_class: type[Settings]
    parts: tuple[str, ...]
    is_closed_form = False
    uses_held_out = False
    slides = False
    context_length = 0
    stride = 1
    learning_length: int | None = None
    watched = "val_loss"
    delays: tuple[int, ...]

    def __init__(
        self,
        settings: Mapping[str, Any],
        window_length: int,
        num_inputs: int,
        scored: Sequence[int],
        seed: int,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.settings: Any = self.settings_class(
            **{
                name: tuple(value) if isinstance(value, list) else value
                for name, value in settings.items()
            }
        )
        self.window_length = window_length
        self.num_inputs = num_inputs
        self.scored = tuple(scored)
        self.seed = seed

    def learn(self, values: Any, seed: Any = None) -> dict[str, Any]:
        """Residuals that `loss` takes, of the last steps of windows.

        Args:
            values: as in `call`, of `learning_length` steps.
            seed: int32 `[2]` of this step, in training alone.
        """
        return self(values) if seed is None else self(values, seed=seed)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return super().get_config() | {
            "settings": dataclasses.asdict(self.settings),
            "window_length": self.window_length,
            "num_inputs": self.num_inputs,
            "scored": list(self.scored),
            "seed": self.seed,
        }
