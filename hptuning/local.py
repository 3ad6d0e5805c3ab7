"""Runs a tuning job of Vertex AI on this machine.

python -m hptuning.local --config hptuning/dense_autoencoder.yaml
"""

import contextlib
import dataclasses
import fcntl
import os
import shlex
import sys
from collections.abc import Iterator, Sequence

from evaluation.comparison import terminal
from evaluation.progress import tracked
from hptuning import results
from hptuning.checking import Defaults, check_apart
from hptuning.job import read_job
from hptuning.page import trials_page
from hptuning.row import Row
from hptuning.study import Study, study_of
from trainer import log_format, storage
from trainer.config import PLACES, Settings, setting
from trainer.flags import given_names, parse_settings, run_command
from trainer.preemption import Preemption
from trainer.schema import Schema

__all__ = ["LocalSettings", "main"]

DESCRIPTION = """\
Searches for settings of a network that make its error on validation small, by
the rules of a Vertex AI tuning job, here.

  python -m hptuning.local --config=hptuning/dense_autoencoder.yaml \\
    --data_dir=data --output_dir=tuned -- --epochs=10

What follows `--` are flags of trainer.task for all trials. Each trial is a
trainer.task of its own, the first one with the default settings. The output
folder gets trials.html, trials.csv, best_config.json and a folder for each
trial. The same command, started again, goes on; a larger --max_trials adds
trials.

Exit code 0: done; 2: something is to be mended first.
"""
_TRIALS_FOLDER = "trials"
_LOCK_FILE = "lock"


@dataclasses.dataclass(frozen=True)
class LocalSettings(Settings):
    """Tuning."""

    config: str = setting("", "YAML of the tuning job, required")
    data_dir: str = setting("", "folder that preprocessing wrote, required")
    output_dir: str = setting("", "local folder to write or go on in, required")
    max_trials: int = setting(
        0, "trials in all; 0 = maxTrialCount of the job", minimum=0
    )
    parallel: int = setting(
        0, "trials at a time; 0 = parallelTrialCount of the job", minimum=0
    )
    seed: int = setting(1, "seed of the search", minimum=0)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    arguments = list(sys.argv[1:] if argv is None else argv)
    log_format.configure("text")
    with Preemption().installed():
        return run_command(lambda: _tune(arguments))


def _tune(arguments: list[str]) -> None:
    end = arguments.index("--") if "--" in arguments else len(arguments)
    settings = parse_settings(
        LocalSettings,
        arguments[:end],
        "hptuning.local",
        DESCRIPTION,
        ("config", "data_dir", "output_dir"),
        "hptuning.local, before `--` and trainer.task's flags,",
    )
    flags = _checked_flags(arguments[end + 1 :])
    study = study_of(read_job(settings.config))
    study = dataclasses.replace(
        study,
        max_trials=settings.max_trials or study.max_trials,
        num_parallel=settings.parallel or study.num_parallel,
    )
    data_hash = Schema.load(settings.data_dir).hash()
    storage.check_writable(
        storage.check_local(settings.output_dir), "output_dir"
    )
    defaults = check_apart(study, flags)
    with _alone_in(settings.output_dir) as held:
        rows = _run(study, settings, flags, data_hash, defaults, held)
    command = shlex.join(["python", "-m", "hptuning.local", *arguments])
    _tell(study, settings, rows, command)


def _checked_flags(flags: Sequence[str]) -> list[str]:
    ours = sorted(given_names(flags).intersection([*PLACES, "resume"]))
    if ours:
        raise ValueError(
            "After `--`, folders must be left to the trials. Received: "
            f"--{', --'.join(ours)}. Leave it out, or give --data_dir and "
            "--output_dir before `--`."
        )
    return list(flags)


def _run(
    study: Study,
    settings: LocalSettings,
    flags: Sequence[str],
    data_hash: str,
    defaults: Defaults,
    held: int,
) -> list[Row]:
    # Of the extra packages, which `read_job` asks for.
    from hptuning.running import Room, run_trials
    from hptuning.trials import Trials

    identity = {"data_dir": data_hash, "set of flags after `--`": list(flags)}
    trials = Trials(
        settings.output_dir, study, defaults, identity, settings.seed
    )
    total = trials.num_wanted
    num_over = sum(row.state != "running" for row in trials.rows())
    if num_over:
        print(f"{num_over:,} of {total:,} trials were over before")
    num_cores = len(os.sched_getaffinity(0))
    room = Room(
        os.path.join(settings.output_dir, _TRIALS_FOLDER),
        [*flags, f"--data_dir={settings.data_dir}"],
        study.num_parallel,
        max(1, num_cores // study.num_parallel),
        held,
    )
    with contextlib.closing(run_trials(study, trials, room)) as ended:
        for row in tracked(ended, "trials", total - num_over):
            told = row.reason or f"{study.metric} {row.metric:.5g}"
            print(
                f"trial {row.number} of {total} {row.state}: {told}, "
                f"{row.seconds:.1f} s",
                flush=True,
            )
            results.write_csv(
                os.path.join(settings.output_dir, "trials.csv"),
                study,
                trials.rows(),
            )
    return trials.rows()


def _tell(
    study: Study, settings: LocalSettings, rows: Sequence[Row], command: str
) -> None:
    best = results.found(rows)
    sentences = results.summary(study, rows, best)
    folder = settings.output_dir
    page = os.path.join(folder, "trials.html")
    storage.write_text(page, trials_page(study, rows, sentences))
    best_file = os.path.join(folder, "best_config.json")
    results.write_best(
        best_file,
        best,
        os.path.join(folder, _TRIALS_FOLDER, str(best.number)),
        {"command": command, "metric": study.metric},
    )
    terminal.show(sentences, results.trial_table(study, rows))
    print(f"{page}\n{best_file}\nTrain with the best settings:")
    print(
        f"  python -m trainer.task --config={shlex.quote(best_file)} "
        f"--data_dir={shlex.quote(settings.data_dir)} --output_dir=RUN"
    )


@contextlib.contextmanager
def _alone_in(folder: str) -> Iterator[int]:
    """Waits until no other search, nor a trial that it left, is at work.

    Yields:
        A file that is to stay open as long as a trial lives.
    """
    with open(os.path.join(folder, _LOCK_FILE), "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(
                f"Trials are still at work in {folder}: this waits for them.",
                flush=True,
            )
            fcntl.flock(file, fcntl.LOCK_EX)
        yield file.fileno()


if __name__ == "__main__":
    sys.exit(main())
