"""One worker; several are processes, in `tests/test_workers.py`."""

import numpy as np
import pytest

from trainer.cluster import Cluster
from trainer.workers import Workers


def test_alone_there_is_nothing_to_exchange():
    """A single process that waits for somebody."""
    workers = Workers()
    arrays = {"a": np.arange(3)}
    assert workers.gather(arrays) == [arrays]
    np.testing.assert_array_equal(workers.sum(np.array([2.0])), [2.0])
    assert workers.from_chief(lambda: None) == {}
    assert (workers.num_replicas, workers.num_local_replicas) == (1, 1)
    assert workers.is_chief


@pytest.mark.parametrize("num_items", [0, 2, 7, 9])
def test_shares_are_all_items_in_order(num_items):
    """A window seen twice or by nobody; scores in another order."""
    items = np.arange(num_items)
    shares = []
    for index in range(3):
        workers = Workers()
        workers._cluster = Cluster(("a:1", "b:1", "c:1"), index)
        shares.append(workers.share(items))
    np.testing.assert_array_equal(np.concatenate(shares), items)
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_the_chiefs_errors_come_through():
    """A refusal swallowed, and training that goes on."""

    def refuse():
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        Workers().from_chief(refuse)
