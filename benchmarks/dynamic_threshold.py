"""Dynamic thresholds of one channel against the loops of the tests."""

import importlib.util
import time
from pathlib import Path

import numpy as np

from trainer.statistics.dynamic_parameters import DynamicParameters
from trainer.statistics.dynamic_threshold import whole
from trainer.statistics.judged_errors import dynamic_events
from trainer.statistics.retrospective_threshold import judged_in_retrospect

NUM_ROWS, HORIZON = 8_640, 10
# First row, rows, and how far the error rises.
ANOMALIES = ((4000, 100, 0.5), (7000, 400, 0.3))
REPEATS = 9


def run() -> list[tuple[str, float, str]]:
    """Ratios of the best seconds, and seconds, of one run."""
    errors, targets = _channel()
    parameters = DynamicParameters()
    oracle = _oracle()
    functions = (
        lambda: oracle.telemanom(errors, targets),
        lambda: judged_in_retrospect(errors, targets, parameters),
        lambda: whole(errors, parameters),
    )
    sequences = functions[0]()[1]
    events = dynamic_events(functions[1]())
    if [(event.start, event.stop - 1) for event in events] != sequences:
        raise ValueError(
            f"Both must find the same events. Received: {events} and "
            f"{sequences}. Run the tests of mode compat."
        )
    loops, compat, fixed = _best_seconds(functions)
    name = f"dynamic threshold of {NUM_ROWS:,} rows"
    return [
        (
            f"{name}, compat: seconds of loops / ours",
            loops / compat,
            "at least 10",
        ),
        (
            f"{name}, fixed: seconds of loops / ours",
            loops / fixed,
            "at least 10",
        ),
        (f"{name}, fixed: seconds", fixed, "below 0.05"),
    ]


def _channel() -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(1)
    errors = np.abs(generator.normal(size=NUM_ROWS)) * 0.1
    for start, length, height in ANOMALIES:
        errors[start : start + length] += height
    wave = np.sin(np.arange(NUM_ROWS + HORIZON - 1) / 50)
    return errors, np.lib.stride_tricks.sliding_window_view(wave, HORIZON)


def _oracle():
    path = Path(__file__).parents[1] / "tests/telemanom_oracle.py"
    spec = importlib.util.spec_from_file_location("telemanom_oracle", path)
    oracle = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(oracle)
    return oracle


def _best_seconds(functions) -> list[float]:
    # Taking turns lets a drift of the machine's speed meet all alike.
    best = [float("inf")] * len(functions)
    for _ in range(REPEATS):
        for position, function in enumerate(functions):
            began = time.perf_counter()
            function()
            best[position] = min(best[position], time.perf_counter() - began)
    return best


if __name__ == "__main__":
    for line in run():
        print(*line)
