"""Window banks against sets of windows, over any partition and grouping."""

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from trainer.arrays import flatten, unflatten
from trainer.statistics.window_bank import WindowBank

LENGTH = 3


def bank_of(values, size=8, length=LENGTH, observed=None):
    if observed is None:
        observed = np.isfinite(values)
    return WindowBank.from_batch(values, observed, size, length)


def kept(bank, feature):
    """The windows of a feature, as a set of tuples."""
    windows = bank.windows[feature, : bank.num_windows[feature]]
    return {tuple(window) for window in windows.tolist()}


def naive_windows(values, feature, length=LENGTH):
    """All windows of a feature that hold no NaN, as a set of tuples."""
    return {
        tuple(series[start : start + length, feature].tolist())
        for series in values
        for start in range(len(series) - length + 1)
        if np.isfinite(series[start : start + length, feature]).all()
    }


def assert_same(one, other):
    assert one.count == other.count
    np.testing.assert_array_equal(one.hashes, other.hashes)
    np.testing.assert_array_equal(one.windows, other.windows)


def random_values(seed, batch, time=LENGTH, width=2):
    """Few different numbers, so that windows repeat, and some NaN."""
    generator = np.random.default_rng(seed)
    values = generator.integers(0, 3, (batch, time, width)).astype(np.float32)
    values[generator.random(values.shape) < 0.05] = np.nan
    return values


@hypothesis.settings(max_examples=100, deadline=None, derandomize=True)
@hypothesis.given(
    st.integers(0, 40), st.integers(0, 2**32 - 1), st.integers(1, 30), st.data()
)
def test_any_partition_in_any_grouping_gives_the_same(
    num_windows, seed, size, data
):
    """Catches a choice that depends on order, batch borders or repeats."""
    values = random_values(seed, num_windows)
    cuts = data.draw(st.lists(st.integers(0, num_windows), max_size=6))
    batches = np.split(values, sorted(cuts))
    order = data.draw(st.permutations(range(len(batches))))
    banks = [bank_of(batches[position], size) for position in order]
    while len(banks) > 1:
        index = data.draw(st.integers(0, len(banks) - 2))
        banks[index : index + 2] = [banks[index].merge(banks[index + 1])]
    empty = WindowBank.empty(2, size, LENGTH)
    assert_same(banks[0], bank_of(values, size))
    assert_same(empty.merge(banks[0]), banks[0])
    for feature in range(2):
        expected = naive_windows(values, feature)
        found = kept(banks[0], feature)
        assert found <= expected
        assert len(found) == min(size, len(expected))
        assert banks[0].num_windows[feature] == len(found)


def test_series_give_the_windows_that_were_cut_from_them():
    """Catches a window taken from another place than its hash."""
    values = random_values(1, 4, time=20)
    view = np.lib.stride_tricks.sliding_window_view(values, LENGTH, axis=1)
    windows = np.swapaxes(view, 2, 3).reshape(-1, LENGTH, 2)
    for size in (5, 200):
        assert_same(bank_of(values, size), bank_of(windows, size))
    for feature in range(2):
        expected = naive_windows(values, feature)
        assert kept(bank_of(values, 200), feature) == expected


def test_equal_windows_count_once():
    """Catches a bank that one constant stretch fills, also by -0.0."""
    values = np.zeros((1, 50, 1), np.float32)
    values[0, ::2] = -0.0
    assert bank_of(values).num_windows == [1]
    values[0, 30:] = 7
    bank = bank_of(values)
    expected = {(0, 0, 0), (0, 0, 7), (0, 7, 7), (7, 7, 7)}
    assert kept(bank, 0) == expected
    assert kept(bank.merge(bank), 0) == expected
    assert bank.merge(bank).count == 96


def test_a_window_with_a_filled_cell_is_left_out_of_its_feature_alone():
    """Catches stretches that never happened, learned as normal."""
    values = np.arange(20, dtype=np.float32).reshape(1, 10, 2)
    observed = np.ones(values.shape, bool)
    observed[0, 4, 1] = False
    bank = bank_of(values, observed=observed)
    assert bank.num_windows.tolist() == [8, 5]
    assert all(9 not in window for window in kept(bank, 1))
    assert bank.count == 8


def test_the_sample_is_uniform():
    """Catches hashes that prefer small, early or slowly changing windows."""
    steps = np.arange(40_000, dtype=np.float32)
    bank = bank_of(steps.reshape(1, -1, 1), size=2_000)
    positions = np.sort(bank.windows[0, :, 0]) / len(steps)
    largest_gap = np.abs(positions - np.linspace(0, 1, 2_000)).max()
    # The 99.9 % point of Kolmogorov and Smirnov.
    assert largest_gap < 1.95 / np.sqrt(2_000)


def test_hashes_are_the_same_everywhere():
    """Catches hashes that another process, version or byte order changes."""
    values = np.array([[[0.0], [1.5], [-2.0]]])
    assert bank_of(values, size=1).hashes[0, 0] == naive_hash(values[0, :, 0])


def naive_hash(window):
    """The same in Python's integers."""

    def mixed(number):
        number = (number ^ (number >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
        number = (number ^ (number >> 27)) * 0x94D049BB133111EB % 2**64
        return number ^ (number >> 31)

    bits = [int(x) for x in window.astype("<f4").view("<u4")]
    terms = [mixed(k + 2) * word for k, word in enumerate(bits)]
    return mixed((mixed(1) + sum(terms)) % 2**64)


def test_too_short_or_no_series_give_an_empty_bank():
    """Catches an index error, or windows of 0 out of nothing."""
    for shape in ((0, 5, 2), (3, 2, 2), (3, 0, 2)):
        bank = bank_of(np.zeros(shape, np.float32))
        assert_same(bank, WindowBank.empty(2, 8, LENGTH))
    unknown = bank_of(np.full((1, 5, 2), np.nan))
    assert unknown.num_windows.tolist() == [0, 0]
    assert unknown.count == 3
    assert not unknown.windows.any()


def test_workers_can_send_it_to_one_another():
    """Catches hashes that lose bits on the way."""
    bank = bank_of(random_values(2, 9))
    empty = WindowBank.empty(2, 8, LENGTH)
    assert_same(unflatten(empty, flatten(bank)), bank)


def test_shapes_are_checked():
    """Catches windows of other features mixed in."""
    with pytest.raises(ValueError, match=r"\(2, 8, 3\) and \(2, 9, 3\)"):
        WindowBank.empty(2, 8, 3).merge(WindowBank.empty(2, 9, 3))
