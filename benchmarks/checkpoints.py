"""What checkpoints cost, and how soon a killed run trains again.

python -m benchmarks.checkpoints
"""

import json
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

from benchmarks.harness import training_process
from trainer.config import PHASES, RunSettings

NUM_ROWS, NUM_FEATURES = 8_000, 38
# 1.4 million weights; with Adam's moments three times as many numbers.
FLAGS = (
    "--window_length=100",
    "--preset=talk_dense",
    "--encoder_units=1024,256,64",
    "--decoder_units=64,256,1024",
    "--epochs=2",
    "--driver=jit",
    "--tensorboard=false",
    "--log_format=json",
)
REPEATS = 3
NEVER = 1_000_000


def run() -> list[tuple[str, float, str]]:
    with tempfile.TemporaryDirectory() as folder:
        data = training_process.write_data_set(folder, NUM_ROWS, NUM_FEATURES)
        costs = [
            _checkpoint_seconds(data, Path(folder) / f"cost-{repeat}")
            for repeat in range(REPEATS)
        ]
        resumed = [
            _resume_seconds(data, Path(folder) / f"resume-{repeat}")
            for repeat in range(REPEATS)
        ]
    interval = RunSettings().checkpoint_seconds
    return [
        (
            "a checkpoint of 1.4 million weights, share of the interval",
            statistics.median(costs) / interval,
            "at most 0.03",
        ),
        (
            "seconds to the first steps of a run that goes on, no imports",
            statistics.median(resumed),
            "at most 10",
        ),
    ]


def _start(data: str, output: Path, seconds: float):
    flags = [
        f"--data_dir={data}",
        f"--output_dir={output}",
        f"--checkpoint_seconds={seconds}",
        *FLAGS,
    ]
    return training_process.TrainingProcess(flags, f"{output}.log")


def _checkpoint_seconds(data: str, output: Path) -> float:
    """Training with one after every block against training without."""
    seconds, numbers = {}, {}
    for interval in (NEVER, 0):
        each = output.with_name(f"{output.name}-{interval}")
        with _start(data, each, interval) as process:
            seconds[interval] = _training_seconds(process.succeed())
        numbers[interval] = training_process.newest_number(each)
    more = numbers[0] - numbers[NEVER]
    return (seconds[0] - seconds[NEVER]) / more


def _training_seconds(log: str) -> float:
    """From the first phase to the second, as the log tells."""
    moments = {}
    for line in log.splitlines():
        if not line.startswith("{"):
            continue
        entry = json.loads(line)
        for phase in PHASES:
            if entry["message"] == f"Phase {phase}":
                moments[phase] = datetime.fromisoformat(entry["time"])
    return (moments[PHASES[1]] - moments[PHASES[0]]).total_seconds()


def _resume_seconds(data: str, output: Path) -> float:
    """From the start to a checkpoint after the first block of steps."""
    with _start(data, output, 0) as process:
        process.wait_for(lambda: training_process.newest_number(output) >= 3)
        process.kill(signal.SIGKILL)
        process.wait()
    reached = training_process.newest_number(output)
    began = time.perf_counter()
    with _start(data, output, 0) as process:
        process.wait_for(
            lambda: training_process.newest_number(output) > reached
        )
        seconds = time.perf_counter() - began
    return seconds - _import_seconds()


def _import_seconds() -> float:
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "-c", "import trainer.task, trainer.training"],
        check=True,
        stderr=subprocess.DEVNULL,
    )
    return time.perf_counter() - began


if __name__ == "__main__":
    for name, figure, wanted in run():
        print(f"{name}: {figure:.3f} ({wanted})")
