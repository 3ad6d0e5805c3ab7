"""Progress as lines of a log."""

import logging

import pytest
from paced_training import Clock, train_block

from trainer.config import PHASES
from trainer.progress import TrainingProgress, progress_bar


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def begin(clock):
    """Begins training, at `step` of its first epoch."""

    def begin_epoch(*arguments, step=0, **settings):
        progress = TrainingProgress(*arguments, **settings, clock=clock)
        progress.on_train_begin()
        progress.on_epoch_begin(0, {"step": step})
        return progress

    return begin_epoch


@pytest.fixture
def lines(caplog):
    """Message and fields of each line so far."""
    caplog.set_level(logging.INFO, "trainer")

    def read():
        return [(each.getMessage(), each.fields) for each in caplog.records]

    return read


def test_line_at_the_end_of_an_epoch(begin, clock, lines):
    """Rates with the time of validation, or of one step instead of all."""
    progress = begin(20, 3)
    train_block(progress, clock, 10, 2.0)
    train_block(progress, clock, 20, 2.0, loss=0.25)
    clock.wait(1.0)
    progress.on_epoch_end(0, {"loss": 0.25, "val_loss": 0.125, "x_rmse": 1})
    progress.on_train_end()
    ((message, fields),) = lines()
    assert message == (
        "epoch 1/3  step 20/20  loss 0.25  val_loss 0.125  40 windows/s  "
        "at most 0:00:10 left"
    )
    assert fields == {
        "phase": "reconstruction",
        "epoch": 1,
        "step": 20,
        "loss": 0.25,
        "val_loss": 0.125,
        "windows_per_second": 40.0,
        "seconds_left": 10,
    }


def test_at_most_one_line_in_ten_seconds(begin, clock, lines):
    """A log of one line a block, or none during an hour's epoch."""
    progress = begin(1000, 1)
    for step in range(10, 1000, 10):
        train_block(progress, clock, step, 1.0)
    found = lines()
    assert [fields["step"] for _, fields in found] == list(
        range(100, 1000, 100)
    )
    message, fields = found[1]
    assert message == (
        "epoch 1/1  step 200/1,000  loss 0.5  80 windows/s  "
        "at most 0:01:20 left"
    )
    assert fields["seconds_left"] == 80


def test_a_line_of_an_epoch_puts_off_the_next(clock, lines):
    """Two lines at once where an epoch ends after ten seconds."""
    progress = TrainingProgress(10, 9, clock=clock)
    progress.on_train_begin()
    for epoch in range(2):
        progress.on_epoch_begin(epoch, {"step": 0})
        train_block(progress, clock, 5, 6.0, steps=5)
        train_block(progress, clock, 10, 6.0, steps=5)
        progress.on_epoch_end(epoch, {"loss": 0.5})
    assert [fields["step"] for _, fields in lines()] == [10, 10]


def test_resumed_epoch_counts_what_this_process_did(begin, clock, lines):
    """Steps of the process before in no time: a rate beyond belief."""
    progress = begin(1000, 2, step=970)
    train_block(progress, clock, 980, 5.0)
    train_block(progress, clock, 990, 1.0)
    train_block(progress, clock, 1000, 1.0)
    progress.on_epoch_end(0, {"loss": 0.5})
    ((_, fields),) = lines()
    assert fields["windows_per_second"] == 80.0
    assert fields["seconds_left"] == 100.0


def test_resumed_at_the_end_of_an_epoch(begin, lines):
    """Step 128.0 of 128: Keras makes floats of what callbacks are told."""
    begin(128, 2, step=128.0).on_epoch_end(0, {"loss": 0.5})
    ((text, _),) = lines()
    assert "step 128/128" in text


def test_compiling_is_not_the_pace(begin, clock, lines):
    """Half an hour left, since the first block waited for the compiler."""
    progress = begin(1000, 1)
    train_block(progress, clock, 10, 30.0)
    for step in range(20, 140, 10):
        train_block(progress, clock, step, 1.0)
    (_, first), (_, second) = lines()
    assert first["step"] == 10
    assert "seconds_left" not in first
    assert second["seconds_left"] == (1000 - 110) / 10


def test_no_rate_from_one_block_of_a_resumed_epoch(begin, clock, lines):
    """A day left, since the only block was compiled first."""
    progress = begin(1000, 9, step=999)
    train_block(progress, clock, 1000, 30.0, steps=1)
    progress.on_epoch_end(0, {"loss": 0.5})
    message, fields = lines()[-1]
    assert message == "epoch 1/9  step 1,000/1,000  loss 0.5"
    assert "windows_per_second" not in fields


def test_an_epoch_of_one_block_has_a_rate(begin, clock, lines):
    """No rate at all for small data sets."""
    progress = begin(10, 2)
    train_block(progress, clock, 10, 0.5)
    progress.on_epoch_end(0, {"loss": 0.5})
    assert lines()[0][1]["windows_per_second"] == 160.0


@pytest.mark.parametrize(
    ("seconds", "left"), [(0.001, 1), (0.5, 1), (1.5, 2), (3599.5, 3600)]
)
def test_text_and_field_agree(begin, clock, lines, seconds, left):
    """No seconds left for programs, and one for people; or less than it is."""
    progress = begin(10, 2)
    train_block(progress, clock, 10, seconds)
    progress.on_epoch_end(0, {"loss": 0.5})
    ((message, fields),) = lines()
    assert fields["seconds_left"] == left
    minutes, rest = divmod(left, 60)
    assert (
        f"at most {minutes // 60}:{minutes % 60:02}:{rest:02} left" in message
    )


def test_last_epoch_says_that_no_time_is_left(begin, clock, lines):
    """A last line that is cut off where others tell the time."""
    progress = begin(10, 1)
    train_block(progress, clock, 10, 2.0)
    progress.on_epoch_end(0, {"loss": 0.5})
    ((message, fields),) = lines()
    assert message.endswith("40 windows/s  at most 0:00:00 left")
    assert fields["seconds_left"] == 0


def test_an_epoch_again(begin, clock, lines):
    """After a loss of NaN: the seconds and steps of both attempts."""
    progress = begin(10, 2)
    train_block(progress, clock, 10, 50.0, loss=float("nan"))
    progress.on_epoch_begin(0, {"step": 0})
    train_block(progress, clock, 10, 1.0)
    progress.on_epoch_end(0, {"loss": 0.5})
    assert lines()[-1][1]["windows_per_second"] == 80.0
    assert lines()[-1][1]["seconds_left"] == 1.0


def test_max_steps_bound_the_time_that_is_left(begin, clock, lines):
    """Hours for epochs that will never begin."""
    progress = begin(10, 100, max_steps=15)
    train_block(progress, clock, 10, 4.0)
    progress.on_epoch_end(0, {"loss": 0.5})
    assert lines()[0][1]["seconds_left"] == 2


def test_no_time_passed(begin, clock, lines):
    """A division by zero on a coarse clock."""
    progress = begin(10, 1)
    train_block(progress, clock, 10, 0.0)
    progress.on_epoch_end(0, {"loss": 0.5})
    assert lines()[0][0] == "epoch 1/1  step 10/10  loss 0.5"


def test_pass_over_windows(clock, lines):
    """Silence during a long pass, or a line for each batch."""
    with progress_bar("error statistics", 12_345, PHASES[1], clock) as advance:
        for _ in range(24):
            clock.wait(1.0)
            advance(256)
        clock.wait(10.0)
        advance(12_345 - 24 * 256)
    found = lines()
    assert [message for message, _ in found] == [
        "error statistics: 12,345 windows",
        "error statistics: 2,560/12,345 windows  256 windows/s  "
        "at most 0:00:39 left",
        "error statistics: 5,120/12,345 windows  256 windows/s  "
        "at most 0:00:29 left",
    ]
    assert found[1][1] == {
        "phase": "calculate_error_distribution_statistics",
        "windows": 12_345,
        "windows_done": 2560,
        "windows_per_second": 256.0,
        "seconds_left": 39,
    }


def test_no_line_when_all_is_done(clock, lines):
    """A last line of no time left, beside what the phase says itself."""
    with progress_bar("thresholds", 100, clock=clock) as advance:
        clock.wait(20.0)
        advance(100)
    assert len(lines()) == 1
