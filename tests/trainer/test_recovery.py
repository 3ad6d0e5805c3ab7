"""Training that is killed anywhere, or whose loss is not finite."""

import dataclasses

import keras
import numpy as np
import pytest
from data_sets import make_detector

from trainer import loop, variables
from trainer.dataset import load_windows
from trainer.detector import Detector, DetectorConfig
from trainer.driver import OneReplica
from trainer.preemption import Preemption
from trainer.recovery import Recovery
from trainer.stateful_callbacks import EarlyStopping

BATCH_SIZE = 16
EPOCHS = 3
# Where training goes on: within an epoch, before and behind its tail, at the
# end. Compiling takes seconds each time.
POSITIONS = {"graph": (4, 7, 8, 9, 29), "jit": (8,)}


@pytest.fixture(scope="module")
def parts(long_data_set):
    folder, schema = long_data_set
    train = load_windows(folder, schema, "train", 12)
    return schema, train, load_windows(folder, schema, "validation", 12)


class Kept(list):
    """A folder of checkpoints, in memory."""

    def save(self, checkpoint):
        self.append(checkpoint)


class ShortBlocks(OneReplica):
    """Blocks of three steps; some of them spoil the weights.

    Args:
        spoiled: numbers of the blocks after which a weight is NaN.
    """

    def __init__(self, detector, kind="graph", spoiled=()):
        super().__init__(detector, kind)
        self.spoiled = set(spoiled)
        self.num_blocks = 0
        self.block_length = 3

    def train(self, values, starts, is_tail=False):
        loss = super().train(values, starts, is_tail)
        self.block_length = 3
        self.num_blocks += 1
        if self.num_blocks in self.spoiled:
            weight = self.detector.network.trainable_variables[0]
            weight.assign(np.full(weight.shape, np.nan))
        return loss


class OnceSpoiledValidation(ShortBlocks):
    """A loss of NaN from the first validation."""

    num_tests = 0

    def test(self, values, starts):
        super().test(values, starts)
        self.num_tests += 1
        if self.num_tests == 1:
            total = self.detector.loss_mean.total
            total.assign(np.nan)


def fit(
    parts,
    kind="graph",
    spoiled=(),
    rate=1e-2,
    max_steps=0,
    driver_class=ShortBlocks,
    make=make_detector,
    **recovery,
):
    """Trains; returns weights, history and the optimizer's rate."""
    schema, train, validation = parts
    detector = make(schema)
    detector.compile(optimizer=keras.optimizers.Adam(rate))
    stopping = EarlyStopping(
        "val_loss", mode="min", patience=1, restore_best_weights=True
    )
    history = loop.fit(
        driver_class(detector, kind, spoiled),
        train,
        validation,
        batch_size=BATCH_SIZE,
        epochs=EPOCHS,
        seed=3,
        max_steps=max_steps,
        stateful={"stopping": stopping},
        recovery=Recovery(**recovery),
    )
    arrays = variables.read(
        [*detector.state_variables, *detector.optimizer.variables]
    )
    return arrays, history.history


def assert_same(found, expected):
    for one, other in zip(found[0], expected[0], strict=True):
        np.testing.assert_array_equal(one, other)
    assert found[1] == expected[1]


@pytest.mark.parametrize("kind", POSITIONS)
def test_every_checkpoint_leads_to_the_same_end(parts, kind):
    """Random state, best weights, patience or position left out.

    Of nine blocks an epoch the last one is the tail, driven otherwise.
    """
    expected = fit(parts, kind)
    kept = Kept()
    assert_same(fit(parts, kind, save=kept.save, seconds=0), expected)
    # 24 full batches in blocks of 3, a tail, and the epoch's edge.
    assert len(kept) == EPOCHS * 10
    for position in POSITIONS[kind]:
        assert_same(fit(parts, kind, start=kept[position]), expected)


def make_dropping(schema):
    """A detector that learns with dropout."""
    settings = {
        "encoder_units": (4,),
        "decoder_units": (4,),
        "keep_probabilities": (0.5,),
    }
    config = DetectorConfig(
        "lstm_autoencoder", settings, "mahalanobis", {}, 12, seed=1
    )
    return Detector(schema.to_json(), dataclasses.asdict(config))


@pytest.mark.parametrize("kind", POSITIONS)
def test_a_resumed_run_drops_the_same(parts, kind):
    """Masks counted from where a process was started."""
    expected = fit(parts, kind, make=make_dropping)
    kept = Kept()
    fit(parts, kind, make=make_dropping, save=kept.save, seconds=0)
    for position in POSITIONS[kind]:
        found = fit(parts, kind, make=make_dropping, start=kept[position])
        assert_same(found, expected)


def test_killed_at_the_last_of_its_steps(parts):
    """An epoch cut short by `max_steps` that is not evaluated any more."""
    expected = fit(parts, max_steps=30)
    kept = Kept()
    assert_same(fit(parts, max_steps=30, save=kept.save, seconds=0), expected)
    *_, before_the_end, end = kept
    assert before_the_end.state["position"]["step"] == 5
    for start in (before_the_end, end):
        assert_same(fit(parts, max_steps=30, start=start), expected)


def test_patience_survives(parts):
    """Early stopping that begins to count anew, or forgets it has stopped."""
    expected = fit(parts, rate=3.0)
    assert len(expected[1]["loss"]) < EPOCHS
    kept = Kept()
    fit(parts, rate=3.0, save=kept.save, seconds=0)
    for position in (9, len(kept) - 1):
        assert_same(fit(parts, rate=3.0, start=kept[position]), expected)


def test_a_loss_that_is_not_finite(parts, caplog):
    """NaN weights that are trained on, or a rate that stays as it was."""
    arrays, history = fit(parts, spoiled=[12, 20])
    assert len(history["loss"]) == EPOCHS
    assert np.isfinite(history["loss"]).all()
    assert all(np.isfinite(each).all() for each in arrays[-1:])
    assert caplog.text.count("back to the start of the epoch") == 2
    assert "half the learning rate, 0.0025" in caplog.text


@pytest.mark.parametrize("position", [12, 13])
def test_killed_around_a_roll_back(parts, position):
    """A second start that goes back to another place, or to no place."""
    spoiled = [12]
    expected = fit(parts, spoiled=spoiled)
    kept = Kept()
    fit(parts, spoiled=spoiled, save=kept.save, seconds=0)
    # Checkpoints come after each block and each epoch of 9 blocks.
    blocks_done = position - position // 10
    left = [number - blocks_done for number in spoiled]
    found = fit(parts, spoiled=left, start=kept[position - 1])
    assert_same(found, expected)


def test_spoiled_at_the_end_of_an_epoch(parts, caplog):
    """Weights of NaN that are validated, kept as best, and gone back to."""
    _, history = fit(parts, spoiled=[9])
    assert np.isfinite(history["val_loss"]).all()
    assert "epoch 1 is not finite" in caplog.text


def test_a_validation_that_is_not_finite(parts, caplog):
    """NaN in metrics.json, where it is no JSON and compares with nothing."""
    _, history = fit(parts, driver_class=OnceSpoiledValidation)
    assert len(history["val_loss"]) == EPOCHS
    assert np.isfinite(history["val_loss"]).all()
    assert "epoch 1 is not finite" in caplog.text


def test_three_roll_backs_and_no_more(parts):
    """An endless loop of training and going back."""
    with pytest.raises(ValueError, match="halved 3 times to 0.00125"):
        fit(parts, spoiled=range(1, 99))


def test_a_request_to_end_saves_first(parts):
    """Steps that are lost though there was time to save them."""
    expected = fit(parts)
    kept = Kept()

    class Requested(Preemption):
        is_requested = True

    with pytest.raises(SystemExit) as stopped:
        fit(parts, save=kept.save, preemption=Requested())
    assert stopped.value.code == 143
    assert [each.state["position"]["num_steps"] for each in kept] == [3]
    assert_same(fit(parts, start=kept[0]), expected)


def test_slow_writing_makes_checkpoints_rare(parts, monkeypatch):
    """A bucket far away that takes most of the time."""
    now = 0.0
    saved_at = []

    class Slow(ShortBlocks):
        def train(self, values, starts, is_tail=False):
            nonlocal now
            now += 1.0
            return super().train(values, starts, is_tail)

    def save(checkpoint):
        nonlocal now
        saved_at.append(now)
        now += 0.3

    monkeypatch.setattr("trainer.recovery.time.monotonic", lambda: now)
    fit(parts, driver_class=Slow, save=save, seconds=2.0)
    assert saved_at[0] == 2.0
    # .3 s are 3 % of 10 s.
    np.testing.assert_allclose(np.diff(saved_at), 10.3, atol=1.0)


def test_a_failed_write_is_raised(parts):
    """A run that goes on though nothing of it can be kept."""

    def save(checkpoint):
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        fit(parts, save=save, seconds=0)


def test_a_failed_write_before_a_stop_is_told(parts):
    """ "Goes on from here" where nothing was saved."""

    class Requested(Preemption):
        is_requested = True

    def save(checkpoint):
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        fit(parts, save=save, preemption=Requested())


def test_the_driver_in_use_is_kept(parts):
    """The other kind after a kill, which rounds differently."""
    kept = Kept()
    fit(parts, "jit", save=kept.save, seconds=0)
    assert Recovery(start=kept[0]).driver_kind == "jit"
    assert Recovery().driver_kind == ""
