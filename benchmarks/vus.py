"""VUS against the package `vus`, in its own environment, in the same run.

JUDGES_PYTHON=.../bin/python python -m benchmarks vus

Where no environment is named the naive twin of the tests stands in for it.
"""

import importlib.util
import json
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np

from evaluation.metrics.vus import exact_vus, vus

NUM_ROWS = 100_000
BUFFER_LENGTH = 100
# Events and rows of each: few are the package's best case.
SERIES = ((5, 2000), (50, 200))
REPEATS = 15

JUDGE = """
import json, sys, time
import numpy as np
from vus.metrics import get_metrics

data = np.load("series.npz")
scores, labels = data["scores"], data["labels"]
length = int(sys.argv[1])
# Compiles and imports what it needs.
get_metrics(scores[:1000], np.eye(1, 1000, 500)[0], "vus", slidingWindow=10)
began = time.perf_counter()
figures = get_metrics(scores, labels, "vus", slidingWindow=length)
seconds = time.perf_counter() - began
print(json.dumps([seconds, figures["VUS_PR"], figures["VUS_ROC"]]))
"""


def run() -> list[tuple[str, float, str]]:
    """Returns (name, figure, what it must be) of one run."""
    judges_python = os.environ.get("JUDGES_PYTHON")
    rows = []
    # The twin looks at all rows for each event: one series is enough.
    for num_events, length in SERIES if judges_python else SERIES[:1]:
        scores, labels = _series(num_events, length)
        if judges_python:
            judge, judged = "vus package", _judge(judges_python, scores, labels)
        else:
            judge, judged = (
                "naive twin (no JUDGES_PYTHON)",
                _twin(scores, labels),
            )
        seconds, pr, roc = judged
        own = vus(scores, labels, BUFFER_LENGTH)
        gap = max(abs(own.pr - pr), abs(own.roc - roc))
        name = f"VUS {NUM_ROWS:,} rows, {num_events} events"
        ratio = seconds / _seconds(vus, scores, labels)
        rows.append(
            (f"{name}: seconds of {judge} / ours", ratio, "at least 100")
        )
        rows.append((f"{name}: gap to {judge} x 1e6", gap * 1e6, "at most 1"))
        exact = _seconds(exact_vus, scores, labels, 3)
        rows.append((f"{name}: exact sweep, seconds", exact, "below 1"))
    return rows


def _series(num_events: int, length: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(1)
    labels = np.zeros(NUM_ROWS, int)
    starts = np.linspace(500, NUM_ROWS - length - 500, num_events).astype(int)
    for start in starts:
        labels[start : start + length] = 1
    return generator.normal(size=NUM_ROWS) + labels, labels


def _seconds(metric, scores, labels, repeats: int = REPEATS) -> float:
    seconds = []
    for _ in range(repeats):
        began = time.perf_counter()
        metric(scores, labels, BUFFER_LENGTH)
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)


def _judge(judges_python: str, scores, labels) -> tuple[float, float, float]:
    with tempfile.TemporaryDirectory() as folder:
        np.savez(Path(folder) / "series.npz", scores=scores, labels=labels)
        command = [judges_python, "-I", "-c", JUDGE, str(BUFFER_LENGTH)]
        done = subprocess.run(
            command, cwd=folder, stdout=subprocess.PIPE, check=True
        )
    return tuple(json.loads(done.stdout.decode().splitlines()[-1]))


def _twin(scores, labels) -> tuple[float, float, float]:
    path = Path(__file__).parents[1] / "tests/evaluation/metrics/test_vus.py"
    spec = importlib.util.spec_from_file_location("naive_vus", path)
    twin = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(twin)
    began = time.perf_counter()
    pr, roc = twin.naive_vus(scores, labels, BUFFER_LENGTH, 250)
    return time.perf_counter() - began, float(pr), float(roc)
