"""Phase 1: the network learns to reconstruct or forecast normal windows."""

from collections.abc import Sequence
from typing import Any

import keras

from trainer import loop
from trainer.config import RunSettings
from trainer.dataset import Windows
from trainer.detector import Detector
from trainer.driver import OneReplica

__all__ = ["run"]


def run(
    detector: Detector,
    train: Windows,
    validation: Windows,
    settings: RunSettings,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> dict[str, Any]:
    """Trains the network; best weights by validation loss are kept.

    Args:
        detector: its network is trained on, its later state is cleared.
        train: normal windows.
        validation: held-out normal windows; where there are none, the
            training loss decides.
        settings: epochs, batch size, learning rate, patience, seed.
        callbacks: further Keras callbacks.

    Returns:
        Numbers for metrics.json.

    Raises:
        ValueError: `train` holds no window.
    """
    if not len(train):
        raise ValueError(
            "The train split must hold a series of at least `window_length` "
            f"rows. Received: window_length={train.window_length}, "
            f"{train.num_short_runs} shorter series. "
            "Choose a shorter window with --window_length."
        )
    detector.start_phase("nothing", "reconstruction")
    detector.compile(optimizer=keras.optimizers.Adam(settings.learning_rate))
    driver = OneReplica(detector, settings.driver)
    watched = "val_loss" if len(validation) else "loss"
    stopping = keras.callbacks.EarlyStopping(
        monitor=watched,
        mode="min",
        patience=settings.patience,
        restore_best_weights=True,
    )
    history = loop.fit(
        driver,
        train,
        validation,
        batch_size=min(settings.batch_size, len(train)),
        epochs=settings.epochs,
        seed=settings.seed,
        max_steps=settings.max_steps,
        callbacks=[stopping, *callbacks],
    ).history
    detector.finish_phase("reconstruction")
    best = min(range(len(history[watched])), key=history[watched].__getitem__)
    return {
        "epochs": len(history["loss"]),
        "best_epoch": best + 1,
        "watched": watched,
        "train_windows": len(train),
        "validation_windows": len(validation),
        "driver": driver.kind,
    } | {name: values[best] for name, values in history.items()}
