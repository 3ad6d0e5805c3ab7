"""The log: text for people, a JSON object a line for Cloud Logging."""

import datetime
import json
import logging
import math
import sys
import types
from collections.abc import Mapping, Sequence
from typing import Any, TextIO

__all__ = ["asked_for", "configure", "shows_bars", "tell_error"]

_PACKAGE = "trainer"
_FLAG = "--log_format"
# The service's severities that Python has too.
_SEVERITIES = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


def configure(
    log_format: str, stream: TextIO | None = None, is_quiet: bool = False
) -> None:
    """Sets up the log of this process; replaces what an earlier call did.

    In text form an application's own handlers are kept and used instead.

    Args:
        log_format: "text": messages only; "json": an object a line, with
            severity, message, time, logger, and the keys of a record's
            `fields` (`extra={"fields": {...}}`).
        stream: where lines go; None = stderr, whatever that is by then.
        is_quiet: warnings and errors only, and no progress.
    """
    is_json = log_format == "json"
    root = logging.getLogger()
    for handler in _own_handlers():
        root.removeHandler(handler)
    if is_json or not root.handlers:
        root.addHandler(_Lines(stream, is_json))
    level = logging.WARNING if is_quiet else logging.INFO
    logging.getLogger(_PACKAGE).setLevel(level)
    if is_json:
        sys.excepthook = _log_uncaught
    elif sys.excepthook is _log_uncaught:
        sys.excepthook = sys.__excepthook__


def asked_for(arguments: Sequence[str]) -> str:
    """The form that a command line asks for, before it is parsed.

    What is wrong with the command line itself is told in that form, too.

    Args:
        arguments: the words after the program's name.

    Example:
        >>> asked_for(["--epochs=2", "--log_format", "json"])
        'json'
    """
    found = "text"
    for word, following in zip(arguments, [*arguments[1:], ""], strict=False):
        name, _, value = word.partition("=")
        if name == _FLAG:
            found = value or following
    return found if found == "json" else "text"


def shows_bars() -> bool:
    """Whether progress bars can be seen: people look at stderr."""
    return (
        sys.stderr.isatty()
        and not _is_json()
        and logging.getLogger(_PACKAGE).getEffectiveLevel() <= logging.INFO
    )


def tell_error(text: str) -> None:
    """Tells on stderr what ended a command, in the form of the log."""
    line = f"error: {text}"
    if _is_json():
        logging.getLogger(_PACKAGE).error("%s", line)
    else:
        sys.stderr.write(f"{line}\n")


class _Lines(logging.Handler):
    """Writes a record a line.

    Unlike `logging.StreamHandler` it asks for stderr each time: progress
    bars put something in its place that writes above them.
    """

    def __init__(self, stream: TextIO | None, is_json: bool):
        super().__init__()
        self.is_json = is_json
        self._stream = stream
        self.setFormatter(_JsonFormatter() if is_json else None)

    def emit(self, record: logging.LogRecord) -> None:
        """Writes one record."""
        try:
            stream = self._stream or sys.stderr
            stream.write(self.format(record) + "\n")
            stream.flush()
        except Exception:
            # As all handlers do: a log must not end what it tells about.
            self.handleError(record)


class _JsonFormatter(logging.Formatter):
    """Records as Cloud Logging and Error Reporting read them.

    References:
        Google Cloud, "Structured logging", special fields; "Format errors
        in logs": a `stack_trace` is looked for first.
    """

    def format(self, record: logging.LogRecord) -> str:
        """One line of JSON."""
        fields = getattr(record, "fields", None)
        entry = dict(_plain(fields)) if isinstance(fields, Mapping) else {}
        moment = datetime.datetime.fromtimestamp(record.created, datetime.UTC)
        is_known = record.levelname in _SEVERITIES
        # Last, so that no field takes the place of these.
        entry |= {
            "severity": record.levelname if is_known else "DEFAULT",
            "message": record.getMessage(),
            "time": moment.isoformat(timespec="microseconds"),
            "logger": record.name,
        }
        if record.exc_info:
            entry["stack_trace"] = self.formatException(record.exc_info)
        return json.dumps(entry, allow_nan=False)


def _plain(value: Any) -> Any:
    """What JSON can say, in the nearest form to `value`."""
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if hasattr(value, "tolist"):
        # NumPy's numbers and arrays.
        value = value.tolist()
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        # The names that protocol buffers' JSON gives them.
        if math.isnan(value):
            return "NaN"
        return "Infinity" if value > 0 else "-Infinity"
    if value is None or isinstance(value, str | int | float):
        return value
    return str(value)


def _own_handlers() -> list[_Lines]:
    handlers = logging.getLogger().handlers
    return [each for each in handlers if isinstance(each, _Lines)]


def _is_json() -> bool:
    return any(handler.is_json for handler in _own_handlers())


def _log_uncaught(
    kind: type[BaseException],
    error: BaseException,
    trace: types.TracebackType | None,
) -> None:
    """Tells an exception in one line: the cloud's log is cut at line ends."""
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    logging.getLogger(_PACKAGE).critical(
        "%s: %s", kind.__name__, error, exc_info=(kind, error, trace)
    )
