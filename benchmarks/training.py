"""Our training loop against `Model.fit` on the same detector and data."""

import dataclasses
import statistics
import time

import keras
import numpy as np

from benchmarks.threads import one_thread
from trainer import loop
from trainer.dataset import Windows
from trainer.detector import Detector, DetectorConfig
from trainer.driver import OneReplica
from trainer.schema import SPLITS, Feature, Schema, Split

SIZES = (
    # window, features, widths, batch, windows
    (30, 5, (64, 32, 16), 32, 12_800),
    (100, 38, (64, 32, 16), 32, 6_400),
    (100, 38, (64, 32, 16), 256, 10_240),
    (30, 5, (1024, 256, 64), 32, 1_600),
    (100, 38, (1024, 256, 64), 32, 960),
)
EPOCHS = 3
REPEATS = 3
STEPS_COMPARED = 20


def run() -> list[tuple[str, float, str]]:
    one_thread()
    rows = []
    for size in SIZES:
        length, width, widths, batch, _ = size
        ratio, gap = _compare(size)
        wanted = "at least 2" if not rows else "at least 1"
        name = f"train {length} x {width}, widths {widths}, batch {batch}"
        rows.append((f"{name}: windows/s / those of fit", ratio, wanted))
        rows.append((f"{name}: gap of losses x 1e6", gap * 1e6, "at most 1"))
    return rows


def _compare(size) -> tuple[float, float]:
    """Median ratio to `fit` as it is; gap to `fit` compiled alike.

    XLA rounds otherwise than graph mode, and training magnifies it: so the
    losses are held against `fit` with the same `jit_compile`.
    """
    ratios, gap = [], 0.0
    for _ in range(REPEATS):
        seconds, _ = _ours(size, "auto")
        reference, _ = _fit(size, is_jit=False)
        ratios.append(reference / seconds)
    size = (*size[:4], STEPS_COMPARED * size[3])
    for kind in ("graph", "jit"):
        _, losses = _ours(size, kind)
        _, expected = _fit(size, is_jit=kind == "jit")
        gap = max(gap, float(np.abs(np.subtract(losses, expected)).max()))
    return statistics.median(ratios), gap


def _ours(size, kind: str) -> tuple[float, list[float]]:
    detector, train, nothing = _made(size)
    detector.compile(optimizer=keras.optimizers.Adam(1e-3))
    clock = EpochClock()
    history = loop.fit(
        OneReplica(detector, kind),
        train,
        nothing,
        batch_size=size[3],
        epochs=EPOCHS,
        seed=1,
        is_shuffled=False,
        callbacks=[clock],
    )
    return clock.best(), history.history["loss"]


def _fit(size, is_jit: bool) -> tuple[float, list[float]]:
    detector, train, _ = _made(size)
    detector.compile(optimizer=keras.optimizers.Adam(1e-3), jit_compile=is_jit)
    clock = EpochClock()
    history = detector.fit(
        train.batches(size[3]),
        epochs=EPOCHS,
        shuffle=False,
        verbose=0,
        callbacks=[clock],
    )
    return clock.best(), history.history["loss"]


class EpochClock(keras.callbacks.Callback):
    """Seconds of the fastest epoch: compilation falls into the first."""

    def on_train_begin(self, logs=None):
        self._seconds = []

    def on_epoch_begin(self, epoch, logs=None):
        self._began = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        self._seconds.append(time.perf_counter() - self._began)

    def best(self):
        return min(self._seconds[1:])


def _made(size):
    length, width, widths, _, num_windows = size
    settings = {"encoder_units": widths, "decoder_units": widths[::-1]}
    return make("dense_autoencoder", settings, length, width, num_windows)


def trained_seconds(detector, train, nothing, batch_size):
    """Of the fastest epoch of our loop, and the driver that it chose."""
    detector.compile(optimizer=keras.optimizers.Adam(1e-3))
    driver, clock = OneReplica(detector, "auto"), EpochClock()
    loop.fit(
        driver,
        train,
        nothing,
        batch_size=batch_size,
        epochs=EPOCHS,
        seed=1,
        callbacks=[clock],
    )
    return clock.best(), driver.kind


def make(
    network,
    settings,
    length,
    width,
    num_windows,
    scorer="mahalanobis",
    num_scored=None,
):
    """A detector, windows of noise for it, and the same without a window."""
    rng = np.random.default_rng(1)
    values = rng.standard_normal((num_windows + length - 1, width)).astype("f4")
    num_scored = width if num_scored is None else num_scored
    roles = ["scored"] * num_scored + ["covariate"] * (width - num_scored)
    schema = Schema(
        features=tuple(
            Feature(f"f{i}", role, 9, 0, 0.0, 1.0, -4.0, 4.0, False, False)
            for i, role in enumerate(roles)
        ),
        splits={name: Split() for name in SPLITS},
    )
    config = DetectorConfig(network, settings, scorer, {}, length, seed=1)
    detector = Detector(schema.to_json(), dataclasses.asdict(config))
    windows = Windows(
        values=values,
        starts=np.arange(num_windows),
        window_length=length,
        row_labels=np.zeros(len(values), np.int8),
        has_anomaly=np.zeros(num_windows, bool),
        runs=np.zeros(num_windows, np.int64),
    )
    nothing = dataclasses.replace(windows, starts=windows.starts[:0])
    return detector, windows, nothing
