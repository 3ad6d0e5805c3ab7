"""Commands in processes of their own, several at a time."""

import os
import shlex
import subprocess
import time
from collections.abc import Generator, Sequence
from typing import NamedTuple

__all__ = ["THREAD_VARIABLES", "Command", "run_all"]

_SECONDS_BETWEEN_LOOKS = 0.05
THREAD_VARIABLES = (
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
)


class Command(NamedTuple):
    """A program to run.

    Attributes:
        arguments: the program first.
        log: file for all that it says; an older one is replaced.
    """

    arguments: Sequence[str]
    log: str


def run_all(
    commands: Sequence[Command], num_processes: int, num_threads: int
) -> Generator[tuple[int, int], None, None]:
    """Runs commands; those that run when this is closed are ended.

    Args:
        commands: in the order to be started.
        num_processes: at a time.
        num_threads: of each, as far as libraries ask for it.

    Yields:
        Position and exit code of each command, as they end. The code is
        negative where a signal ended it.
    """
    waiting = list(enumerate(commands))[::-1]
    running: dict[int, subprocess.Popen] = {}
    try:
        while waiting or running:
            while waiting and len(running) < num_processes:
                position, command = waiting.pop()
                running[position] = _started(command, num_threads)
            ended = [
                each for each in running if running[each].poll() is not None
            ]
            for position in ended:
                yield position, running.pop(position).returncode
            if not ended:
                time.sleep(_SECONDS_BETWEEN_LOOKS)
    finally:
        for process in running.values():
            process.terminate()
        for process in running.values():
            process.wait()


def _started(command: Command, num_threads: int) -> subprocess.Popen:
    os.makedirs(os.path.dirname(command.log), exist_ok=True)
    threads = dict.fromkeys(THREAD_VARIABLES, str(num_threads))
    with open(command.log, "w", encoding="utf-8") as log:
        log.write(f"{shlex.join(command.arguments)}\n")
        log.flush()
        return subprocess.Popen(
            command.arguments,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=os.environ | threads,
        )
