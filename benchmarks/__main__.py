"""Runs every benchmark in a process of its own and prints one table."""

import argparse
import importlib
import json
import subprocess
import sys

from rich.console import Console
from rich.progress import track
from rich.table import Table

BENCHMARKS = (
    "statistics_pass",
    "pca",
    "dataset",
    "training",
    "lstm",
    "lstm_forecaster",
    "preprocessing",
    "engines",
    "workers",
    "checkpoints",
    "dynamic_threshold",
    "vus",
    "scoring",
    "tuning",
)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Compares with the bare form in one run.",
    )
    parser.add_argument("names", nargs="*", help=", ".join(BENCHMARKS))
    parser.add_argument("--only", help=argparse.SUPPRESS)
    flags = parser.parse_args()
    if flags.only:
        module = importlib.import_module(f"benchmarks.{flags.only}")
        print(json.dumps(module.run()))
        return 0
    table = Table("benchmark", "comparison", "figure", "wanted")
    names = flags.names or BENCHMARKS
    console = Console(stderr=True)
    for name in track(names, "benchmarks", console=console):
        command = [sys.executable, "-m", "benchmarks", "--only", name]
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
        last_line = done.stdout.decode().splitlines()[-1]
        for comparison, ratio, wanted in json.loads(last_line):
            table.add_row(name, comparison, f"{ratio:.3g}", wanted)
    Console().print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
