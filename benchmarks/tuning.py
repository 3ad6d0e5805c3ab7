"""Eight trials, two at a time, against the bare sum of their processes.

python -m benchmarks.tuning
"""

import csv
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import hptuning

NUM_TRIALS, NUM_PARALLEL = 8, 2
JOB = Path(hptuning.__file__).with_name("dense_autoencoder.yaml")


def run() -> list[tuple[str, float, str]]:
    with tempfile.TemporaryDirectory() as folder:
        data = _built_in_data(folder)
        output = Path(folder, "tuned")
        seconds = _seconds_of(
            "hptuning.local",
            f"--config={JOB}",
            f"--data_dir={data}",
            f"--output_dir={output}",
            f"--max_trials={NUM_TRIALS}",
            f"--parallel={NUM_PARALLEL}",
        )
        with open(output / "trials.csv", encoding="utf-8") as file:
            trials = [float(row["seconds"]) for row in csv.DictReader(file)]
    return [
        (
            "8 dense trials, 2 at a time / half of the sum of their seconds",
            seconds / (sum(trials) / NUM_PARALLEL),
            "under 1.2",
        )
    ]


def _built_in_data(folder: str) -> str:
    raw, data = str(Path(folder, "raw")), str(Path(folder, "data"))
    _seconds_of("preprocessing.simulate", f"--output={raw}")
    _seconds_of(
        "preprocessing.task",
        f"--input={raw}/sequences",
        "--format=sequences",
        f"--output={data}",
    )
    return data


def _seconds_of(module: str, *flags: str) -> float:
    began = time.perf_counter()
    command = [sys.executable, "-m", module, *flags]
    subprocess.run(command, check=True, stdout=sys.stderr)
    return time.perf_counter() - began


if __name__ == "__main__":
    for name, figure, wanted in run():
        print(f"{name}: {figure:.2f} ({wanted})")
