import datetime
import io
import json
import logging
import sys

import numpy as np
import pytest

from trainer import log_format

logger = logging.getLogger("trainer.some_part")


@pytest.fixture(autouse=True)
def restored(monkeypatch):
    """Afterwards logging is as it was before."""
    root, package = logging.getLogger(), logging.getLogger("trainer")
    monkeypatch.setattr(root, "handlers", [])
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    level = package.level
    yield
    package.setLevel(level)


@pytest.fixture
def forget():
    """Removes handlers that pytest adds when a test begins."""
    return lambda: logging.getLogger().handlers.clear()


def lines_of(stream):
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def only_line(stream):
    (line,) = lines_of(stream)
    return line


def test_text_is_the_message(forget):
    """A level or a time before each line that people read."""
    forget()
    stream = io.StringIO()
    log_format.configure("text", stream)
    logger.info("Phase %s", "one")
    logger.debug("unseen")
    assert stream.getvalue() == "Phase one\n"


def test_text_leaves_an_applications_log_alone(forget):
    """Each line twice where the caller has set up logging."""
    forget()
    stream, theirs = io.StringIO(), io.StringIO()
    logging.getLogger().addHandler(logging.StreamHandler(theirs))
    log_format.configure("text", stream)
    logger.info("once")
    assert stream.getvalue() == ""
    assert theirs.getvalue() == "once\n"


def test_json_line():
    """Names that Cloud Logging does not know: no severity, no time."""
    stream = io.StringIO()
    log_format.configure("json", stream)
    before = datetime.datetime.now(datetime.UTC)
    logger.warning("two\nlines and %s", "ü", extra={"fields": {"epoch": 3}})
    entry = only_line(stream)
    moment = datetime.datetime.fromisoformat(entry.pop("time"))
    assert entry == {
        "severity": "WARNING",
        "message": "two\nlines and ü",
        "logger": "trainer.some_part",
        "epoch": 3,
    }
    assert abs((moment - before).total_seconds()) < 5
    assert moment.utcoffset() == datetime.timedelta(0)


def test_fields_stay_json():
    """NaN or a NumPy number: the line comes as text, or not at all."""
    stream = io.StringIO()
    log_format.configure("json", stream)
    fields = {
        "loss": float("nan"),
        "val_loss": np.float32("inf"),
        "lowest": [-np.inf, np.float64(0.5)],
        "count": np.int64(4),
        "array": np.array([1.0, np.nan]),
        "flag": np.bool_(True),
        "inner": {1: None, "path": datetime.date(2026, 1, 2)},
        "severity": "DEBUG",
        "message": "another",
    }
    logger.info("message", extra={"fields": fields})

    def refuse(name):
        raise AssertionError(name)

    entry = json.loads(stream.getvalue(), parse_constant=refuse)
    entry.pop("time")
    assert entry == {
        "loss": "NaN",
        "val_loss": "Infinity",
        "lowest": ["-Infinity", 0.5],
        "count": 4,
        "array": [1.0, "NaN"],
        "flag": True,
        "inner": {"1": None, "path": "2026-01-02"},
        "severity": "INFO",
        "message": "message",
        "logger": "trainer.some_part",
    }


@pytest.mark.parametrize("fields", [None, "text", ["a"]])
def test_foreign_fields_are_no_fields(fields):
    """A library's own `fields` that breaks our lines."""
    stream = io.StringIO()
    log_format.configure("json", stream)
    logging.getLogger("other").warning("m", extra={"fields": fields})
    assert only_line(stream)["logger"] == "other"


def test_unknown_level_is_a_default():
    """A severity that the service does not take."""
    stream = io.StringIO()
    log_format.configure("json", stream)
    logger.log(35, "m")
    assert only_line(stream)["severity"] == "DEFAULT"


def test_exceptions_keep_their_trace_in_one_line():
    """Error Reporting sees no stack, or one entry for each line of it."""
    stream = io.StringIO()
    log_format.configure("json", stream)
    try:
        raise KeyError("gone")
    except KeyError:
        logger.exception("It failed")
    entry = only_line(stream)
    assert entry["severity"] == "ERROR"
    assert entry["message"] == "It failed"
    assert entry["stack_trace"].startswith("Traceback (most recent call last)")
    assert entry["stack_trace"].endswith("KeyError: 'gone'")


def test_uncaught_exceptions_are_lines_too():
    """A crash that shows as twenty entries without severity."""
    stream = io.StringIO()
    log_format.configure("json", stream)
    try:
        raise RuntimeError("lost")
    except RuntimeError:
        sys.excepthook(*sys.exc_info())
    entry = only_line(stream)
    assert entry["severity"] == "CRITICAL"
    assert entry["message"] == "RuntimeError: lost"
    assert "test_uncaught" in entry["stack_trace"]
    log_format.configure("text", stream)
    assert sys.excepthook is sys.__excepthook__


def test_again_and_again(forget):
    """Handlers that pile up: each line as often as there were runs."""
    forget()
    stream = io.StringIO()
    for form in ("text", "json", "json", "text", "json"):
        log_format.configure(form, stream)
    logger.info("once")
    assert only_line(stream)["message"] == "once"
    assert len(logging.getLogger().handlers) == 1


def test_follows_stderr(capsys, monkeypatch, forget):
    """Lines that go around what a progress bar puts in place of stderr."""
    forget()
    log_format.configure("text")
    logger.info("first")
    assert capsys.readouterr().err == "first\n"
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    logger.info("second")
    assert stream.getvalue() == "second\n"


def test_quiet():
    """Workers beside the chief that repeat what it says, or hide warnings."""
    stream = io.StringIO()
    log_format.configure("json", stream, is_quiet=True)
    logger.info("unseen")
    logger.warning("seen")
    assert only_line(stream)["message"] == "seen"
    log_format.configure("json", stream)
    logger.info("seen again")
    assert len(lines_of(stream)) == 2


@pytest.mark.parametrize(
    ("words", "form"),
    [
        ("", "text"),
        ("--epochs=2 --log_format=json", "json"),
        ("--log_format json --epochs=2", "json"),
        ("--log_format=json --log_format=text", "text"),
        ("--log_format", "text"),
        ("--log_format=yaml", "text"),
        ("--log_formats=json", "text"),
    ],
)
def test_form_before_parsing(words, form):
    """A misspelt flag told as text in a log of JSON."""
    assert log_format.asked_for(words.split()) == form


def test_error_line(capsys, forget):
    """An error without severity, or twice, or with a logger's name."""
    forget()
    log_format.tell_error("the rule")
    assert capsys.readouterr().err == "error: the rule\n"
    log_format.configure("text")
    log_format.tell_error("the rule")
    assert capsys.readouterr().err == "error: the rule\n"
    log_format.configure("json")
    log_format.tell_error("100 % of it")
    captured = capsys.readouterr()
    entry = json.loads(captured.err)
    assert entry["severity"] == "ERROR"
    assert entry["message"] == "error: 100 % of it"


@pytest.mark.parametrize("is_terminal", [True, False])
def test_bars_are_for_people(monkeypatch, is_terminal):
    """Bars between lines of JSON, in files, or from every worker."""
    stream = io.StringIO()
    stream.isatty = lambda: is_terminal
    monkeypatch.setattr(sys, "stderr", stream)
    log_format.configure("text")
    assert log_format.shows_bars() == is_terminal
    log_format.configure("text", is_quiet=True)
    assert not log_format.shows_bars()
    log_format.configure("json")
    assert not log_format.shows_bars()


def test_a_closed_stream_ends_nothing(capsys, forget):
    """Training that stops since nobody reads its log any more."""
    forget()
    stream = io.StringIO()
    log_format.configure("text", stream)
    stream.close()
    logger.info("lost")
    assert "closed file" in capsys.readouterr().err
