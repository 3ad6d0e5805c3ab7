"""How fast work goes, without the wait for the compiler."""

import time
from collections.abc import Callable

__all__ = ["Pace"]

# One to compile, one that may be short, one that shows the pace.
_FEWEST_PIECES = 3


class Pace:
    """Measures stretches of work, such as epochs, that are done in pieces.

    A process compiles during its first piece. That piece is left out, and
    nothing is told until two more are done or another stretch has begun.

    Args:
        clock: seconds since any moment.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._is_compiled = False
        self._num_pieces = 0
        self.begin()

    def begin(self) -> None:
        """Begins a stretch; what was done before no longer counts."""
        self._is_compiled |= self._num_pieces > 0
        self._num_pieces = 0
        self._count = 0
        self._began_seconds = self._until_seconds = self._clock()

    def add(self, count: int) -> None:
        """Takes note of a piece.

        Args:
            count: how much was done in it.
        """
        self._num_pieces += 1
        self._count += count
        self._until_seconds = self._clock()
        if self._is_compiled:
            return
        if self._num_pieces == 1:
            self._first_count = count
            self._first_until_seconds = self._until_seconds
        elif self._num_pieces == _FEWEST_PIECES:
            self._count -= self._first_count
            self._began_seconds = self._first_until_seconds
            self._is_compiled = True

    def per_second(self, is_whole: bool = False) -> float | None:
        """What was done a second, up to the last piece; None = not known.

        Args:
            is_whole: all of a stretch is done, and by this process: its pace
                is told with the first piece, if there is no other.
        """
        seconds = self._until_seconds - self._began_seconds
        is_known = (self._is_compiled or is_whole) and self._count > 0
        return self._count / seconds if is_known and seconds > 0 else None

    def seconds_for(self, count: int, is_whole: bool = False) -> float | None:
        """Seconds that `count` more will take, if they go on like this.

        The time after the last piece counts here: after each epoch comes
        validation.
        """
        if self.per_second(is_whole) is None:
            return None
        return count * (self._clock() - self._began_seconds) / self._count
