"""Two worker processes with a core each against one with one core.

python -m benchmarks.workers
"""

import contextlib
import json
import os
import statistics
import tempfile
from pathlib import Path

from benchmarks.harness import training_process

NUM_ROWS, NUM_FEATURES = 50_000, 38
BATCH_SIZE = 512
EPOCHS = 7
# All shapes of batches are traced by then.
EPOCHS_SKIPPED = 3
FLAGS = (
    "--training_mode=reconstruction",
    "--window_length=64",
    "--preset=talk_dense",
    "--encoder_units=64,32",
    "--decoder_units=32,64",
    f"--epochs={EPOCHS}",
    f"--patience={EPOCHS}",
    "--driver=graph",
    "--tensorboard=false",
    "--log_format=json",
)
REPEATS = 3


def run() -> list[tuple[str, float, str]]:
    alone = [{}]
    ways = {
        "one": lambda: alone,
        "two": lambda: training_process.cluster(2),
        "apart": lambda: alone * 2,
    }
    rates: dict[str, list[float]] = {name: [] for name in ways}
    with tempfile.TemporaryDirectory() as folder:
        data = training_process.write_data_set(folder, NUM_ROWS, NUM_FEATURES)
        for repeat in range(REPEATS):
            for name, variables in ways.items():
                trial = Path(folder) / f"{name}-{repeat}"
                trial.mkdir()
                rates[name].append(_rate(data, trial, variables()))
    rate = {name: statistics.median(each) for name, each in rates.items()}
    return [
        (
            "milliseconds a step of one worker",
            1000 * BATCH_SIZE / rate["one"],
            "at least 20",
        ),
        (
            "two workers with a core each, batch doubled / one, windows/s",
            rate["two"] / rate["one"],
            "at least 1.6",
        ),
        (
            "two runs side by side that share nothing / one, windows/s",
            rate["apart"] / rate["one"],
            "what the machine can give",
        ),
    ]


def _rate(data: str, folder: Path, variables: list[dict[str, str]]) -> float:
    """Windows a second of all processes together, one on each core.

    Args:
        data: folder of the data set.
        folder: for what they write.
        variables: of each process; TF_CONFIG where they train together.
    """
    is_cluster = "TF_CONFIG" in variables[0]
    batch_size = BATCH_SIZE * (len(variables) if is_cluster else 1)
    cores = sorted(os.sched_getaffinity(0))
    with contextlib.ExitStack() as stack:
        processes = []
        for index, each in enumerate(variables):
            flags = [
                f"--data_dir={data}",
                f"--output_dir={folder / str(index)}",
                f"--batch_size={batch_size}",
                *FLAGS,
            ]
            log = folder / f"{index}.log"
            process = training_process.TrainingProcess(
                flags, log, variables=each
            )
            # At once: threads that it starts later stay there, too.
            os.sched_setaffinity(process.pid, {cores[index % len(cores)]})
            processes.append(stack.enter_context(process))
        logs = [process.succeed() for process in processes]
    # The chief tells of the whole batch.
    return sum(_steady_rate(log) for log in (logs[:1] if is_cluster else logs))


def _steady_rate(log: str) -> float:
    """Windows a second of the fastest epoch that traces nothing any more.

    The fastest: workers wait for the slower one of them in each step, so
    what else the machine does weighs more on two than on one.
    """
    rates = []
    for line in log.splitlines():
        entry = json.loads(line) if line.startswith("{") else {}
        if "val_loss" in entry:
            rates.append(entry["windows_per_second"])
    return max(rates[EPOCHS_SKIPPED:])


if __name__ == "__main__":
    for name, figure, wanted in run():
        print(f"{name}: {figure:.2f} ({wanted})")
