"""The composite against its two networks, each alone."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from trainer import models
from trainer.arrays import flatten, unflatten
from trainer.config import load
from trainer.models.forecast_and_nearest_window import (
    ForecastAndNearestWindow,
    Settings,
)
from trainer.models.nearest_window import NearestWindow
from trainer.models.vector_autoregression import VectorAutoregression

# Each of the two contexts is once the longer one.
SETTINGS = [
    {"context_length": 3, "neighbour_length": 7, "bank_size": 20},
    {"context_length": 8, "neighbour_length": 4, "bank_size": 20},
]


def make(network, settings):
    names = {each.name for each in dataclasses.fields(network.settings_class)}
    chosen = {name: settings[name] for name in names & set(settings)}
    made = network(chosen, 12, 3, (0, 2), 1)
    made.build(None)
    return made


def series(batch=6, time=12, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((batch, time, 3)).astype("float32")


def learn(network, values, observed):
    empty = network.empty_statistics()
    network.finalize(network.update(empty, values, observed))


@pytest.fixture(params=SETTINGS, ids=["distance", "forecast"])
def learned(request):
    """The composite and its two networks, of the same windows."""
    settings = request.param
    both = make(ForecastAndNearestWindow, settings)
    alone = [
        make(network, settings)
        for network in (VectorAutoregression, NearestWindow)
    ]
    values = series()
    observed = np.ones((6, 12, 2), bool)
    observed[1, 5, 0] = False
    learn(both, values, observed)
    for network in alone:
        behind = both.context_length - network.context_length
        learn(network, values[:, behind:], observed[:, behind:])
    return both, alone


def test_parts_are_those_of_each_network_alone(learned):
    """Catches parts of other steps, or weights that were exchanged."""
    both, alone = learned
    assert both.context_length == max(each.context_length for each in alone)
    values = series(2, 15, seed=1)
    parts = both(values)
    assert tuple(parts) == both.parts == ("forecast", "window_distance")
    num_steps = 15 - both.context_length
    for network in alone:
        (name,) = network.parts
        expected = network(values)[name].numpy()[:, -num_steps:]
        assert parts[name].shape == (2, num_steps, 2)
        np.testing.assert_allclose(parts[name], expected, atol=1e-6)


def test_loss_is_the_sum(learned):
    """Catches a part that is left out, or `observed` of other steps."""
    both, alone = learned
    parts = both(series())
    observed = tf.ones(parts["forecast"].shape, bool)
    expected = sum(float(each.loss(parts, observed)) for each in alone)
    assert float(both.loss(parts, observed)) == pytest.approx(expected)


def test_merged_parts_are_one_pass(learned):
    """Catches statistics that workers cannot send to one another."""
    both, _ = learned
    values, observed = series(), np.ones((6, 12, 2), bool)
    empty = both.empty_statistics()
    halves = [
        unflatten(empty, flatten(both.update(empty, values[s], observed[s])))
        for s in (slice(0, 2), slice(2, 6))
    ]
    merged = both.merge(*halves)
    whole = both.update(empty, values, observed)
    assert merged.count == whole.count == 6 * (12 - both.context_length)
    weights = []
    for statistics in (merged, whole):
        both.finalize(statistics)
        weights.append(both.get_weights())
    for one, other in zip(*weights, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_config_round_trip():
    """Catches a setting that reaches neither of the two."""
    network = make(ForecastAndNearestWindow, SETTINGS[0] | {"ridge": 0.5})
    again = ForecastAndNearestWindow.from_config(network.get_config())
    assert again.get_config() == network.get_config()
    assert again.settings == Settings(**SETTINGS[0], ridge=0.5)
    assert again.forecast.settings.ridge == 0.5
    assert again.nearest.settings.bank_size == 20


def test_windows_are_as_long_as_the_longer_network_wants():
    """Catches the usual length of one of the two."""
    assert Settings().usual_window_length(5) == 45
    assert Settings(context_length=60).usual_window_length(5) == 66


def test_it_is_registered():
    """Catches a network or a preset that no flag can name."""
    for name, network in (
        ("nearest_window", NearestWindow),
        ("forecast_and_nearest_window", ForecastAndNearestWindow),
    ):
        assert load(models.NETWORKS, name, "network") is network
