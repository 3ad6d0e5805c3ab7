"""The LSTM forecaster against the same networks of Keras' layers."""

import statistics
import time
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from benchmarks.threads import one_thread
from benchmarks.training import EPOCHS, EpochClock, make, trained_seconds
from trainer.dataset import gather_windows
from trainer.memory import keep_freed_memory

REPEATS = 3
# Of `predict`, which is quicker with larger ones up to a point.
PREDICTED_BATCHES = (64, 256, 1024)
SCORED_BATCH = 256


class Case(NamedTuple):
    """A network and the factors that are wanted of it."""

    name: str
    units: tuple[int, ...]
    context: int
    horizon: int
    stride: int
    width: int
    num_scored: int
    dropout: float
    batch: int
    num_windows: int
    trained: float
    scored: float


CASES = (
    Case("Telemanom", (80, 80), 250, 10, 1, 25, 1, 0.3, 64, 2_048, 1.2, 1.5),
    Case("LSTM-AD", (64, 64), 100, 10, 10, 38, 38, 0.1, 32, 2_560, 1.6, 1.8),
)


def run() -> list[tuple[str, float, str]]:
    """Ratios of windows a second, on one thread."""
    one_thread()
    # As every training run does; it helps both sides.
    keep_freed_memory()
    return [row for case in CASES for row in _compare(case)]


def _compare(case: Case) -> list[tuple[str, float, str]]:
    ratios, kinds = [], set()
    for _ in range(REPEATS):
        made = _make(case, case.context + case.horizon)
        seconds, kind = trained_seconds(*made, case.batch)
        ratios.append(_fit(case) / seconds)
        kinds.add(kind)
    name = f"{case.name} {case.context} x {case.width} to {case.horizon}"
    return [
        (
            f"{name}: trained windows/s ({', '.join(sorted(kinds))}) / those "
            f"of fit, batch {case.batch}",
            statistics.median(ratios),
            f"at least {case.trained}",
        ),
        *_scoring(case, name),
    ]


def _fit(case: Case) -> float:
    values, target = _arrays(case)
    model = _of_keras(case)
    model.compile(optimizer=keras.optimizers.Adam(1e-3), loss="mse")
    clock = EpochClock()
    model.fit(
        values,
        target,
        batch_size=case.batch,
        epochs=EPOCHS,
        verbose=0,
        callbacks=[clock],
    )
    return clock.best()


def _arrays(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """Contexts, and what follows them."""
    _, windows, _ = _make(case, case.context + case.horizon)
    sample = windows.sample(case.num_windows)
    return (
        sample[:, : case.context].copy(),
        sample[:, case.context :, : case.num_scored].copy(),
    )


def _of_keras(case: Case) -> keras.Model:
    layers: list[keras.layers.Layer] = []
    for position, units in enumerate(case.units):
        is_last = position + 1 == len(case.units)
        layers += [
            keras.layers.LSTM(units, return_sequences=not is_last),
            keras.layers.Dropout(case.dropout),
        ]
    return keras.Sequential(
        [
            keras.Input((case.context, case.width)),
            *layers,
            keras.layers.Dense(case.horizon * case.num_scored),
            keras.layers.Reshape((case.horizon, case.num_scored)),
        ]
    )


def _scoring(case: Case, name: str) -> list[tuple[str, float, str]]:
    length = case.context + case.stride
    detector, windows, _ = _make(case, length)
    model = _of_keras(case)
    weights = [each.numpy() for each in detector.network.trainable_weights]
    model.set_weights(weights)
    contexts = windows.sample(case.num_windows)[:, : case.context].copy()
    resident = tf.constant(windows.values)

    @tf.function(jit_compile=True)
    def compiled(starts):
        batch = gather_windows(resident, starts, length)
        return detector.residual_parts(batch)["forecast"]

    def ours():
        batches = windows.starts.reshape(-1, SCORED_BATCH)
        return np.concatenate([compiled(each).numpy() for each in batches])

    def theirs(batch_size):
        return model.predict(contexts, batch_size=batch_size, verbose=0)

    sample = windows.sample(case.num_windows)[:, case.context :]
    scale = detector.scaling.scale.numpy()[: case.num_scored]
    expected = theirs(SCORED_BATCH)[:, : case.stride]
    told = sample[..., : case.num_scored] - ours() * scale
    ratios, best = [], 0
    for _ in range(REPEATS):
        seconds = {
            size: _seconds(lambda size=size: theirs(size))
            for size in PREDICTED_BATCHES
        }
        best = min(seconds, key=seconds.__getitem__)
        ratios.append(seconds[best] / _seconds(ours))
    return [
        (
            f"{name}: scored windows/s / those of predict, batch {best}",
            statistics.median(ratios),
            f"at least {case.scored}",
        ),
        (
            f"{name}: gap to predict x 1e6",
            float(np.abs(told - expected).max()) * 1e6,
            "at most 10",
        ),
    ]


def _make(case: Case, length: int):
    settings = {
        "units": case.units,
        "dropout": case.dropout,
        "context_length": case.context,
        "horizon": case.horizon,
        "forecast_stride": case.stride,
    }
    return make(
        "lstm_forecaster",
        settings,
        length,
        case.width,
        case.num_windows,
        "scaled_residual",
        case.num_scored,
    )


def _seconds(function) -> float:
    function()
    start = time.perf_counter()
    function()
    return time.perf_counter() - start
