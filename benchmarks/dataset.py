"""Windows from TFRecords against Keras' own windows from memory."""

import statistics
import tempfile
import time

import keras
import numpy as np
import tensorflow as tf

from benchmarks.threads import one_thread
from preprocessing import task
from trainer.dataset import load_windows
from trainer.schema import Schema

WINDOW_LENGTH = 100
BATCH_SIZE = 256
NUM_ROWS, NUM_FEATURES = 100_000, 38
REPEATS = 3


def run() -> list[tuple[str, float, str]]:
    one_thread()
    rng = np.random.default_rng(1)
    rows = rng.standard_normal((NUM_ROWS, NUM_FEATURES)).astype("f4")
    with tempfile.TemporaryDirectory() as folder:
        np.savetxt(f"{folder}/a.csv", rows, "%.6g", ",")
        task.main(
            [
                f"--input={folder}/a.csv",
                "--format=csv",
                "--header=false",
                f"--output={folder}/data",
            ]
        )
        schema = Schema.load(f"{folder}/data")
        ratios = []
        for _ in range(REPEATS):
            ours = _rate(lambda: _ours(f"{folder}/data", schema))
            keras_rate = _rate(lambda: _keras(rows))
            ratios.append(ours / keras_rate)
    return [
        (
            "shuffled windows 100 x 38, batch 256, from TFRecords / "
            "timeseries_dataset_from_array",
            statistics.median(ratios),
            "at least 10",
        )
    ]


def _ours(data_dir: str, schema: Schema) -> tf.data.Dataset:
    windows = load_windows(data_dir, schema, "train", WINDOW_LENGTH)
    return windows.batches(BATCH_SIZE, windows.order(seed=1, epoch=0))


def _keras(rows: np.ndarray) -> tf.data.Dataset:
    return keras.utils.timeseries_dataset_from_array(
        rows, None, WINDOW_LENGTH, batch_size=BATCH_SIZE, shuffle=True, seed=1
    )


def _rate(make) -> float:
    """Windows a second, reading and set-up included."""
    began = time.perf_counter()
    num_windows = sum(batch.shape[0] for batch in make())
    return num_windows / (time.perf_counter() - began)
