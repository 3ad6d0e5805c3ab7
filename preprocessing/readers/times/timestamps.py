"""Times as they are written: found out from the first, then read alike."""

import dataclasses
import datetime
import re
from typing import Any

import numpy as np

from preprocessing.readers.text.cells import parse_number
from preprocessing.readers.times.fixed_times import fixed_times
from preprocessing.readers.times.time_zones import instants, local_instants

__all__ = ["UNITS", "Clock", "bounded", "clock_of", "exact_times"]

UNITS = ("auto", "s", "ms", "us", "ns")
_PER_UNIT = {"s": 1_000_000, "ms": 1_000, "us": 1}
# The years 1 to 9999 in microseconds: times beyond are mistakes.
_FIRST, _LAST = -62_135_596_800_000_000, 253_402_300_800_000_000
# Above this, a float64 does not hold each whole number.
_EXACT = 1 << 53
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_INTEGER = re.compile(r"[+-]?[0-9]+")
_FINE = re.compile(r"\.[0-9]{7,9}(Z|[+-]|$)")
_MAYBE_DATE = re.compile(
    r"(19[7-9]|20[0-9])[0-9](0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])"
    r"(([01][0-9]|2[0-3])[0-5][0-9]([0-5][0-9])?)?"
)


@dataclasses.dataclass(frozen=True)
class Clock:
    """How times are written.

    Attributes:
        kind: "unix" (numbers), "zoned" (ISO 8601 with an offset), "naive"
            (without one) or "format".
        unit: of unix numbers: s, ms, us or ns.
        format: of `strptime`.
        zone: IANA name, for times without an offset.
        is_fine: ISO 8601 with digits after the microseconds.
    """

    kind: str
    unit: str = "s"
    format: str = ""
    zone: str = "UTC"
    is_fine: bool = False

    def moments(self, text: str) -> tuple[int, int]:
        """First and last microsecond since 1970 that the text may mean.

        They differ where clocks were put back over a local time.

        Raises:
            ValueError: the reason why the row is refused.
        """
        text = text.strip()
        if not text:
            raise ValueError("no timestamp")
        if self.kind == "unix":
            time = _unix_time(text, self.unit)
            return time, time
        moment = self._moment(text)
        if moment.tzinfo is None:
            first, last = instants(moment, self.zone)
        else:
            first = last = (moment - _EPOCH) // datetime.timedelta(
                microseconds=1
            )
        if not (_FIRST <= first and last < _LAST):
            raise ValueError(f"no time from year 1 to 9999: {text[:80]!r}")
        return first, last

    def arrow_type(self) -> Any:
        """What pyarrow is to read a column of such times as."""
        import pyarrow as pa

        if self.kind == "unix":
            return pa.int64() if self.unit == "ns" else pa.float64()
        if self.kind == "format":
            return pa.string()
        zone = "UTC" if self.kind == "zoned" else None
        return pa.timestamp("ns" if self.is_fine else "us", zone)

    def times(self, column: Any) -> np.ndarray:
        """Microseconds of a column of `arrow_type`, where all are plain.

        Args:
            column: pyarrow's.

        Returns:
            `[time]` int64.

        Raises:
            ValueError: some time is missing, wrong, skipped by the time zone
                or comes twice there; not said which.
        """
        import pyarrow as pa

        if column.null_count:
            raise ValueError("no timestamp")
        if self.kind == "format":
            times = fixed_times(column, self.format)
            if times is None:
                return self._times_of_texts(column.to_pylist())
        elif self.kind == "unix":
            times = exact_times(column.to_numpy(), self.unit)
        else:
            times = column.cast(pa.int64()).to_numpy()
            times = times // 1000 if self.is_fine else times
        if self.kind in ("format", "naive"):
            first, last, exists = local_instants(times, self.zone)
            if not exists.all() or (first != last).any():
                raise ValueError("a local time skipped, or one that repeats")
            times = first
        if not bounded(times).all():
            raise ValueError("no time from year 1 to 9999")
        return times

    def _times_of_texts(self, texts: list[str]) -> np.ndarray:
        moments = [self.moments(text) for text in texts]
        if any(first != last for first, last in moments):
            raise ValueError("a local time that comes twice")
        return np.array([first for first, _ in moments], np.int64)

    def _moment(self, text: str) -> datetime.datetime:
        if self.kind == "format":
            try:
                return datetime.datetime.strptime(text, self.format)
            except ValueError as error:
                raise ValueError(
                    f"a time not written as {self.format}: {text[:80]!r}"
                ) from error
        moment = _iso_moment(text)
        if _is_number(text) or (moment.tzinfo is None) != (
            self.kind == "naive"
        ):
            raise ValueError(
                f"a timestamp written unlike the first one: {text[:80]!r}"
            )
        return moment


def clock_of(
    text: str, unit: str = "auto", time_format: str = "", zone: str = "UTC"
) -> Clock:
    """Finds out how times are written.

    Args:
        text: the first of them.
        unit: one of `UNITS`; auto = by the size of the number.
        time_format: of `strptime`; "" = ISO 8601 or unix numbers.
        zone: for times without an offset.

    Raises:
        ValueError: the text is none of them.
    """
    text = text.strip()
    if time_format:
        clock = Clock("format", format=time_format, zone=zone)
        clock.moments(text)
        return clock
    if _is_number(text):
        if unit == "auto" and _MAYBE_DATE.fullmatch(text):
            raise ValueError(
                f"{text} may be a date or a unix time: say "
                f"--timestamp_format=%Y%m%d{'%H%M%S'[: len(text) - 8]} or "
                "--timestamp_unit=s"
            )
        size = abs(parse_number(text))
        return Clock("unix", _unit_of(size) if unit == "auto" else unit)
    moment = _iso_moment(text)
    kind = "naive" if moment.tzinfo is None else "zoned"
    return Clock(kind, zone=zone, is_fine=bool(_FINE.search(text)))


def exact_times(numbers: np.ndarray, unit: str) -> np.ndarray:
    """Unix numbers to int64 microseconds.

    Raises:
        ValueError: some cannot be told to the microsecond as they are.
    """
    if unit == "ns":
        if numbers.dtype.kind == "f":
            raise ValueError("nanoseconds that are no whole numbers")
        return numbers // 1000 + (numbers % 1000 >= 500)
    times = numbers * float(_PER_UNIT[unit])
    if not (np.abs(times) < _EXACT).all():
        raise ValueError("times too large to be exact")
    return np.rint(times).astype(np.int64)


def bounded(times: np.ndarray) -> np.ndarray:
    """`[time]` bool: within the years 1 to 9999."""
    return (times >= _FIRST) & (times < _LAST)


def _unit_of(size: float) -> str:
    """The unit in which a number is a time of this age."""
    for unit, limit in (("s", 1e11), ("ms", 1e14), ("us", 1e17)):
        if size < limit:
            return unit
    return "ns"


def _unix_time(text: str, unit: str) -> int:
    if _INTEGER.fullmatch(text):
        number = int(text)
        time = (
            (number + 500) // 1000 if unit == "ns" else number * _PER_UNIT[unit]
        )
    else:
        exact = parse_number(text)
        if exact != exact:
            raise ValueError("no timestamp")
        time = round(exact / 1000 if unit == "ns" else exact * _PER_UNIT[unit])
    if not _FIRST <= time < _LAST:
        raise ValueError(f"no time in unix {unit}: {text[:80]!r}")
    return time


def _is_number(text: str) -> bool:
    try:
        return parse_number(text) == parse_number(text)
    except ValueError:
        return False


def _iso_moment(text: str) -> datetime.datetime:
    try:
        return datetime.datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(
            f"neither ISO 8601 nor a unix time: {text[:80]!r}"
        ) from error
