"""A request to end, by SIGTERM or Ctrl-C, that loses no work."""

import contextlib
import logging
import signal
import threading
from collections.abc import Iterator
from typing import Any

__all__ = ["Preemption"]

_SIGNALS = (signal.SIGTERM, signal.SIGINT)

_logger = logging.getLogger(__name__)


class Preemption:
    """Ends the process at once, or at the next safe place where work is lost.

    The exit code is 128 + the signal's number, 143 for SIGTERM: 0 would tell
    the cloud that the job is done. A second signal ends at once.

    Attributes:
        way_on: what is told of how the work goes on.
    """

    def __init__(self) -> None:
        self._signal = 0
        self._is_deferred = False
        self.way_on = "the same command goes on from here"

    @property
    def is_requested(self) -> bool:
        """Whether a signal has come."""
        return self._signal != 0

    def installed(self) -> contextlib.AbstractContextManager[None]:
        """Listens while the block runs; only the main thread can."""
        return _handled_by(self._on_signal)

    def released(self) -> contextlib.AbstractContextManager[None]:
        """Within the block signals end the process without a word.

        For calls that wait long outside of Python, where its handlers do not
        run.
        """
        return _handled_by(signal.SIG_DFL)

    @contextlib.contextmanager
    def deferred(self) -> Iterator[None]:
        """Within the block a signal only sets `is_requested`.

        After the outermost one it ends the process.
        """
        before, self._is_deferred = self._is_deferred, True
        try:
            yield
        finally:
            self._is_deferred = before
        if self.is_requested and not before:
            self.end()

    def end(self) -> None:
        """Ends the process, whether the signal came here or elsewhere.

        Raises:
            SystemExit: always.
        """
        number = self._signal or signal.SIGTERM
        # Of several workers, those that a signal reached say so, too.
        _logger.log(
            logging.WARNING if self.is_requested else logging.INFO,
            "Stopped by %s: %s.",
            signal.Signals(number).name,
            self.way_on,
        )
        raise SystemExit(128 + number)

    def _on_signal(self, number: int, frame: object) -> None:
        is_first = not self.is_requested
        self._signal = number
        if not self._is_deferred or not is_first:
            self.end()


@contextlib.contextmanager
def _handled_by(handler: Any) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = [signal.signal(each, handler) for each in _SIGNALS]
    try:
        yield
    finally:
        for each, handler_before in zip(_SIGNALS, before, strict=True):
            signal.signal(each, handler_before)
