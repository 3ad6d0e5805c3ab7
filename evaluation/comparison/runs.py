"""The runs of a comparison: a preset with a seed on a target each."""

import dataclasses
import hashlib
import json
import os
import sys
from collections.abc import Sequence
from typing import Any

from evaluation.comparison.one_run import Order
from evaluation.comparison.passed_on import words_of
from evaluation.comparison.processes import Command
from evaluation.comparison.result import Result
from evaluation.comparison.targets import Target
from trainer.config import PLACES

__all__ = ["Run", "checked_words"]

# Said by the comparison itself, or folders that runs would share.
_OURS = (
    *PLACES,
    "preset",
    "seed",
    "series",
    "training_mode",
    "resume",
)


@dataclasses.dataclass(frozen=True)
class Run:
    """One detector to be made and measured.

    Attributes:
        target: what it is made for.
        preset: name of the preset.
        seed: of weights and shuffling.
        trainer_flags: further flags of `trainer.task`.
        buffer_length: of VUS, in rows.
        data_hash: of the data set.
        root: folder of all runs.
    """

    target: Target
    preset: str
    seed: int
    trainer_flags: tuple[str, ...]
    buffer_length: int
    data_hash: str
    root: str

    @property
    def identity(self) -> dict[str, Any]:
        """What its result depends on; JSON values."""
        return {
            "preset": self.preset,
            "seed": self.seed,
            "trainer_flags": list(self.trainer_flags),
            "buffer_length": self.buffer_length,
            "data_hash": self.data_hash,
        }

    @property
    def folder(self) -> str:
        """Where it lies; another one for other settings or other data."""
        text = json.dumps(self.identity, sort_keys=True)
        digest = hashlib.sha256(text.encode()).hexdigest()[:8]
        name = f"{self.preset}-seed{self.seed}-{digest}"
        return os.path.join(
            self.root, self.target.set_name, self.target.name, name
        )

    @property
    def log(self) -> str:
        """File with all that its process said."""
        return os.path.join(self.folder, "log.txt")

    @property
    def command(self) -> Command:
        """What makes the result, anew where it was cut short.

        Going on would leave the seconds of the first part out.
        """
        order = Order(
            identity=self.identity,
            arguments=(
                f"--data_dir={self.target.data}",
                f"--preset={self.preset}",
                f"--seed={self.seed}",
                f"--output_dir={self.folder}",
                "--resume=false",
                *self.trainer_flags,
            ),
            data=self.target.data,
            model=os.path.join(self.folder, "model"),
            result=self._result,
            buffer_length=self.buffer_length,
        )
        program = (sys.executable, "-m", "evaluation.comparison.one_run")
        return Command([*program, order.to_json()], self.log)

    def result(self) -> Result | None:
        """What it left behind; None where it is not done."""
        return Result.read(self._result, self.identity)

    @property
    def _result(self) -> str:
        return os.path.join(self.folder, "result.json")


def checked_words(
    trainer_flags: str, presets: Sequence[str]
) -> tuple[str, ...]:
    """Takes further flags of the trainer apart, before any run begins.

    Args:
        trainer_flags: as on a command line.
        presets: that are to be trained with them.

    Raises:
        ValueError: a preset has no use for a flag, or the comparison gives
            it itself.
    """
    from trainer.command_line import parse

    words = words_of("trainer_flags", trainer_flags, _OURS)
    for preset in presets:
        parse([f"--preset={preset}", *words])
    return words
