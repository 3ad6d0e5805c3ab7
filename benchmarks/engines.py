"""Preprocessing at its ends: two processes, very many files, one huge file.

python -m benchmarks.engines
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

from benchmarks.preprocessing import peak_megabytes, write_tables

NUM_ROWS, NUM_FILES = 8_000_000, 20
NUM_SMALL_FILES, SMALL_ROWS = 10_000, 200
HUGE_BYTES = 2_000_000_000
REPEATS = 3


def run() -> list[tuple[str, float, str]]:
    """Returns (name, figure, what it must be) of one run."""
    return [
        (
            "preprocessing, Dask of 2 warm processes / direct, rows/s",
            _dask_ratio(),
            "at least 1.4",
        ),
        (
            f"preprocessing {NUM_SMALL_FILES:,} small files, seconds",
            _small_files_seconds(),
            "below 60",
        ),
        (
            "preprocessing one CSV of 2 GB, peak MB",
            _huge_file_megabytes(),
            "below 1500",
        ),
    ]


def _dask_ratio() -> float:
    """Rows a second on a cluster that ran before, over the direct runner."""
    import dask
    from distributed import LocalCluster

    from preprocessing.engines import DASK_CONFIGURATION

    dask.config.set(DASK_CONFIGURATION)
    with tempfile.TemporaryDirectory() as folder:
        write_tables(folder, NUM_ROWS, NUM_FILES)
        seconds: dict[str, list[float]] = {"direct": [], "dask": []}
        with LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None
        ) as cluster:
            address = cluster.scheduler_address
            flags = {
                "direct": [],
                "dask": [
                    "--runner=DaskRunner",
                    f"--dask_client_address={address}",
                ],
            }
            # The first run of each imports and is not counted.
            for repeat in range(REPEATS + 1):
                for name, more in flags.items():
                    started = time.perf_counter()
                    _preprocess(folder, more)
                    if repeat:
                        seconds[name].append(time.perf_counter() - started)
    middle = {name: statistics.median(each) for name, each in seconds.items()}
    for name, each in middle.items():
        print(f"{name}: {each:.1f} s, {NUM_ROWS / each:,.0f} rows/s")
    return middle["direct"] / middle["dask"]


def _small_files_seconds() -> float:
    """The whole command on files of a few kilobytes, imports included."""
    with tempfile.TemporaryDirectory() as folder:
        os.makedirs(os.path.join(folder, "input"))
        rows = np.random.default_rng(1).normal(size=(SMALL_ROWS, 5)).round(4)
        lines = ["a,b,c,d,e", *(",".join(map(str, row)) for row in rows)]
        text = "\n".join(lines) + "\n"
        for number in range(NUM_SMALL_FILES):
            path = os.path.join(folder, "input", f"series-{number:05d}.csv")
            with open(path, "w") as file:
                file.write(text)
        started = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "preprocessing.task", *_flags(folder)],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        return time.perf_counter() - started


def _huge_file_megabytes() -> float:
    """Peak memory of the command on one file that is cut into chunks."""
    with tempfile.TemporaryDirectory() as folder:
        write_tables(folder, 100_000, 1)
        (path,) = os.listdir(os.path.join(folder, "input"))
        path = os.path.join(folder, "input", path)
        with open(path, "rb") as file:
            header, rows = file.readline(), file.read()
        with open(path, "wb") as file:
            file.write(header)
            while file.tell() < HUGE_BYTES:
                file.write(rows)
        return peak_megabytes(_flags(folder))


def _flags(folder: str) -> list[str]:
    return [
        "--format=csv",
        f"--input={folder}/input/*.csv",
        f"--output={folder}/output",
    ]


def _preprocess(folder: str, more: list[str]) -> None:
    import contextlib

    from preprocessing import task

    with open(os.devnull, "w") as sink, contextlib.redirect_stdout(sink):
        if task.main([*_flags(folder), *more]):
            raise RuntimeError("preprocessing failed")


if __name__ == "__main__":
    for name, figure, wanted in run():
        print(f"{name}: {figure:.2f} ({wanted})")
