import numpy as np
import pytest

from trainer import dataset


@pytest.mark.parametrize("length,stride", [(1, 1), (5, 1), (8, 3), (8, 7)])
def test_windows_equal_the_naive_cut(split_series, length, stride):
    """Windows lost or doubled at borders; a stride that restarts."""
    folder, schema, rows = split_series
    windows = dataset.load_windows(folder, schema, "train", length, stride)
    batches = list(windows.batches(7).as_numpy_iterator())
    naive = [
        rows[first : first + length]
        for begin, end in ((0, 70), (80, 100), (0, 3))
        for first in range(begin, end - length + 1)
        if first % stride == 0
    ]
    np.testing.assert_array_equal(np.concatenate(batches), np.stack(naive))
    assert windows.num_short_runs == (1 if length > 3 else 0)


@pytest.mark.parametrize("count", [0, 1, 30, 1000])
def test_sample_is_the_first_windows(split_series, count):
    """Windows that are shifted, or cross the gap; too few are an error."""
    folder, schema, rows = split_series
    windows = dataset.load_windows(folder, schema, "train", 8, stride=3)
    naive = np.stack([windows.values[s : s + 8] for s in windows.starts])
    assert 1 < len(naive) < 30
    sample = windows.sample(count)
    assert sample.shape == (min(count, len(naive)), 8, rows.shape[1])
    np.testing.assert_array_equal(sample, naive[:count])


def test_too_long_a_window_names_the_command(split_series):
    """Windows silently lost because the halo is too short."""
    folder, schema, _ = split_series
    with pytest.raises(ValueError, match="--max_window_length=9"):
        dataset.load_windows(folder, schema, "train", 9)


def test_order_is_a_permutation_of_its_seed(long_data_set):
    """An epoch that repeats the last one, or a resume that cannot."""
    folder, schema = long_data_set
    windows = dataset.load_windows(folder, schema, "train", 10)
    first, second = windows.order(3, 0), windows.order(3, 1)
    assert sorted(first) == list(windows.starts)
    assert (first != second).any()
    np.testing.assert_array_equal(first, windows.order(3, 0))


def test_labels(long_data_set, sequence_data_set):
    """The label of a window's first step, or of another sequence."""
    folder, schema = long_data_set
    windows = dataset.load_windows(folder, schema, "test", 10)
    expected = np.zeros(391)
    expected[91:121] = 1
    np.testing.assert_array_equal(windows.labels(), expected)
    folder, schema = sequence_data_set
    windows = dataset.load_windows(folder, schema, "test", 12)
    np.testing.assert_array_equal(windows.labels(), np.tile([1, 0], 30))


def test_windows_without_anomalies(long_data_set):
    """A window judged by its last step, with an anomaly in its middle."""
    folder, schema = long_data_set
    windows = dataset.load_windows(folder, schema, "test", 10)
    starts = set(windows.without_anomalies().starts)
    expected = {s for s in range(391) if s + 10 <= 100 or s >= 130}
    assert starts == expected
