"""The network pca: its fit against bare products, its memory while streaming."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

import numpy as np
from threadpoolctl import threadpool_limits

NUM_ROWS, NUM_FEATURES, WINDOW_LENGTH = 474_000, 38, 30
WINDOWS_A_BATCH = 1024
REPEATS = 5
NUM_MACHINES, ROWS_A_MACHINE = 10, 100_000


def run() -> list[tuple[str, float, str]]:
    """Returns (name, ratio, what it must be) of one run."""
    with threadpool_limits(limits=1):
        lines = _fit()
    return [
        *lines,
        (
            f"pca, peak memory of phase 1, {NUM_MACHINES} machines / 1",
            _memory(),
            "at most 1.05",
        ),
    ]


def _fit() -> list[tuple[str, float, str]]:
    from trainer.models.pca import PrincipalComponents
    from trainer.statistics.components import principal_components
    from trainer.statistics.pairwise import PairwiseMoments

    windows = _rows(1, NUM_ROWS).reshape(-1, WINDOW_LENGTH, NUM_FEATURES)
    observed = np.ones(windows.shape, bool)
    exact = windows.astype(np.float64)
    steps = exact.reshape(-1, NUM_FEATURES)
    features = exact.swapaxes(1, 2).reshape(-1, WINDOW_LENGTH)
    scored = range(NUM_FEATURES)
    network = PrincipalComponents({}, WINDOW_LENGTH, NUM_FEATURES, scored, 1)
    network.build(None)
    batches = [
        slice(begin, begin + WINDOWS_A_BATCH)
        for begin in range(0, len(windows), WINDOWS_A_BATCH)
    ]

    def time_view():
        moments = PairwiseMoments.empty(NUM_FEATURES)
        for batch in batches:
            rows = windows[batch].reshape(-1, NUM_FEATURES)
            moments = moments.merge(PairwiseMoments.from_batch(rows))
        principal_components(moments.mean, moments.covariance())

    def both_views():
        statistics = network.empty_statistics()
        for batch in batches:
            statistics = network.update(
                statistics, windows[batch], observed[batch]
            )
        network.finalize(statistics, statistics)

    product, products, time_seconds, both_seconds = _best_seconds(
        lambda: steps.T @ steps,
        lambda: (steps.T @ steps, features.T @ features),
        time_view,
        both_views,
    )
    name = f"pca, fit of {NUM_ROWS:,} x {NUM_FEATURES}"
    return [
        (
            f"{name}, time view / bare float64 X.T @ X, rows/s",
            product / time_seconds,
            "at least 0.5",
        ),
        (
            f"{name}, both views / both products",
            products / both_seconds,
            "at least 0.5",
        ),
    ]


def _rows(seed: int, num_rows: int) -> np.ndarray:
    """A few causes and noise, float32."""
    generator = np.random.default_rng(seed)
    causes = generator.normal(size=(num_rows, 5))
    noise = generator.normal(size=(num_rows, NUM_FEATURES))
    mixture = generator.normal(size=(5, NUM_FEATURES))
    return (causes @ mixture + noise).astype(np.float32)


def _best_seconds(*functions: Callable[[], object]) -> list[float]:
    # Taking turns lets a drift of the machine's speed meet all alike.
    best = [float("inf")] * len(functions)
    for _ in range(REPEATS):
        for position, function in enumerate(functions):
            start = time.perf_counter()
            function()
            seconds = time.perf_counter() - start
            best[position] = min(best[position], seconds)
    return best


def _memory() -> float:
    """Peak memory of many machines over that of one (MB are printed)."""
    peaks = {}
    for num_machines in (1, NUM_MACHINES):
        with tempfile.TemporaryDirectory() as folder:
            for number in range(num_machines):
                path = os.path.join(folder, f"machine-{number}.npy")
                np.save(path, _rows(number, ROWS_A_MACHINE))
            peaks[num_machines] = _peak_megabytes(folder)
        print(f"{num_machines} machines: {peaks[num_machines]:.0f} MB")
    return peaks[NUM_MACHINES] / peaks[1]


def _peak_megabytes(folder: str) -> float:
    """Peak memory of phase 1, in a process of its own."""
    data = os.path.join(folder, "data")
    _printed(
        ["-m", "preprocessing.task", "--format=npy"]
        + [f"--input={folder}/*.npy", f"--output={data}"]
    )
    # Not ru_maxrss: a child inherits that of its parent.
    program = (
        "import sys; from trainer import task; "
        "code = task.main(sys.argv[1:]); "
        "status = open('/proc/self/status').read(); "
        "print(status.split('VmHWM:')[1].split()[0]); "
        "sys.exit(code)"
    )
    flags = [
        f"--data_dir={data}",
        f"--output_dir={folder}/run",
        "--network=pca",
        "--scorer=mahalanobis",
        "--training_mode=reconstruction",
        "--tensorboard=false",
    ]
    return int(_printed(["-c", program, *flags]).split()[-1]) / 1024


def _printed(arguments: list[str]) -> str:
    return subprocess.run(
        [sys.executable, *arguments],
        check=True,
        capture_output=True,
        text=True,
    ).stdout


if __name__ == "__main__":
    for line in run():
        print(*line)
