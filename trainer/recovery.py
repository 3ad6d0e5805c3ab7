"""What training needs to go on after a kill, or a loss that is not finite."""

import dataclasses
import logging
import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from trainer import variables
from trainer.arrays import in_order, numbered
from trainer.checkpoints import Checkpoint
from trainer.preemption import Preemption

__all__ = ["Position", "Recovery", "Stateful"]

_MOST_ROLLBACKS = 3
# Writing takes at most about this share of the time, however slow it is.
_SHARE_OF_TIME = 0.03

_logger = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Position:
    """How far training has come.

    Attributes:
        epoch: epochs that are done.
        step: steps of the current epoch that are done.
        num_steps: steps of all epochs that are done.
        num_rollbacks: how often the loss was not finite.
    """

    epoch: int = 0
    step: int = 0
    num_steps: int = 0
    num_rollbacks: int = 0


class Stateful(Protocol):
    """A callback whose state belongs into checkpoints."""

    def get_state(self) -> tuple[list[np.ndarray], dict[str, Any]]:
        """Its arrays, and everything else as JSON can hold it."""

    def set_state(
        self, arrays: Sequence[np.ndarray], state: Mapping[str, Any]
    ) -> None:
        """Takes over what `get_state` gave."""


class Recovery:
    """Keeps the start of the epoch in memory and checkpoints in a folder.

    Args:
        save: writes a checkpoint; None = nothing is written.
        start: what `save` was given before the process ended; None = begin.
        seconds: between checkpoints, at least; 0 = after every block.
        preemption: requests to end this process.
    """

    def __init__(
        self,
        save: Callable[[Checkpoint], None] | None = None,
        start: Checkpoint | None = None,
        seconds: float = math.inf,
        preemption: Preemption | None = None,
    ):
        self._save = save
        self._start = start
        self._seconds = self._asked_seconds = seconds
        self._preemption = preemption or Preemption()
        self._failure: OSError | None = None

    @property
    def driver_kind(self) -> str:
        """Kind of driver to go on with; "" = any."""
        return self._start.state["driver"] if self._start else ""

    def begin(self, driver: Any, stateful: Mapping[str, Stateful]) -> Position:
        """Takes over the state of the checkpoint, if there is one.

        Args:
            driver: runs the steps; its detector is compiled.
            stateful: callbacks by name, after `on_train_begin`.
        """
        self._driver = driver
        self._stateful = stateful
        self._saved_at = time.monotonic()
        detector = driver.detector
        self._variables = [
            *detector.state_variables,
            *detector.loss_mean.variables,
            *detector.optimizer.variables,
        ]
        self._learning_rate = float(detector.optimizer.learning_rate.numpy())
        self._epoch_start: list[np.ndarray] = []
        return self._restore(self._start) if self._start else Position()

    def keep_epoch_start(self, position: Position) -> None:
        """Keeps the state, which a loss that is not finite leads back to."""
        if position.step == 0:
            self._epoch_start = variables.read(self._variables)

    def save_if_due(self, position: Position) -> None:
        """Writes a checkpoint if it is time; ends if that is asked for.

        Args:
            position: after a block of steps, or between epochs.

        Raises:
            OSError: the checkpoint before could not be written.
        """
        is_stopping = self._driver.agree(
            self._preemption.is_requested or self._failure is not None
        )
        if self._failure:
            raise self._failure
        waited_seconds = time.monotonic() - self._saved_at
        if self._save and (is_stopping or waited_seconds >= self._seconds):
            try:
                self._write(position)
            except OSError as error:
                # Raised when all workers know of it, else they would wait.
                self._failure = error
        if is_stopping and self._failure:
            raise self._failure
        if is_stopping:
            self._preemption.end()

    def roll_back(self, position: Position) -> Position:
        """Goes back to the start of the epoch, with half the learning rate.

        Raises:
            ValueError: it has not helped.
        """
        count = position.num_rollbacks + 1
        if count > _MOST_ROLLBACKS:
            raise ValueError(
                "The training loss must be finite. Received: a loss of NaN or "
                f"infinity in epoch {position.epoch + 1}, after the learning "
                f"rate was halved {_MOST_ROLLBACKS} times to "
                f"{self._learning_rate / 2**_MOST_ROLLBACKS:g}. Lower "
                "--learning_rate and start with --resume=false; if that does "
                "not help, look for extreme values with `python -m "
                "preprocessing.describe`."
            )
        variables.assign(self._variables, self._epoch_start)
        rate = self._learning_rate / 2**count
        self._driver.detector.optimizer.learning_rate.assign(rate)
        _logger.warning(
            "The loss of epoch %d is not finite: back to the start of the "
            "epoch with half the learning rate, %g.",
            position.epoch + 1,
            rate,
        )
        return Position(
            position.epoch, 0, position.num_steps - position.step, count
        )

    def _write(self, position: Position) -> None:
        began = time.monotonic()
        arrays = numbered("variable", variables.read(self._variables))
        if position.step:
            arrays |= numbered("epoch_start", self._epoch_start)
        states = {}
        for name, callback in self._stateful.items():
            more, states[name] = callback.get_state()
            arrays |= numbered(name, more)
        state = {
            "position": dataclasses.asdict(position),
            "learning_rate": self._learning_rate,
            "driver": self._driver.kind,
            "is_stopped": bool(self._driver.detector.stop_training),
            "callbacks": states,
        }
        self._save(Checkpoint(arrays, state))
        self._saved_at = time.monotonic()
        if self._seconds:
            spent_seconds = self._saved_at - began
            least = spent_seconds / _SHARE_OF_TIME
            self._seconds = max(self._asked_seconds, least)

    def _restore(self, checkpoint: Checkpoint) -> Position:
        state = checkpoint.state
        position = Position(**state["position"])
        arrays = in_order("variable", checkpoint.arrays)
        variables.assign(self._variables, arrays)
        self._learning_rate = state["learning_rate"]
        if position.step:
            self._epoch_start = in_order("epoch_start", checkpoint.arrays)
        self._driver.detector.stop_training = state["is_stopped"]
        for name in state["callbacks"].keys() & self._stateful.keys():
            arrays = in_order(name, checkpoint.arrays)
            self._stateful[name].set_state(arrays, state["callbacks"][name])
        _logger.info(
            "Going on in epoch %d, step %d.", position.epoch + 1, position.step
        )
        return position
