"""Finds out from the first time how all are written."""

import re
from collections.abc import Iterable

from preprocessing.readers.text.cells import is_number, parse_number
from preprocessing.readers.times.clock import Clock, iso_moment
from preprocessing.readers.times.unix_times import unit_of

__all__ = ["clock_of", "first_clock"]

_FINE = re.compile(r"\.[0-9]{7,9}(Z|[+-]|$)")
_MAYBE_DATE = re.compile(
    r"(19[7-9]|20[0-9])[0-9](0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])"
    r"(([01][0-9]|2[0-3])[0-5][0-9]([0-5][0-9])?)?"
)


def clock_of(
    text: str,
    unit: str = "auto",
    time_format: str = "",
    zone: str = "UTC",
    decimal: str = ".",
) -> Clock:
    """Finds out how times are written.

    Args:
        text: the first of them.
        unit: one of `UNITS`; auto = by the size of the number.
        time_format: of `strptime`; "" = ISO 8601 or unix numbers.
        zone: for times without an offset.
        decimal: character before the fraction of a number.

    Raises:
        ValueError: the text is none of them.
    """
    text = text.strip()
    if time_format:
        clock = Clock("format", format=time_format, zone=zone)
        clock.moments(text)
        return clock
    if is_number(text, decimal):
        if unit == "auto" and _MAYBE_DATE.fullmatch(text):
            raise ValueError(
                f"{text!r} may be a date or a unix time: say "
                f"--timestamp_format=%Y%m%d{'%H%M%S'[: len(text) - 8]} or "
                "--timestamp_unit=s"
            )
        size = abs(parse_number(text, decimal))
        unit = unit_of(size) if unit == "auto" else unit
        return Clock("unix", unit, decimal=decimal)
    moment = iso_moment(text)
    kind = "naive" if moment.tzinfo is None else "zoned"
    return Clock(kind, zone=zone, is_fine=bool(_FINE.search(text)))


def first_clock(
    path: str,
    column: str,
    texts: Iterable[str],
    unit: str,
    time_format: str,
    zone: str,
    decimal: str = ".",
) -> Clock | None:
    """Finds out by the first time that can be read; None = there are none.

    Args:
        path: of the file, for messages.
        column: the flag's, for messages.
        texts: the times in order.
        unit: as of `clock_of`, like the rest.
        time_format: of `strptime`.
        zone: for times without an offset.
        decimal: character before the fraction of a number.

    Raises:
        ValueError: none of them can be read.
    """
    problem = ""
    for text in texts:
        try:
            return clock_of(text, unit, time_format, zone, decimal)
        except ValueError as error:
            problem = problem or str(error)
    if not problem:
        return None
    cure = "Say for example --timestamp_format='%d/%m/%Y %H:%M:%S'."
    if time_format:
        cure = "Correct --timestamp_format, or name another column."
    raise ValueError(
        "Times must be ISO 8601, numbers since 1970, or written as "
        f"--timestamp_format says. Received: `{path}`, timestamp_column="
        f"{column} ({problem}). {cure}"
    )
