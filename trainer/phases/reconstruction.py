"""Phase 1: the network learns to reconstruct or forecast normal windows."""

from collections.abc import Sequence
from typing import Any

import keras

from trainer import loop
from trainer.config import RunSettings
from trainer.dataset import Windows
from trainer.detector import Detector
from trainer.driver import OneReplica
from trainer.recovery import Recovery, Stateful
from trainer.replicas import ManyReplicas
from trainer.stateful_callbacks import EarlyStopping
from trainer.tensorboard import TrainingLogs
from trainer.tuning_metric import TuningMetric
from trainer.workers import Workers

__all__ = ["run"]

_SHOWN_WINDOWS = 64


def run(
    detector: Detector,
    train: Windows,
    validation: Windows,
    settings: RunSettings,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    workers: Workers | None = None,
    recovery: Recovery | None = None,
    logs: TrainingLogs | None = None,
    reports_metric: bool = False,
) -> dict[str, Any]:
    """Trains the network; best weights by validation loss are kept.

    Args:
        detector: its network is trained on, its later state is cleared.
        train: normal windows.
        validation: held-out normal windows; where there are none, the
            training loss decides.
        settings: epochs, batch size, learning rate, patience, seed.
        callbacks: further Keras callbacks.
        workers: who shares each batch; None = nobody.
        recovery: checkpoints to write and to go on from; None = none.
        logs: for TensorBoard.
        reports_metric: whether a tuning service waits for the watched value.

    Returns:
        Numbers for metrics.json.

    Raises:
        ValueError: `train` holds no window, or less than a batch.
    """
    workers = workers or Workers()
    settings.check_replicas(workers.num_replicas)
    _check_batch(train, settings)
    detector.start_phase("nothing", "reconstruction")
    detector.compile(optimizer=keras.optimizers.Adam(settings.learning_rate))
    driver = _driver(detector, settings.driver, workers, recovery)
    watched = "val_loss" if len(validation) else "loss"
    logs = logs or TrainingLogs("")
    stateful: dict[str, Stateful] = {
        "stopping": EarlyStopping(
            monitor=watched,
            mode="min",
            patience=settings.patience,
            restore_best_weights=True,
        )
    }
    if reports_metric:
        stateful["metric"] = TuningMetric(watched)
    history = loop.fit(
        driver,
        train,
        validation,
        batch_size=settings.batch_size,
        epochs=settings.epochs,
        seed=settings.seed,
        max_steps=settings.max_steps,
        callbacks=[*callbacks, *logs.callbacks()],
        stateful=stateful,
        recovery=recovery,
    ).history
    detector.finish_phase("reconstruction")
    shown = validation if len(validation) else train
    logs.write_reconstructions(detector, shown.sample(_SHOWN_WINDOWS))
    best = min(range(len(history[watched])), key=history[watched].__getitem__)
    return {
        "epochs": len(history["loss"]),
        "best_epoch": best + 1,
        "watched": watched,
        "train_windows": len(train),
        "validation_windows": len(validation),
        "driver": driver.kind,
        "replicas": workers.num_replicas,
    } | {name: values[best] for name, values in history.items()}


def _driver(
    detector: Detector, kind: str, workers: Workers, recovery: Recovery | None
) -> loop.Driver:
    if workers.num_replicas > 1:
        return ManyReplicas(detector, workers)
    if kind == "auto" and recovery and recovery.driver_kind in ("jit", "graph"):
        # What it chose before a kill: both kinds round differently.
        kind = recovery.driver_kind
    return OneReplica(detector, kind)


def _check_batch(train: Windows, settings: RunSettings) -> None:
    if not len(train):
        raise ValueError(
            "The train split must hold a series of at least `window_length` "
            f"rows. Received: window_length={train.window_length}, "
            f"{train.num_short_runs} shorter series. "
            "Choose a shorter window with --window_length."
        )
    size = settings.batch_size
    if size > len(train):
        raise ValueError(
            f"`batch_size` must not be above the {len(train)} training "
            f"windows. Received: batch_size={size}. Add "
            f"--batch_size={len(train)} or less."
        )
