"""Our training loop against `Model.fit` on the same detector and data."""

import dataclasses
import statistics
import time

import keras
import numpy as np
import tensorflow as tf

from trainer import loop
from trainer.dataset import Windows
from trainer.detector import Detector, DetectorConfig
from trainer.schema import SPLITS, Feature, Schema, Split

SIZES = (
    # window, features, widths, batch, windows
    (30, 5, (64, 32, 16), 32, 19_200),
    (100, 38, (64, 32, 16), 32, 6_400),
    (100, 38, (64, 32, 16), 256, 12_800),
    (30, 5, (1024, 256, 64), 32, 3_200),
    (100, 38, (1024, 256, 64), 32, 1_600),
)
EPOCHS = 3
REPEATS = 3


def run() -> list[tuple[str, float, str]]:
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    rows = []
    for size in SIZES:
        length, width, widths, batch, _ = size
        ratios, gap = _compare(*size)
        name = f"train {length} x {width}, widths {widths}, batch {batch}"
        wanted = "at least 2" if not rows else "at least 1"
        rows.append((f"{name}: ours / fit", ratios, wanted))
        rows.append((f"{name}: largest gap of losses x 1e6", gap * 1e6, "1"))
    return rows


def _compare(length, width, widths, batch, num_windows):
    ratios, gap = [], 0.0
    for _ in range(REPEATS):
        ours, our_losses = _ours(length, width, widths, batch, num_windows)
        theirs, losses = _fit(length, width, widths, batch, num_windows)
        ratios.append(theirs / ours)
        gap = max(gap, float(np.abs(np.subtract(our_losses, losses)).max()))
    return statistics.median(ratios), gap


def _ours(length, width, widths, batch, num_windows):
    detector, train, nothing = _make(length, width, widths, num_windows)
    driver = loop.OneReplica(detector)
    clock = _EpochClock()
    history = loop.fit(
        driver,
        train,
        nothing,
        batch_size=batch,
        epochs=EPOCHS,
        seed=1,
        is_shuffled=False,
        callbacks=[clock],
    )
    return clock.best(), history.history["loss"]


def _fit(length, width, widths, batch, num_windows):
    detector, train, _ = _make(length, width, widths, num_windows)
    clock = _EpochClock()
    history = detector.fit(
        train.batches(batch),
        epochs=EPOCHS,
        shuffle=False,
        verbose=0,
        callbacks=[clock],
    )
    return clock.best(), history.history["loss"]


class _EpochClock(keras.callbacks.Callback):
    """Seconds of the fastest epoch: compilation falls into the first."""

    def on_train_begin(self, logs=None):
        self._seconds = []

    def on_epoch_begin(self, epoch, logs=None):
        self._began = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        self._seconds.append(time.perf_counter() - self._began)

    def best(self):
        return min(self._seconds[1:])


def _make(length, width, widths, num_windows):
    rng = np.random.default_rng(1)
    values = rng.standard_normal((num_windows + length - 1, width)).astype("f4")
    schema = Schema(
        features=tuple(
            Feature(f"f{i}", "scored", 9, 0, 0.0, 1.0, -4.0, 4.0, False, False)
            for i in range(width)
        ),
        splits={name: Split() for name in SPLITS},
    )
    settings = {"encoder_units": widths, "decoder_units": widths[::-1]}
    config = DetectorConfig(
        "dense_autoencoder", settings, "mahalanobis", {}, length
    )
    detector = Detector(schema.to_json(), dataclasses.asdict(config))
    detector.compile(optimizer=keras.optimizers.Adam(1e-3))
    windows = Windows(
        values=values,
        starts=np.arange(num_windows),
        window_length=length,
        labels=np.zeros(num_windows, np.int8),
    )
    nothing = dataclasses.replace(windows, starts=windows.starts[:0])
    return detector, windows, nothing
