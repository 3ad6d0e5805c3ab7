"""Runs trials, several at a time."""

import os
import time
from collections.abc import Generator, Sequence
from typing import NamedTuple

from optuna.trial import Trial

from hptuning.row import Row
from hptuning.study import Study
from hptuning.trial_process import TrialProcess
from hptuning.trials import Trials

__all__ = ["Room", "run_trials"]

_SECONDS_BETWEEN_LOOKS = 0.1


class Room(NamedTuple):
    """What trials are given.

    Attributes:
        folder: each has a folder of its own in it, named by its number.
        flags: of the trainer, beside those of the study.
        num_parallel: trials at a time.
        num_threads: of each.
        held: file that stays open as long as a trial lives.
    """

    folder: str
    flags: Sequence[str]
    num_parallel: int
    num_threads: int
    held: int


def run_trials(
    study: Study, trials: Trials, room: Room
) -> Generator[Row, None, None]:
    """Runs all trials that are not over; those that run at an end are ended.

    Args:
        study: what is searched.
        trials: chooses them, and remembers.
        room: for their work.

    Yields:
        A row as each of them ends.

    Raises:
        ValueError: as many have failed as end the search.
    """
    running: list[tuple[Trial, TrialProcess]] = []
    try:
        while True:
            _check_failures(study, trials)
            while len(running) < room.num_parallel:
                trial = trials.next()
                if trial is None:
                    break
                running.append((trial, _start(study, trials, trial, room)))
            if not running:
                return
            time.sleep(_SECONDS_BETWEEN_LOOKS)
            for trial, process in list(running):
                exit_code = process.exit_code()
                is_new = trials.report(trial, process.reports(study.metric))
                if exit_code is not None:
                    running.remove((trial, process))
                    yield _ended(study, trials, trial, process, exit_code)
                elif is_new and trials.is_hopeless(trial):
                    process.ask_to_end()
    finally:
        for _, process in running:
            process.ask_to_end()
        while any(process.exit_code() is None for _, process in running):
            time.sleep(_SECONDS_BETWEEN_LOOKS)


def _start(
    study: Study, trials: Trials, trial: Trial, room: Room
) -> TrialProcess:
    number = trial.number + 1
    return TrialProcess(
        [
            *study.arguments,
            *room.flags,
            # The trainer adds the number itself.
            f"--output_dir={room.folder}",
            *trials.flags(trial),
        ],
        os.path.join(room.folder, str(number)),
        number,
        room.num_threads,
        room.held,
    )


def _ended(
    study: Study,
    trials: Trials,
    trial: Trial,
    process: TrialProcess,
    exit_code: int,
) -> Row:
    seconds = process.seconds()
    curve = process.reports(study.metric)
    if exit_code and process.was_asked_to_end:
        return trials.end(trial, seconds)
    if exit_code:
        return trials.end(trial, seconds, reason=process.why_it_failed())
    if not curve:
        reason = f"it never reported {study.metric}"
        return trials.end(trial, seconds, reason=reason)
    value = min(curve.values()) if study.takes_best else curve[max(curve)]
    return trials.end(trial, seconds, metric=value)


def _check_failures(study: Study, trials: Trials) -> None:
    failed = [row for row in trials.rows() if row.state == "failed"]
    if study.max_failed and len(failed) >= study.max_failed:
        raise ValueError(
            f"Fewer than {study.max_failed} trials must fail, by "
            f"`maxFailedTrialCount`. Received: {len(failed)}, "
            f"the last one with: {failed[-1].reason} Mend that and name "
            "another --output_dir, or allow more."
        )
