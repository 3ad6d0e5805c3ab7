"""Kills training at random moments; each run must end undisturbed.

python -m benchmarks.faults --kills=20 --seed=1

Moments are drawn from equal parts of a whole run, imports and export too, so
that all of it is covered. Every killed run is started again with the same
command and held bit for bit against one that nothing disturbed.
"""

import argparse
import dataclasses
import random
import re
import signal
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.harness import training_process

# Training takes about as long as imports and the export.
NUM_ROWS = 40_000
FLAGS = (
    "--batch_size=8",
    "--window_length=24",
    "--preset=talk_dense",
    "--encoder_units=64",
    "--decoder_units=64",
    "--learning_rate=0.02",
    "--epochs=8",
    "--patience=2",
    "--driver=jit",
    "--checkpoint_seconds=0",
)
SIGNALS = (signal.SIGKILL, signal.SIGTERM)
# SIGTERM ends a process that cannot listen yet, before Python's own start.
EXIT_CODES = {
    signal.SIGKILL: (-signal.SIGKILL,),
    signal.SIGTERM: (128 + signal.SIGTERM, -signal.SIGTERM),
}
MOST_DRAWS = 20
# Of a run on a machine that is busy with other work.
MOST_SECONDS = 600


@dataclasses.dataclass(frozen=True)
class Kill:
    """When a run was killed, and what came of it.

    Attributes:
        seconds: after its start.
        signal: that was sent.
        phase: the last one that it had told of.
        checkpoint: number of the newest one at that time; 0 = none.
        faults: what was wrong, in words.
    """

    seconds: float
    signal: signal.Signals
    phase: str
    checkpoint: int
    faults: tuple[str, ...]


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.faults",
        description="Kills training at random moments and compares the end.",
    )
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    flags = parser.parse_args()
    generator = random.Random(flags.seed)
    with tempfile.TemporaryDirectory() as folder:
        data = training_process.write_data_set(folder, NUM_ROWS)
        expected, seconds = _undisturbed(data, Path(folder) / "undisturbed")
        kills = []
        for number in track(
            range(flags.kills), "kills", console=Console(stderr=True)
        ):
            part = seconds / flags.kills
            moment = part * (number + generator.random())
            kind = generator.choice(SIGNALS)
            output = Path(folder) / f"killed-{number}"
            kills.append(_kill(data, output, moment, kind, expected))
    _print(kills, seconds)
    return int(any(kill.faults for kill in kills))


def _start(data: str, output: Path):
    flags = [f"--data_dir={data}", f"--output_dir={output}", *FLAGS]
    return training_process.TrainingProcess(flags, f"{output}.log")


def _undisturbed(data: str, output: Path) -> tuple[dict, float]:
    """What a run ends with, and the seconds of a second one, files warm."""
    for attempt in range(2):
        began = time.perf_counter()
        with _start(data, output.with_name(f"{output.name}-{attempt}")) as run:
            run.succeed()
    seconds = time.perf_counter() - began
    one, other = (
        training_process.finished(output.with_name(f"{output.name}-{attempt}"))
        for attempt in range(2)
    )
    told = training_process.differences(one, other)
    if told:
        raise RuntimeError(f"Two undisturbed runs differ: {told}")
    return one, seconds


def _kill(
    data: str,
    output: Path,
    moment: float,
    kind: signal.Signals,
    expected: dict,
) -> Kill:
    """Kills one run and starts it again.

    A run that was faster than the one before it may be over by then: it is
    drawn again, a little earlier.
    """
    for draw in range(MOST_DRAWS):
        attempt = output.with_name(f"{output.name}-{draw}")
        with _start(data, attempt) as process:
            is_over = _wait(process, moment)
            process.kill(kind)
            code = process.wait(MOST_SECONDS)
            log = process.log
        if not is_over and code != 0:
            break
        moment *= 0.95
    checkpoint = training_process.newest_number(attempt)
    faults = []
    if code not in EXIT_CODES[kind]:
        faults.append(f"exit code {code}: {log[-300:]}")
    with _start(data, attempt) as process:
        code = process.wait(MOST_SECONDS)
        if code:
            faults.append(f"started again, exit code {code}: {process.log}")
    if not code:
        found = training_process.finished(attempt)
        faults += training_process.differences(found, expected)
    phases = re.findall(r"Phase (\w+)", log)
    return Kill(
        moment,
        kind,
        phases[-1] if phases else "start",
        checkpoint,
        tuple(faults),
    )


def _wait(process, seconds: float) -> bool:
    """Waits for a moment; True if the process is over by then."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.is_running:
        time.sleep(0.001)
    return not process.is_running


def _print(kills: list[Kill], seconds: float) -> None:
    table = Table(
        "killed after, s",
        "signal",
        "in phase",
        "checkpoint",
        "ends as undisturbed",
        title=f"A whole run takes {seconds:.1f} s",
    )
    for kill in kills:
        table.add_row(
            f"{kill.seconds:.2f}",
            kill.signal.name,
            kill.phase,
            str(kill.checkpoint or "none"),
            "\n".join(kill.faults) or "yes, bit for bit",
        )
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
