"""Rows a second of the recommended detector, from its SavedModel."""

import os
import statistics
import tempfile
import time

import numpy as np

from benchmarks.threads import one_thread
from inference.scoring import LoadedDetector
from preprocessing import task as preprocessing
from trainer import task as trainer

NUM_ROWS, NUM_FEATURES = 200_000, 38
NUM_TRAIN_ROWS = 20_000
REPEATS = 5


def run() -> list[tuple[str, float, str]]:
    """Ratio to what is wanted, and to one matrix product of the same size."""
    one_thread()
    rng = np.random.default_rng(1)
    rows = np.cumsum(rng.standard_normal((NUM_ROWS, NUM_FEATURES)), axis=0)
    with tempfile.TemporaryDirectory() as folder:
        detector = _detector(folder, rows[:NUM_TRAIN_ROWS])
        values = rows.astype(np.float32)
        lags = rng.standard_normal((NUM_ROWS, 10 * NUM_FEATURES)).astype("f4")
        kernel = rng.standard_normal((10 * NUM_FEATURES, NUM_FEATURES))
        kernel = kernel.astype(np.float32)
        ours, product = [], []
        for _ in range(REPEATS):
            ours.append(_seconds(lambda: detector.score_series(values)))
            product.append(_seconds(lambda: lags @ kernel))
    best = min(ours)
    name = f"recommended, {NUM_ROWS:,} rows x {NUM_FEATURES}, one core"
    return [
        (f"{name}: rows/s", NUM_ROWS / best, "at least 200,000"),
        (
            f"{name} / the forecast's matrix product",
            statistics.median(product) / statistics.median(ours),
            "",
        ),
    ]


def _detector(folder: str, rows: np.ndarray) -> LoadedDetector:
    table = os.path.join(folder, "table.csv")
    np.savetxt(table, rows, "%.6g", ",")
    data = os.path.join(folder, "data")
    preprocessing.main(
        [f"--input={table}", "--header=false", f"--output={data}"]
    )
    trainer.main(
        [
            f"--data_dir={data}",
            f"--output_dir={folder}",
            "--preset=recommended",
            "--tensorboard=false",
        ]
    )
    return LoadedDetector(os.path.join(folder, "model"))


def _seconds(function) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


if __name__ == "__main__":
    for line in run():
        print(*line)
