"""Preprocessing against a bare pyarrow.csv + TFRecord write of the same rows.

python -m benchmarks.preprocessing [rows]
"""

import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

NUM_ROWS = 8_000_000
NUM_COLUMNS = 10
NUM_FILES = 8
REPEATS = 3
# Peak memory is compared at this size: it must not depend on the files.
MEMORY_ROWS_PER_FILE = 200_000


def run(num_rows: int = NUM_ROWS) -> list[tuple[str, float, str]]:
    """Returns (name, ratio, what it must be) of one run."""
    with tempfile.TemporaryDirectory() as folder:
        paths = write_tables(folder, num_rows, NUM_FILES)
        seconds = _alternate(paths, folder)
        ratio = statistics.median(seconds["bare"]) / statistics.median(
            seconds["preprocessing"]
        )
    return [
        ("preprocessing / bare pyarrow.csv, rows/s", ratio, "at least 0.6"),
        ("preprocessing, peak memory 20 files / 1", _memory(), "at most 1.2"),
    ]


def write_tables(folder: str, num_rows: int, num_files: int) -> list[str]:
    """Writes CSV files of equal length under `folder`/input; their paths."""
    import pyarrow as pa
    from pyarrow import csv

    generator = np.random.default_rng(1)
    names = [f"sensor_{number}" for number in range(NUM_COLUMNS)]
    os.makedirs(os.path.join(folder, "input"), exist_ok=True)
    paths = []
    for number in range(num_files):
        shape = (NUM_COLUMNS, num_rows // num_files)
        columns = generator.normal(50.0, 10.0, shape).round(4)
        path = os.path.join(folder, "input", f"machine-{number:02d}.csv")
        csv.write_csv(pa.table(list(columns), names), path)
        paths.append(path)
    return paths


def _alternate(paths: list[str], folder: str) -> dict[str, list[float]]:
    """Seconds of each way, taken in turn so that both see the same machine."""
    output = os.path.join(folder, "output")
    tasks = {
        "bare": lambda: _bare(paths, os.path.join(folder, "bare.tfrecord")),
        "preprocessing": lambda: _preprocess(paths, output),
    }
    seconds: dict[str, list[float]] = {name: [] for name in tasks}
    _preprocess(paths[:1], output)  # imports
    for _ in range(REPEATS):
        for name, task in tasks.items():
            started = time.perf_counter()
            task()
            seconds[name].append(time.perf_counter() - started)
    return seconds


def _bare(paths: list[str], output: str) -> None:
    from apache_beam.io.tfrecordio import _TFRecordUtil
    from pyarrow import csv

    options = csv.ReadOptions(use_threads=False)
    with open(output, "wb") as file:
        for path in paths:
            for batch in csv.open_csv(path, read_options=options):
                columns = [column.to_numpy() for column in batch.columns]
                values = np.array(columns, np.float32).T
                _TFRecordUtil.write_record(file, values.tobytes())


def _preprocess(paths: list[str], output: str) -> None:
    from preprocessing import task

    flags = ["--format=csv", f"--input={','.join(paths)}", f"--output={output}"]
    with open(os.devnull, "w") as sink, contextlib.redirect_stdout(sink):
        if task.main(flags):
            raise RuntimeError("preprocessing failed")


def _memory() -> float:
    """Peak memory of 20 files over that of 1 (MB are printed)."""
    peaks = {}
    for num_files in (1, 4, 20):
        with tempfile.TemporaryDirectory() as folder:
            write_tables(folder, num_files * MEMORY_ROWS_PER_FILE, num_files)
            peaks[num_files] = peak_megabytes(
                [
                    "--format=csv",
                    f"--input={folder}/input/*.csv",
                    f"--output={folder}/output",
                ]
            )
    for num_files, megabytes in peaks.items():
        print(f"peak memory, {num_files} files: {megabytes:.0f} MB")
    return peaks[20] / peaks[1]


def peak_megabytes(flags: list[str]) -> float:
    """Peak memory of preprocessing in a process of its own."""
    # Not ru_maxrss: a child inherits that of its parent.
    program = (
        "import sys; from preprocessing import task; "
        "code = task.main(sys.argv[1:]); "
        "status = open('/proc/self/status').read(); "
        "print(status.split('VmHWM:')[1].split()[0]); "
        "sys.exit(code)"
    )
    printed = subprocess.run(
        [sys.executable, "-c", program, *flags],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return int(printed.split()[-1]) / 1024


if __name__ == "__main__":
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else NUM_ROWS
    for name, ratio, wanted in run(rows):
        print(f"{name}: {ratio:.2f} ({wanted})")
