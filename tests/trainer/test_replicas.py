"""What several replicas agree on; their steps are in `tests/test_workers.py`."""

import types

import keras
import numpy as np
import pytest
from data_sets import make_detector

from trainer.replicas import ManyReplicas


def make_driver(schema, seconds_of_others=0.0, stopping_others=0):
    """A driver among two workers; the other one's numbers are given."""

    def total(numbers):
        return numbers + np.array([stopping_others, seconds_of_others])

    workers = types.SimpleNamespace(
        num_replicas=2, num_workers=2, strategy=None, sum=total
    )
    detector = make_detector(schema)
    detector.compile(optimizer=keras.optimizers.Adam(1e-3))
    return ManyReplicas(detector, workers)


def test_agreeing_before_any_step(long_data_set):
    """A run resumed at the end of an epoch: no steps in no time."""
    driver = make_driver(long_data_set[1])
    first = driver.block_length
    assert not driver.agree(False)
    assert driver.block_length == first


@pytest.mark.parametrize(
    "mine, others, wanted",
    [(False, 0, False), (True, 0, True), (False, 1, True)],
)
def test_one_who_stops_stops_all(long_data_set, mine, others, wanted):
    """A worker that goes on alone, and waits for ever."""
    driver = make_driver(long_data_set[1], stopping_others=others)
    assert driver.agree(mine) == wanted


def test_blocks_have_the_length_of_all(long_data_set):
    """Workers with blocks of their own, which wait for each other."""
    driver = make_driver(long_data_set[1], seconds_of_others=0.3)
    driver._steps_and_seconds = 10, 0.1
    driver.agree(False)
    # 10 steps took .2 s on average, which is what a block is to take.
    assert driver.block_length == 10
