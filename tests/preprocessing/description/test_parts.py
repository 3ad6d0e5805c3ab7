import math

import numpy as np
from described_data import PERIOD, run_of

from preprocessing.description.parts import count_labels, part_of
from trainer.runs import Run


def test_gaps_are_those_between_runs():
    """Catches the gap's length taken from row numbers, or a lost gap."""
    times = [0, 200 * PERIOD, 1000 * PERIOD]
    runs = [
        run_of(np.zeros((size, 1)), start=start, first_time=time)
        for size, start, time in zip(
            (10, 50, 30), (0, 10, 60), times, strict=True
        )
    ]
    part = part_of(runs)
    joined = np.concatenate([run.timestamps for run in runs])
    steps = np.diff(joined) / 1e6
    assert part.num_gaps == (steps > 5 * 60).sum() == 2
    assert part.longest_gap_seconds == steps.max() == (1000 - 249) * 60
    assert part.period_seconds == 60
    assert (part.num_rows, part.longest_run) == (90, 50)
    assert (part.start, part.stop) == (0, 90)
    assert part.times == (0, int(joined[-1]))


def test_time_that_goes_back_is_no_gap():
    """Catches a negative gap, and a break counted as one."""
    runs = [
        run_of(np.zeros((5, 1)), first_time=10 * PERIOD),
        run_of(np.zeros((5, 1)), start=5, first_time=0),
    ]
    part = part_of(runs)
    assert part.num_gaps == 0 and part.longest_gap_seconds == 0


def test_no_timestamps_and_one_row():
    """Catches a median of nothing."""
    part = part_of([run_of([[1.0]])])
    assert part.times is None and part.period_seconds == 0
    assert part.num_rows == part.longest_run == 1
    assert part.labels == (0, 0, 1)


def test_labels_are_counted_by_step_or_by_sequence():
    """Catches unknown taken for normal, and steps counted as sequences."""
    runs = [run_of([1, 2, 3, 4, 5], labels=[0, 1, 1, -1, 0]), run_of([1, 2])]
    assert count_labels(runs) == (2, 2, 3)
    assert count_labels(runs).share == 0.5
    sequences = [
        Run("s", 0, np.zeros((4, 1)), sequence_label=label)
        for label in (0, 0, 0, 1, -1, None)
    ]
    assert count_labels(sequences, True) == (3, 1, 2)
    assert math.isnan(count_labels(sequences[4:], True).share)
