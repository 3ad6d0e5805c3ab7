"""Progress where people look at it."""

import io
import logging
import re
import sys

import pytest
from paced_training import Clock, train_block

from trainer import log_format
from trainer.progress import TrainingProgress, progress_bar


@pytest.fixture
def terminal(monkeypatch):
    """Makes a terminal of stderr; returns what is written there."""
    package = logging.getLogger("trainer")
    level = package.level

    def begin():
        stream = io.StringIO()
        stream.isatty = lambda: True
        monkeypatch.setattr(sys, "stderr", stream)
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setenv("COLUMNS", "160")
        monkeypatch.delenv("NO_COLOR", raising=False)
        package.setLevel(logging.INFO)
        return stream

    yield begin
    package.setLevel(level)


def shown(stream):
    """What is on the terminal, without its control sequences."""
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", stream.getvalue())


def test_training_bar(terminal, caplog):
    """A bar that begins at zero after a resume, or lines beside it."""
    stream, clock = terminal(), Clock()
    progress = TrainingProgress(20, 3, clock=clock)
    progress.on_train_begin()
    progress.on_epoch_begin(0, {"step": 10})
    train_block(progress, clock, 15, 1.0, steps=5)
    train_block(progress, clock, 20, 1.0, steps=5)
    progress.on_epoch_end(0, {"loss": 0.25, "val_loss": 0.125})
    progress.on_epoch_begin(1, {"step": 0})
    train_block(progress, clock, 10, 1.0, loss=0.5)
    train_block(progress, clock, 20, 1.0, loss=0.5)
    progress.on_train_end()
    last = shown(stream).replace("\r", "\n").strip().splitlines()[-1]
    assert "epoch 2/3" in last
    assert "loss 0.5" in last
    assert "val_loss 0.125" in last
    assert " 80 windows/s" in last
    assert "40/60" in last
    assert not caplog.records


def test_bar_of_a_pass(terminal, caplog):
    """A bar that stands still."""
    stream = terminal()
    with progress_bar("thresholds", 1000) as advance:
        advance(600)
        advance(400)
    assert "thresholds" in shown(stream)
    assert "1,000/1,000" in shown(stream)
    assert not caplog.records


def test_log_lines_stay_whole_above_a_bar(terminal):
    """A warning in the middle of a bar."""
    stream = terminal()
    handlers = logging.getLogger().handlers
    kept, handlers[:] = handlers[:], []
    try:
        log_format.configure("text")
        with progress_bar("thresholds", 10) as advance:
            advance(5)
            logging.getLogger("trainer.x").warning("Attention")
    finally:
        handlers[:] = kept
    lines = shown(stream).replace("\r", "\n").splitlines()
    assert "Attention" in [line.strip() for line in lines]


def test_quiet_workers_say_nothing(terminal, caplog):
    """The same bar or lines from each worker."""
    stream = terminal()
    logging.getLogger("trainer").setLevel(logging.WARNING)
    with progress_bar("thresholds", 10) as advance:
        advance(10)
    progress = TrainingProgress(10, 1)
    progress.on_train_begin()
    progress.on_epoch_begin(0)
    progress.on_train_batch_end(10, {"steps": 10, "windows": 80, "loss": 1.0})
    progress.on_epoch_end(0, {"loss": 1.0})
    progress.on_train_end()
    assert stream.getvalue() == ""
    assert not caplog.records
