"""Shares of a batch, against the whole batch in closed form."""

import types

import keras
import numpy as np
import pytest
import tensorflow as tf

from trainer.replica_share import apply_summed, whole_batch

SHAPE = (8, 5, 3)
WEIGHT = 0.75


class Replica:
    """One of several replicas.

    It is asked twice: what it tells in the first round is summed up, and in
    the second round it is answered with that.
    """

    def __init__(self, num_replicas):
        self.num_replicas_in_sync = num_replicas
        self.told = self.sum = None

    def all_reduce(self, operation, value):
        assert operation == tf.distribute.ReduceOp.SUM
        self.told = value
        return value if self.sum is None else self.sum


@pytest.fixture
def on_replicas(monkeypatch):
    """Runs a step on each share of a batch, each on a replica of its own."""

    def run(step, shares):
        replicas = [Replica(len(shares)) for _ in shares]
        for _ in range(2):
            results = []
            for replica, share in zip(replicas, shares, strict=True):
                monkeypatch.setattr(
                    tf.distribute,
                    "get_replica_context",
                    lambda replica=replica: replica,
                )
                results.append(step(*share))
            for replica in replicas:
                replica.sum = [
                    tf.add_n(values)
                    for values in zip(
                        *(each.told for each in replicas), strict=True
                    )
                ]
        return results

    return run


def make_batch(share_missing):
    """Inputs, targets and which of them are observed, each of `SHAPE`."""
    generator = np.random.default_rng(4)
    inputs, targets = generator.normal(size=(2, *SHAPE)).astype("float32")
    return inputs, targets, generator.random(SHAPE) >= share_missing


def split(batch, sizes):
    """Shares of these numbers of windows."""
    ends = np.cumsum(sizes)[:-1]
    return list(zip(*(np.split(each, ends) for each in batch), strict=True))


def step(inputs, targets, observed):
    """Loss, windows and gradient of a model with one weight.

    Its loss is the mean squared error of the observed cells: NaN, and so is
    its gradient, where there are none.
    """
    weight = tf.constant(WEIGHT)
    mask = tf.constant(observed, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(weight)
        squares = tf.square(targets - weight * inputs) * mask
        loss = tf.reduce_sum(squares) / tf.reduce_sum(mask)
    gradient = tape.gradient(loss, weight)
    return whole_batch(loss, tf.constant(observed), [gradient])


@pytest.mark.parametrize("share_missing", [0.0, 0.6])
@pytest.mark.parametrize(
    "sizes", [(4, 4), (7, 1), (8, 0), (0, 8), (3, 0, 1, 4)], ids=str
)
def test_shares_are_worth_the_whole_batch(on_replicas, sizes, share_missing):
    """Catches a mean over replicas, or over windows, instead of cells."""
    batch = make_batch(share_missing)
    if share_missing:
        # Of one window nothing is known: a share of it alone has no loss.
        batch[2][-1] = False
    results = on_replicas(step, split(batch, sizes))
    inputs, targets, observed = (
        each[batch[2]].astype("float64") for each in batch
    )
    errors = targets - WEIGHT * inputs
    expected = np.mean(-2 * errors * inputs)
    for loss, num_windows, (gradient,) in results:
        np.testing.assert_allclose(gradient, expected, 1e-5)
        np.testing.assert_allclose(loss, np.mean(errors**2), 1e-6)
        assert loss.dtype == gradient.dtype == tf.float32
        assert num_windows == SHAPE[0]


def test_nothing_observed_moves_nothing(on_replicas):
    """Catches NaN in all weights after a batch from a gap in the data."""
    results = on_replicas(step, split(make_batch(1.0), (4, 4)))
    for loss, num_windows, (gradient,) in results:
        assert loss == 0
        assert gradient == 0
        assert num_windows == SHAPE[0]


def test_one_replica_keeps_its_loss():
    """Catches a loss rounded, or hidden where it is NaN, on one replica."""
    loss, gradient = tf.constant(np.nan), tf.constant(0.1)
    observed = tf.zeros((6, 5, 3), bool)
    kept_loss, num_windows, gradients = whole_batch(loss, observed, [gradient])
    assert kept_loss is loss
    assert gradients[0] is gradient
    assert num_windows == 6


def test_gradients_are_summed_once(monkeypatch):
    """Catches steps as many times too long as there are replicas.

    Adam hides it: it divides by the gradient's own size.
    """
    doubles = types.SimpleNamespace(
        all_reduce=lambda operation, values: [2 * each for each in values]
    )
    monkeypatch.setattr(tf.distribute, "get_replica_context", lambda: doubles)
    weight = keras.Variable([1.0])
    apply_summed(keras.optimizers.SGD(1.0), [tf.constant([0.25])], [weight])
    assert weight.numpy() == 0.75
