"""Numbers since 1970: their units, their bounds, and how they are shown."""

import re
from typing import Any

import numpy as np

from preprocessing.readers.text.cells import parse_number

__all__ = [
    "DAY_MICROSECONDS",
    "UNITS",
    "UNIT_MICROSECONDS",
    "bounded",
    "exact_times",
    "shown_time",
    "unit_of",
    "unix_time",
]

UNITS = ("auto", "s", "ms", "us", "ns")
UNIT_MICROSECONDS = {"s": 1_000_000, "ms": 1_000, "us": 1}
DAY_MICROSECONDS = 86_400_000_000
# The years 1 to 9999 in microseconds: times beyond are mistakes.
_FIRST, _LAST = -62_135_596_800_000_000, 253_402_300_800_000_000
# Above this, a float64 does not hold each whole number.
_EXACT = 1 << 53
_INTEGER = re.compile(r"[+-]?[0-9]+")


def unix_time(text: str, unit: str, decimal: str = ".") -> int:
    """Microseconds of a number.

    Args:
        text: the number.
        unit: s, ms, us or ns.
        decimal: character before its fraction.

    Raises:
        ValueError: the reason why the row is refused.
    """
    if _INTEGER.fullmatch(text):
        number = int(text)
        time = (
            (number + 500) // 1000
            if unit == "ns"
            else number * UNIT_MICROSECONDS[unit]
        )
    else:
        exact = parse_number(text, decimal)
        if exact != exact:
            raise ValueError("no timestamp")
        time = round(
            exact / 1000 if unit == "ns" else exact * UNIT_MICROSECONDS[unit]
        )
    if not bounded(time):
        raise ValueError(f"no time in unix {unit}: {text[:80]!r}")
    return time


def exact_times(numbers: np.ndarray, unit: str) -> np.ndarray:
    """Unix numbers to int64 microseconds.

    Args:
        numbers: `[time]`, whole ones where the unit is ns.
        unit: s, ms, us or ns.

    Raises:
        ValueError: some cannot be told to the microsecond as they are.
    """
    if unit == "ns":
        if numbers.dtype.kind == "f":
            raise ValueError("nanoseconds that are no whole numbers")
        return numbers // 1000 + (numbers % 1000 >= 500)
    times = numbers * float(UNIT_MICROSECONDS[unit])
    if not (np.abs(times) < _EXACT).all():
        raise ValueError("times too large to be exact")
    return np.rint(times).astype(np.int64)


def bounded(times: Any) -> Any:
    """Whether a time, or each of an array, is in the years 1 to 9999."""
    return (times >= _FIRST) & (times < _LAST)


def unit_of(size: float) -> str:
    """The unit in which a number of this size is a time of our age."""
    for unit, limit in (("s", 1e11), ("ms", 1e14), ("us", 1e17)):
        if size < limit:
            return unit
    return "ns"


def shown_time(microseconds: int) -> str:
    """A time as ISO 8601, for messages."""
    return str(np.datetime64(microseconds, "us"))
