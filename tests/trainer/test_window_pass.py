import dataclasses

import numpy as np
import pytest

from trainer.dataset import load_windows
from trainer.window_pass import map_windows


@pytest.mark.parametrize("is_jitted", [True, False])
def test_map_windows_in_order_and_whole(long_data_set, is_jitted):
    """The padding of the last call counted as windows."""
    folder, schema = long_data_set
    train = load_windows(folder, schema, "train", 12)
    done = []
    outputs = list(
        map_windows(
            lambda values: {"last": values[:, -1, 0]},
            train,
            done.append,
            is_jitted,
        )
    )
    found = np.concatenate([output["last"] for output in outputs])
    np.testing.assert_array_equal(found, train.values[11:, 0])
    assert sum(done) == len(train)


def test_map_windows_of_nothing(long_data_set):
    """An empty split that fails in the padding."""
    folder, schema = long_data_set
    train = load_windows(folder, schema, "train", 12)
    nothing = dataclasses.replace(train, starts=train.starts[:0])
    assert list(map_windows(lambda v: {}, nothing, lambda n: None, False)) == []
