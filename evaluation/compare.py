"""Trains presets on many series and shows them side by side."""

import dataclasses
import datetime
import importlib.metadata
import os
import shlex
import signal
import sys
from collections.abc import Sequence
from typing import Any

from evaluation.comparison import runs, targets
from evaluation.comparison.execution import Pool, carry_out, prepare
from evaluation.comparison.left_out import LeftOut
from evaluation.comparison.output_folder import (
    DATA_FOLDER,
    PAGE_FILE,
    RUNS_FOLDER,
    check_output,
)
from evaluation.comparison.result import Result
from evaluation.comparison.runs import Run
from preprocessing.readers import READERS
from trainer.config import Settings, setting
from trainer.flags import parse_settings, run_command
from trainer.presets import PRESETS

__all__ = ["CompareSettings", "main"]

DESCRIPTION = """\
Trains presets on many series, one detector a series, and judges all alike,
beside the trivial detectors of evaluation.report.

  python -m evaluation.compare --input ServerMachineDataset \\
    --presets talk_dense --output compared
  python -m evaluation.compare --input SMAP=nasa:A-1:D-* --input MSL=nasa:M-* \\
    --input 'pumps/*.csv' --data old=data/pumps --presets talk_dense \\
    --seeds 1,2,3 --trainer_flags '--epochs 10' --output compared

--input takes what preprocessing.task does. Each series becomes a data set of
its own below OUTPUT/data, so that scaling knows that series alone. NAME= is
the set it counts in, the folder's name without; :SERIES, with * and ?, takes
some of the series. --data takes a folder that preprocessing wrote: one
detector for all its series.

OUTPUT gets comparison.html (a page that needs no network), comparison.md and
comparison.json. The same command, started again, skips the runs that are
done; other settings and other data make other runs beside them. What was
preprocessed is not read again while the command stays the same: delete
OUTPUT/data where files have changed. A run that fails is shown as failed,
with the log that says why, and the exit code is 1.
"""


@dataclasses.dataclass(frozen=True)
class CompareSettings(Settings):
    """Comparison."""

    input: tuple[str, ...] = setting(
        (),
        "raw series, [NAME=]PATH[:SERIES:SERIES...]; repeat it for many",
        is_repeated=True,
    )
    data: tuple[str, ...] = setting(
        (),
        "folder that preprocessing wrote, [NAME=]FOLDER; repeat it for many",
        is_repeated=True,
    )
    format: str = setting(
        "auto", "format of all inputs", choices=("auto", *READERS)
    )
    preprocessing_flags: str = setting(
        "", "further flags of preprocessing.task for all inputs, quoted as one"
    )
    presets: tuple[str, ...] = setting(
        (), f"presets to compare, required: {', '.join(PRESETS)}"
    )
    seeds: tuple[int, ...] = setting(
        (1,), "seeds; several give mean and spread", minimum=0
    )
    trainer_flags: str = setting(
        "", "further flags of trainer.task for all runs, quoted as one"
    )
    output: str = setting("", "folder to write or to go on in, required")
    buffer_length: int = setting(
        100, "rows of the longest buffer of VUS", minimum=0, maximum=10_000
    )
    num_processes: int = setting(
        0, "runs at a time; 0 = one for each core", minimum=0
    )
    num_threads: int = setting(
        0, "threads of each run; 0 = its share of the cores", minimum=0
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line; returns its exit code, 1 where a run failed."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    arguments = list(sys.argv[1:] if argv is None else argv)
    return run_command(lambda: _compare(arguments))


def _parse(argv: Sequence[str]) -> CompareSettings:
    settings = parse_settings(
        CompareSettings,
        argv,
        "evaluation.compare",
        DESCRIPTION,
        ("presets", "output", "seeds"),
    )
    unknown = sorted(set(settings.presets) - set(PRESETS))
    if unknown:
        raise ValueError(
            f"`presets` must be of {', '.join(PRESETS)}. Received: "
            f"{', '.join(unknown)}. Correct the name."
        )
    for name in ("presets", "seeds"):
        values = getattr(settings, name)
        if len(set(values)) < len(values):
            raise ValueError(
                f"`{name}` must be different. Received: "
                f"{', '.join(map(str, values))}. Leave the second one out."
            )
    if not settings.input + settings.data:
        raise ValueError(
            "`input` or `data` must be given. Received: neither. Add "
            "--input=PATH for raw series, or --data=FOLDER."
        )
    check_output(settings.output)
    num_cores = len(os.sched_getaffinity(0))
    num_processes = settings.num_processes or num_cores
    return dataclasses.replace(
        settings,
        output=settings.output.rstrip("/"),
        num_processes=num_processes,
        num_threads=settings.num_threads or max(1, num_cores // num_processes),
    )


def _compare(arguments: Sequence[str]) -> int:
    settings = _parse(arguments)
    found = targets.list_targets(
        settings.input,
        settings.data,
        os.path.join(settings.output, DATA_FOLDER),
        settings.format,
        targets.checked_words(settings.preprocessing_flags),
    )
    flags = runs.checked_words(settings.trainer_flags, settings.presets)
    pool = Pool(settings.num_processes, settings.num_threads)
    hashes, left_out = prepare(found, pool)
    planned = [
        Run(
            target,
            preset,
            seed,
            flags,
            settings.buffer_length,
            data_hash,
            os.path.join(settings.output, RUNS_FOLDER),
        )
        for target, data_hash in hashes.items()
        for preset in settings.presets
        for seed in settings.seeds
    ]
    done = carry_out(planned, pool)
    _tell(settings, arguments, done, left_out)
    has_failed = any(result is None for _, result in done)
    return int(has_failed or bool(left_out.without_data))


def _tell(
    settings: CompareSettings,
    arguments: Sequence[str],
    done: Sequence[tuple[Run, Result | None]],
    left_out: LeftOut,
) -> None:
    """Writes and shows all."""
    # Loading TensorFlow takes seconds: only once there is something to show.
    from evaluation.comparison import (
        comparison_files,
        remarks,
        standings,
        tables,
        terminal,
    )

    rows = standings.standings_of(
        list(dict.fromkeys(run.target for run, _ in done)),
        settings.presets,
        settings.seeds,
        done,
    )
    told = comparison_files.Comparison(
        remarks.remarks_on(rows, done, left_out),
        rows,
        _parameters(settings, arguments),
        done,
    )
    comparison_files.write(told, settings.output)
    terminal.show(told.remarks, tables.summary_table(rows))
    print(os.path.join(settings.output, PAGE_FILE))


def _parameters(
    settings: CompareSettings, arguments: Sequence[str]
) -> dict[str, Any]:
    now = datetime.datetime.now(datetime.UTC)
    return {
        "command": shlex.join(
            ["python", "-m", "evaluation.compare", *arguments]
        ),
        "date": now.isoformat(sep=" ", timespec="seconds"),
        "cores": len(os.sched_getaffinity(0)),
        "runs at a time": settings.num_processes,
        "threads of each": settings.num_threads,
        "vus_buffer_length": settings.buffer_length,
        **{
            f"{name} version": importlib.metadata.version(name)
            for name in ("residua", "tensorflow", "keras", "numpy")
        },
    }


if __name__ == "__main__":
    # Runs that are under way are ended, as by Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main())
