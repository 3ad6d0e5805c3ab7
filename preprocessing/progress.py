"""Progress on standard error while a pipeline runs."""

import contextlib
import os
import threading
from collections.abc import Iterator

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

__all__ = ["shown"]

_POLL_SECONDS = 0.5


@contextlib.contextmanager
def shown(folder: str) -> Iterator[None]:
    """Shows how many shards and bytes there are in a local `folder`.

    It looks from outside, so it works for any runner that writes there.
    """
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
    )
    console = Console(stderr=True)
    if not console.is_terminal or not os.path.isdir(folder):
        yield
        return
    is_done = threading.Event()
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("counting rows")

        def poll() -> None:
            while not is_done.wait(_POLL_SECONDS):
                bar.update(task, description=_state(folder))

        thread = threading.Thread(target=poll, daemon=True)
        thread.start()
        try:
            yield
        finally:
            is_done.set()
            thread.join()


def _state(folder: str) -> str:
    num_shards = num_bytes = 0
    with os.scandir(folder) as entries:
        for entry in entries:
            # A temporary file may have been renamed since it was listed.
            with contextlib.suppress(FileNotFoundError):
                num_bytes += entry.stat().st_size
            num_shards += entry.name.endswith(".tfrecord")
    if not num_bytes:
        return "counting rows"
    return f"{num_shards} shards done, {num_bytes / 1e6:,.0f} MB written"
