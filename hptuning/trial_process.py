"""A trial: the trainer in a process of its own, and what it reports."""

import json
import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence

from evaluation.comparison.processes import THREAD_VARIABLES

__all__ = ["METRIC_FILE", "TrialProcess"]

METRIC_FILE = "tuning.metrics"
LOG_FILE = "log.txt"
PROGRAM = (sys.executable, "-m", "trainer.task")
# The trainer writes a checkpoint before it ends.
PATIENCE_SECONDS = 30.0


class TrialProcess:
    """A trainer that runs, and has to be stopped when nobody looks any more.

    Args:
        arguments: of the trainer.
        folder: of this trial, for what it says and reports.
        number: of the trial, from 1 on.
        num_threads: that it may use, as far as libraries ask for it and the
            environment does not say otherwise.
        held: file that stays open as long as the trainer lives.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        folder: str,
        number: int,
        num_threads: int,
        held: int,
    ):
        os.makedirs(folder, exist_ok=True)
        self._folder = folder
        self._began = time.monotonic()
        self._deadline = math.inf
        threads = dict.fromkeys(THREAD_VARIABLES, str(num_threads))
        variables = {
            "CLOUD_ML_TRIAL_ID": str(number),
            "CLOUD_ML_HP_METRIC_FILE": self._path(METRIC_FILE),
        }
        # A group of its own: Ctrl-C reaches it once, through `ask_to_end`.
        with open(self._path(LOG_FILE), "wb") as log:
            self._process = subprocess.Popen(
                [*PROGRAM, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=threads | os.environ | variables,
                process_group=0,
                pass_fds=(held,),
            )

    @property
    def was_asked_to_end(self) -> bool:
        """Whether `ask_to_end` was called."""
        return self._deadline < math.inf

    def exit_code(self) -> int | None:
        """None while it runs; one that does not end when asked is killed."""
        if time.monotonic() > self._deadline:
            self._process.kill()
        return self._process.poll()

    def ask_to_end(self) -> None:
        """Lets it write a checkpoint and end."""
        if not self.was_asked_to_end:
            self._deadline = time.monotonic() + PATIENCE_SECONDS
            self._process.terminate()

    def seconds(self) -> float:
        """Since it was started."""
        return time.monotonic() - self._began

    def reports(self, metric: str) -> dict[int, float]:
        """Step to value of what it has reported so far; finite values."""
        try:
            with open(self._path(METRIC_FILE), encoding="utf-8") as file:
                lines = file.read().splitlines()
        except FileNotFoundError:
            return {}
        found = {}
        for line in lines:
            try:
                entry = json.loads(line)
                value = float(entry[metric])
            except (ValueError, KeyError):
                # It is writing this line, or reports something else.
                continue
            if math.isfinite(value):
                found[int(entry["global_step"])] = value
        return found

    def why_it_failed(self) -> str:
        """What it said last, errors first."""
        with open(
            self._path(LOG_FILE), encoding="utf-8", errors="replace"
        ) as file:
            lines = [line.strip() for line in file if line.strip()]
        errors = [line for line in lines if line.startswith("error: ")]
        said = (errors or lines or ["it said nothing"])[-1]
        code = self._process.returncode
        if code < 0:
            return f"ended by {signal.Signals(-code).name}; {said}"
        return said

    def _path(self, name: str) -> str:
        return os.path.join(self._folder, name)
