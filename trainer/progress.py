"""Progress bars on terminals, log lines elsewhere."""

import contextlib
import logging
import sys
import time
from collections.abc import Callable, Iterator

import keras
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

__all__ = ["TrainingProgress", "progress_bar"]


@contextlib.contextmanager
def progress_bar(text: str, total: int) -> Iterator[Callable[..., None]]:
    """Shows a bar on stderr while the block runs.

    Args:
        text: what is done.
        total: number of items.

    Yields:
        A function that is told how many more items are done, and may be
        given a new `text`.
    """
    console = Console(stderr=True)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,.0f}/{task.total:,.0f}"),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
    ) as progress:
        task = progress.add_task(text, total=total)

        def advance(count: int, text: str | None = None) -> None:
            progress.update(task, advance=count, description=text)

        yield advance


class TrainingProgress(keras.callbacks.Callback):
    """Shows steps and losses: a bar on terminals, else a line an epoch.

    Args:
        steps_an_epoch: training steps in one epoch.
        epochs: epochs at most.
        windows_an_epoch: training windows in one epoch.
    """

    def __init__(self, steps_an_epoch: int, epochs: int, windows_an_epoch: int):
        super().__init__()
        self._total = steps_an_epoch * epochs
        self._epochs = epochs
        self._windows = windows_an_epoch
        self._stack = contextlib.ExitStack()
        self._line = "training"

    def on_train_begin(self, logs=None):
        """Opens the bar."""
        self._advance = self._stack.enter_context(
            progress_bar(self._line, self._total)
        )

    def on_epoch_begin(self, epoch, logs=None):
        """Starts the clock of the epoch."""
        self._began = time.perf_counter()

    def on_train_batch_end(self, batch, logs=None):
        """Advances by the steps of one block."""
        self._advance((logs or {}).get("steps", 1), self._line)

    def on_epoch_end(self, epoch, logs=None):
        """Tells the losses of the epoch."""
        rate = self._windows / (time.perf_counter() - self._began)
        losses = "  ".join(
            f"{name} {value:.4f}"
            for name, value in (logs or {}).items()
            if name in ("loss", "val_loss")
        )
        self._line = f"epoch {epoch + 1}/{self._epochs}  {losses}"
        if not sys.stderr.isatty():
            logging.getLogger(__name__).info(
                "%s  %.0f windows/s", self._line, rate
            )

    def on_train_end(self, logs=None):
        """Closes the bar."""
        self._stack.close()
