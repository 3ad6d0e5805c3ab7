"""Checkpoints of a run: files with rising numbers, the last two kept."""

import dataclasses
import json
import logging
import os
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from trainer import storage
from trainer.arrays import from_bytes, to_bytes

__all__ = ["Checkpoint", "Checkpoints"]

_NAME = re.compile(r"checkpoint-(\d+)\.npz")
# What a killed process left of one.
_UNFINISHED = re.compile(r"\.checkpoint-\d+\.npz\..*")
_STATE = "state"
_NUM_KEPT = 2

_logger = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Checkpoint:
    """All that a run needs to go on.

    Attributes:
        arrays: name to array.
        state: everything else, as JSON can hold it.
    """

    arrays: Mapping[str, np.ndarray]
    state: Mapping[str, Any]

    def packed(self) -> dict[str, np.ndarray]:
        """The same as arrays alone."""
        state = json.dumps(self.state).encode()
        return {_STATE: np.frombuffer(state, np.uint8), **self.arrays}

    @classmethod
    def unpacked(cls, arrays: Mapping[str, np.ndarray]) -> "Checkpoint":
        """The checkpoint that `packed` gave."""
        remaining = dict(arrays)
        return cls(
            state=json.loads(remaining.pop(_STATE).tobytes()), arrays=remaining
        )


class Checkpoints:
    """The checkpoints in a folder, local or in a bucket.

    Args:
        folder: where they lie; it need not exist.

    Attributes:
        folder: as given.
    """

    def __init__(self, folder: str):
        self.folder = folder
        # Files of this run; others are deleted once there is one of its own.
        self._own: list[str] = []

    def save(self, checkpoint: Checkpoint) -> None:
        """Writes a checkpoint whole; then deletes older ones.

        Raises:
            OSError: it cannot be written; those before it are still there.
        """
        present = self._names(_NAME)
        number = max(map(_number, present), default=0) + 1
        name = f"checkpoint-{number:08d}.npz"
        try:
            with storage.binary_written_whole(self._path(name)) as file:
                file.write(to_bytes(checkpoint.packed()))
        except OSError as error:
            raise OSError(
                f"A checkpoint must be written to {self.folder}. Received: "
                f"{error.strerror or error}. What was saved before is "
                "still there: mend this, then start the same command again."
            ) from error
        self._own = [*self._own, name][-_NUM_KEPT:]
        stale = set(present) - set(self._own)
        stale.update(self._names(_UNFINISHED))
        storage.delete_files(map(self._path, stale))

    def latest(self) -> Checkpoint | None:
        """Reads the newest checkpoint that is whole; None = there are none.

        Raises:
            OSError: one cannot be read.
            ValueError: there are some, and all of them are damaged.
        """
        names = sorted(self._names(_NAME), key=_number, reverse=True)
        for name in names:
            data = self._read(name)
            try:
                checkpoint = Checkpoint.unpacked(from_bytes(data))
            # Any byte may be wrong, so NumPy and zipfile may raise anything.
            except Exception as error:
                _logger.warning(
                    "Checkpoint %s is damaged, perhaps cut short, and left out "
                    "(%s)",
                    self._path(name),
                    type(error).__name__,
                )
                continue
            self._own = [name]
            return checkpoint
        if names:
            raise ValueError(
                f"A checkpoint in {self.folder} must be whole. Received: "
                f"{', '.join(names)}, all damaged. Bring one back, or start "
                "anew with --resume=false."
            )
        return None

    def _read(self, name: str) -> bytes:
        with storage.open_binary(self._path(name)) as file:
            return file.read()

    def _names(self, pattern: re.Pattern[str]) -> list[str]:
        return list(filter(pattern.fullmatch, storage.below(self.folder)))

    def _path(self, name: str) -> str:
        return os.path.join(self.folder, name)


def _number(name: str) -> int:
    return int(_NAME.sub(r"\1", name))
