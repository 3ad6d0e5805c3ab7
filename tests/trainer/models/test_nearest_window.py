"""The nearest window's distance against double loops."""

import numpy as np
import pytest
import tensorflow as tf

from trainer.models.nearest_window import (
    NearestWindow,
    Settings,
    nearest_distance,
)

LENGTH = 5


def make(num_inputs=3, scored=(0, 2), window_length=20, **settings):
    settings = {"neighbour_length": LENGTH, "bank_size": 50} | settings
    network = NearestWindow(settings, window_length, num_inputs, scored, 1)
    network.build(None)
    return network


def learned(train, **settings):
    """A network whose bank was taken from `train`."""
    network = make(num_inputs=train.shape[2], **settings)
    observed = np.ones((*train.shape[:2], len(network.scored)), bool)
    empty = network.empty_statistics()
    network.finalize(network.update(empty, train, observed))
    return network


def series(batch, time, width=3, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((batch, time, width)).astype("float32")


def naive_nearest(windows, bank):
    """`[window]` float64, one pair after another."""
    windows, bank = windows.astype(np.float64), bank.astype(np.float64)
    return np.array(
        [min(np.linalg.norm(one - each) for each in bank) for one in windows]
    )


def naive(network, values):
    """What `call` should give."""
    steps = values.shape[1] - network.context_length
    distances = np.zeros((len(values), steps, len(network.scored)))
    for position, column in enumerate(network.scored):
        bank = network.bank.numpy()[position]
        for start in range(steps):
            window = values[:, start : start + LENGTH, column]
            distances[:, start, position] = naive_nearest(window, bank)
    return distances


@pytest.mark.parametrize("is_jitted", [False, True])
def test_distances_are_those_of_a_double_loop(is_jitted):
    """Catches a shifted window, exchanged columns, or squares."""
    network = learned(series(4, 20))
    values = series(3, 12, seed=1)
    call = tf.function(network, jit_compile=is_jitted)
    distance = call(tf.constant(values))["window_distance"].numpy()
    assert distance.shape == (3, 12 - 4, 2)
    assert distance.dtype == np.float32
    np.testing.assert_allclose(distance, naive(network, values), rtol=1e-6)


def test_a_long_series_and_its_windows_give_the_same():
    """Catches products cut at their border, or a padded one that counts."""
    network = learned(series(4, 20))
    values = series(1, 700, seed=2)
    whole = network(values)["window_distance"][0].numpy()
    view = np.lib.stride_tricks.sliding_window_view(values[0], LENGTH, axis=0)
    windows = np.swapaxes(view, 1, 2)
    cut = network(windows)["window_distance"][:, 0].numpy()
    np.testing.assert_allclose(whole, cut, rtol=1e-6)
    np.testing.assert_allclose(whole[-1:], naive(network, values[:, -5:])[0])


def test_windows_of_train_are_at_distance_0():
    """Catches a bank of other windows than those seen."""
    train = series(1, 40)
    distance = learned(train)(train)["window_distance"].numpy()
    assert distance.shape == (1, 36, 2)
    np.testing.assert_allclose(distance, 0, atol=1e-6)


@pytest.mark.parametrize("offset", [1e4, -1e4])
def test_distances_far_from_0_are_exact(offset):
    """Catches squares that cancel in float32: |w|**2 is near 1e9 here."""
    bank = series(1, 300, LENGTH)[0] + np.float32(offset)
    windows = series(1, 40, LENGTH, seed=3)[0] + np.float32(offset)
    windows[:5] = bank[:5]
    distance = nearest_distance(tf.constant(windows), tf.constant(bank))
    expected = naive_nearest(windows, bank)
    np.testing.assert_allclose(distance, expected, atol=2e-3, rtol=1e-5)


def test_regimes_far_apart_do_not_blur_one_another():
    """Catches one centre for all windows, with two levels in train."""
    bank = series(1, 200, LENGTH)[0] * 0.01
    bank[100:] += 1e4
    windows = series(1, 60, LENGTH, seed=4)[0] * 0.01
    windows[:20] += 1e4
    windows[20:40] += 5e3
    distance = nearest_distance(tf.constant(windows), tf.constant(bank))
    expected = naive_nearest(windows, bank)
    np.testing.assert_allclose(distance, expected, atol=2e-3, rtol=1e-6)


def test_no_window_gives_no_distance():
    """Catches a pad that is scored, or a failure on an empty batch."""
    nothing = nearest_distance(tf.zeros((0, 4)), tf.zeros((2, 4)))
    assert nothing.shape == (0,)
    distance = learned(series(4, 20))(series(0, 12))["window_distance"]
    assert distance.shape == (0, 8, 2)


def test_fewer_windows_than_the_bank_holds():
    """Catches a place without a window that is taken for one of zeros."""
    network = learned(series(1, 8) + 5, bank_size=30)
    assert network.num_windows.numpy().tolist() == [4, 4]
    values = np.zeros((1, 8, 3), np.float32)
    distance = network(values)["window_distance"].numpy()
    assert distance.min() > 5
    full = learned(series(1, 8) + 5, bank_size=4)
    np.testing.assert_allclose(
        distance, full(values)["window_distance"], rtol=1e-6
    )


def test_a_constant_feature_has_one_window():
    """Catches a bank full of copies, and a constant that never moves."""
    train = series(2, 30)
    train[:, :, 0] = 3
    network = learned(train)
    assert network.num_windows.numpy().tolist() == [1, 50]
    values = train[:1].copy()
    values[0, 20:, 0] += 2
    distance = network(values)["window_distance"][0, :, 0].numpy()
    moved = np.clip(np.arange(26) - 15, 0, LENGTH)
    np.testing.assert_allclose(distance, 2 * np.sqrt(moved), atol=1e-6)


def test_one_feature_and_windows_of_one_step():
    """Catches axes that are only right with several columns or steps."""
    train = np.array([[[0.0], [10.0], [20.0]]], np.float32)
    network = learned(train, scored=(0,), neighbour_length=1)
    assert network.context_length == 0
    values = np.array([[[1.0], [14.0], [17.0], [50.0]]], np.float32)
    distance = network(values)["window_distance"][0, :, 0]
    np.testing.assert_allclose(distance, [1, 4, 3, 30])


def test_filled_cells_are_not_learned():
    """Catches a bank that ignores `observed`."""
    train = series(1, 30)
    observed = np.ones((1, 30, 2), bool)
    observed[0, 10, 1] = False
    network = make()
    statistics = network.update(network.empty_statistics(), train, observed)
    network.finalize(statistics)
    assert network.num_windows.numpy().tolist() == [26, 21]
    observed[0, ::4, 1] = False
    statistics = network.update(network.empty_statistics(), train, observed)
    assert statistics.count == 26
    with pytest.raises(ValueError, match="none in column 1 of 2"):
        network.finalize(statistics)


def test_merged_parts_are_one_pass():
    """Catches a bank that depends on who has read which windows."""
    windows = series(30, LENGTH)
    observed = np.ones((30, LENGTH, 2), bool)
    network = make(bank_size=10)
    empty = network.empty_statistics()
    first = network.update(empty, windows[:11], observed[:11])
    second = network.update(empty, windows[11:], observed[11:])
    network.finalize(network.merge(second, first))
    merged = network.bank.numpy()
    network.finalize(network.update(empty, windows, observed))
    np.testing.assert_array_equal(merged, network.bank)


def test_an_unfinished_network_knows_no_distance():
    """Catches a distance from zeros where nothing was learned."""
    distance = make()(series(2, 9))["window_distance"]
    assert distance.shape == (2, 5, 2)
    assert np.isnan(distance).all()


def test_unknown_values_have_no_distance():
    """Catches a NaN that a smallest value leaves out."""
    values = series(1, 12)
    values[0, 6, 0] = np.nan
    distance = learned(series(4, 20))(values)["window_distance"][0].numpy()
    assert np.isnan(distance[2:7, 0]).all()
    assert np.isfinite(distance[[0, 1, 7], 0]).all()
    assert np.isfinite(distance[:, 1]).all()


def test_loss_is_the_mean_square_of_observed_cells():
    """Catches a mean over cells that were filled."""
    parts = {"window_distance": tf.constant([[[3.0, 100.0]]])}
    observed = tf.constant([[[True, False]]])
    assert float(make().loss(parts, observed)) == pytest.approx(9.0)


def test_config_round_trip():
    """Catches an argument that is lost on reload."""
    network = make(bank_size=7)
    again = NearestWindow.from_config(network.get_config())
    assert again.settings == Settings(neighbour_length=LENGTH, bank_size=7)
    assert again.get_config() == network.get_config()
    assert Settings().usual_window_length(3) == 43


def test_a_window_must_hold_the_neighbours():
    """Catches a network that can score no step."""
    assert make(window_length=LENGTH).window_length == LENGTH
    with pytest.raises(ValueError, match="Add --neighbour_length=4"):
        make(window_length=4)
