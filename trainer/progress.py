"""Progress bars on terminals, log lines elsewhere."""

import contextlib
import datetime
import logging
import math
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import keras
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from trainer import log_format
from trainer.config import PHASES
from trainer.pace import Pace

__all__ = ["TrainingProgress", "progress_bar"]

_SECONDS_A_LINE = 10.0

_logger = logging.getLogger(__name__)


@contextlib.contextmanager
def progress_bar(
    text: str,
    total: int,
    phase: str = "",
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Callable[[int], None]]:
    """Tells how a pass over windows goes on: a bar, or now and then a line.

    Args:
        text: what the pass is for, in words.
        total: number of windows.
        phase: the phase that it belongs to, one of `PHASES`.
        clock: seconds since any moment.

    Yields:
        A function that is told how many more windows are done.
    """
    if log_format.shows_bars():
        with _bar() as bar:
            task = bar.add_task(text, total=total)
            yield lambda count: bar.advance(task, count)
        return
    fields = {"phase": phase, "windows": total}
    _tell([f"{text}: {total:,} windows"], fields)
    pace = Pace(clock)
    told = clock()
    done = 0

    def advance(count: int) -> None:
        nonlocal done, told
        done += count
        pace.add(count)
        if clock() < told + _SECONDS_A_LINE or done >= total:
            return
        told = clock()
        _tell(
            [f"{text}: {done:,}/{total:,} windows"],
            fields | {"windows_done": done},
            pace.per_second(),
            pace.seconds_for(total - done),
        )

    yield advance


class TrainingProgress(keras.callbacks.Callback):
    """Tells step, losses, windows/s and the time that is left at most.

    Rates are those of the current epoch, and count only what this process
    did of it.

    Args:
        steps_an_epoch: training steps in one epoch.
        epochs: epochs at most.
        max_steps: steps at most; 0 = any.
        clock: seconds since any moment.
    """

    def __init__(
        self,
        steps_an_epoch: int,
        epochs: int,
        max_steps: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ):
        super().__init__()
        self._steps = steps_an_epoch
        self._epochs = epochs
        most = steps_an_epoch * epochs
        self._most_steps = min(most, max_steps) if max_steps else most
        self._clock = clock
        self._steps_pace, self._windows_pace = Pace(clock), Pace(clock)
        self._stack = contextlib.ExitStack()
        self._bar: Progress | None = None
        self._losses: dict[str, Any] = {}

    def on_train_begin(self, logs=None):
        """Opens the bar."""
        self._told = self._clock()
        if log_format.shows_bars():
            self._bar = self._stack.enter_context(_bar())
            self._task = self._bar.add_task(PHASES[0], total=self._most_steps)

    def on_epoch_begin(self, epoch, logs=None):
        """Starts the clock; `logs` names the `step` to go on from."""
        self._epoch = epoch
        # Keras makes floats of what callbacks are told.
        self._first_step = self._step = int((logs or {}).get("step", 0))
        self._steps_pace.begin()
        self._windows_pace.begin()

    def on_train_batch_end(self, batch, logs=None):
        """Takes a block of steps in: its `steps`, `windows`, mean `loss`."""
        self._step = batch
        self._steps_pace.add(logs["steps"])
        self._windows_pace.add(logs["windows"])
        is_due = self._clock() >= self._told + _SECONDS_A_LINE
        if self._bar or (is_due and batch < self._steps):
            self._show(logs)

    def on_epoch_end(self, epoch, logs=None):
        """Tells the losses of the epoch."""
        self._show(logs or {}, is_whole=self._first_step == 0)

    def on_train_end(self, logs=None):
        """Closes the bar."""
        self._stack.close()
        self._bar = None

    def _show(self, logs: Mapping[str, Any], is_whole: bool = False) -> None:
        self._told = self._clock()
        losses = {
            name: logs[name] for name in ("loss", "val_loss") if name in logs
        }
        if self._bar:
            # Of the epoch before, until there is another.
            self._losses |= losses
            losses = self._losses
        texts = [
            f"epoch {self._epoch + 1}/{self._epochs}",
            f"step {self._step:,}/{self._steps:,}",
        ]
        texts += [f"{name} {value:.4g}" for name, value in losses.items()]
        rate = self._windows_pace.per_second(is_whole)
        done = self._epoch * self._steps + self._step
        if self._bar:
            texts += [] if rate is None else [f"{rate:,.0f} windows/s"]
            self._bar.update(
                self._task, completed=done, description="  ".join(texts)
            )
            return
        fields = {
            "phase": PHASES[0],
            "epoch": self._epoch + 1,
            "step": self._step,
        }
        steps_left = max(0, self._most_steps - done)
        seconds_left = self._steps_pace.seconds_for(steps_left, is_whole)
        _tell(texts, fields | losses, rate, seconds_left)


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,.0f}/{task.total:,.0f}"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )


def _tell(
    texts: list[str],
    fields: Mapping[str, Any],
    windows_per_second: float | None = None,
    seconds_left: float | None = None,
) -> None:
    """Logs a line: words for people, `fields` for programs."""
    fields, texts = dict(fields), list(texts)
    if windows_per_second is not None:
        texts.append(f"{windows_per_second:,.0f} windows/s")
        fields["windows_per_second"] = round(windows_per_second, 1)
    if seconds_left is not None:
        fields["seconds_left"] = math.ceil(seconds_left)
        left = datetime.timedelta(seconds=fields["seconds_left"])
        texts.append(f"at most {left} left")
    _logger.info("%s", "  ".join(texts), extra={"fields": fields})
