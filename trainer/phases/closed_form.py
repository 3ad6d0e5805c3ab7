"""Phase 1 of networks whose weights follow from statistics of train."""

import functools
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from trainer.detector import Detector
from trainer.phases.passes import merged_over_workers
from trainer.tensorboard import TrainingLogs
from trainer.workers import Workers

__all__ = ["run"]

_SHOWN_WINDOWS = 64
# More of them would take memory, and no less time.
_WINDOWS_A_CALL = 1024


def run(
    detector: Detector,
    train: Iterable[np.ndarray],
    validation: Callable[[], Iterable[np.ndarray]],
    advance: Callable[[int], None],
    workers: Workers | None = None,
    logs: TrainingLogs | None = None,
) -> dict[str, Any]:
    """Passes once over `train` and takes the network's weights from it.

    Args:
        detector: its network is replaced, its later state is cleared.
        train: batches of this worker's normal windows, `[window, time,
            feature]`, raw units.
        validation: begins a pass over batches of this worker's held-out
            normal windows; there may be none.
        advance: told how many windows of train are done.
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
    gather = functools.partial(_statistics, detector, workers=workers)
    statistics = gather(train, advance=advance)
    if not statistics.count:
        raise ValueError(
            "The train split must hold a series of at least "
            f"{detector.num_steps_needed} rows without a gap, with measured "
            "values and none of them labelled anomalous. Received: none. Give "
            "more rows, or shorten what the network reads: --context_length "
            "or --window_length."
        )
    held_out = gather(validation()) if network.uses_held_out else None
    learned = network.finalize(statistics, held_out)
    detector.finish_phase("reconstruction")
    shown = next(iter(validation()), None) if logs else None
    if logs and shown is not None:
        logs.write_reconstructions(detector, shown[:_SHOWN_WINDOWS])
    numbers = {
        "epochs": 1,
        "rows": statistics.count,
        "replicas": workers.num_replicas,
    }
    return (
        numbers | _validation_errors(detector, validation(), workers) | learned
    )


def _calls(
    function: Callable[[tf.Tensor], Any], batches: Iterable[np.ndarray]
) -> Iterator[tuple[int, Any]]:
    """How many windows each call took, and what it gave."""
    compiled = tf.function(function, reduce_retracing=True)
    for windows in batches:
        for begin in range(0, len(windows), _WINDOWS_A_CALL):
            some = windows[begin : begin + _WINDOWS_A_CALL]
            yield len(some), compiled(tf.constant(some))


def _statistics(
    detector: Detector,
    batches: Iterable[np.ndarray],
    workers: Workers,
    advance: Callable[[int], None] | None = None,
) -> Any:
    """The network's statistics of all workers' windows."""
    network = detector.network
    empty = network.empty_statistics()
    statistics = empty
    for count, (inputs, observed) in _calls(detector.prepare, batches):
        statistics = network.update(
            statistics, inputs.numpy(), observed.numpy()
        )
        if advance:
            advance(count)
    return merged_over_workers(statistics, empty, network.merge, workers)


def _validation_errors(
    detector: Detector, batches: Iterable[np.ndarray], workers: Workers
) -> dict[str, Any]:
    """How many windows, and the root mean squared residual of each part.

    In scaled units; without those where a part has no known residual.
    """
    names = detector.network.parts
    num_windows = 0
    totals = np.zeros((len(names), 2))
    for count, parts in _calls(detector.residual_parts, batches):
        num_windows += count
        for position, name in enumerate(names):
            part = parts[name].numpy()
            finite = part[np.isfinite(part)].astype(np.float64)
            totals[position] += np.square(finite).sum(), finite.size
    (total, _), *sums = workers.sum(np.vstack([[num_windows, 0], totals]))
    numbers: dict[str, Any] = {"validation_windows": int(total)}
    squares, counts = np.transpose(sums)
    if not counts.all():
        return numbers
    errors = np.sqrt(squares / counts)
    loss = float(np.mean(np.square(errors)))
    numbers |= {"watched": "val_loss", "val_loss": loss}
    return numbers | {
        f"val_{name}_rmse": float(error)
        for name, error in zip(names, errors, strict=True)
    }
