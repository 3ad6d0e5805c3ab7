"""Phase 1 of networks whose weights follow from statistics of train."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import tensorflow as tf

from trainer.dataset import Windows
from trainer.detector import Detector
from trainer.phases.passes import merged_over_workers
from trainer.tensorboard import TrainingLogs
from trainer.window_pass import map_windows
from trainer.workers import Workers

__all__ = ["run"]

_SHOWN_WINDOWS = 64


def run(
    detector: Detector,
    train: Iterable[np.ndarray],
    validation: Windows,
    advance: Callable[[int], None],
    workers: Workers | None = None,
    logs: TrainingLogs | None = None,
) -> dict[str, Any]:
    """Passes once over `train` and takes the network's weights from it.

    Args:
        detector: its network is replaced, its later state is cleared.
        train: batches of this worker's normal windows, `[window, time,
            feature]`, raw units.
        validation: held-out normal windows; may be empty.
        advance: told how many windows are done.
        workers: whose statistics are merged; None = nobody's.
        logs: for TensorBoard.

    Returns:
        Numbers for metrics.json.

    Raises:
        ValueError: `train` holds no window, or none to learn from.
    """
    workers = workers or Workers()
    detector.start_phase("nothing", "reconstruction")
    network = detector.network
    prepare = tf.function(detector.prepare, reduce_retracing=True)
    empty = network.empty_statistics()
    statistics = empty
    for windows in train:
        inputs, observed = prepare(tf.constant(windows))
        statistics = network.update(
            statistics, inputs.numpy(), observed.numpy()
        )
        advance(len(windows))
    statistics = merged_over_workers(statistics, empty, network.merge, workers)
    if not statistics.count:
        raise ValueError(
            "The train split must hold a series of at least "
            f"{detector.num_steps_needed} rows without a gap, with measured "
            "values and none of them labelled anomalous. Received: none. Give "
            "more rows, or shorten what the network reads: --context_length "
            "or --window_length."
        )
    network.finalize(statistics)
    detector.finish_phase("reconstruction")
    logs = logs or TrainingLogs("")
    if len(validation):
        shown = validation.sample(_SHOWN_WINDOWS)
        logs.write_reconstructions(detector, shown)
    numbers = {
        "epochs": 1,
        "rows": statistics.count,
        "validation_windows": len(validation),
        "replicas": workers.num_replicas,
    }
    errors = {}
    if len(validation):
        errors = _validation_errors(detector, validation, workers)
    if errors:
        loss = float(np.mean(np.square(list(errors.values()))))
        numbers |= {"watched": "val_loss", "val_loss": loss} | errors
    return numbers


def _validation_errors(
    detector: Detector, windows: Windows, workers: Workers
) -> dict[str, float]:
    """Root mean squared residual of each part, scaled units; {} of none."""
    totals = np.zeros((len(detector.network.parts), 2))
    for parts in map_windows(
        detector.residual_parts, windows, _nobody, False, workers
    ):
        for position, name in enumerate(detector.network.parts):
            part = parts[name]
            finite = part[np.isfinite(part)].astype(np.float64)
            totals[position] += np.square(finite).sum(), finite.size
    squares, counts = workers.sum(totals).T
    if not counts.all():
        return {}
    errors = np.sqrt(squares / counts)
    return {
        f"val_{part}_rmse": float(error)
        for part, error in zip(detector.network.parts, errors, strict=True)
    }


def _nobody(count: int) -> None:
    """Told of progress that nobody watches."""
