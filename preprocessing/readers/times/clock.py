"""How times are written, and what they then mean."""

import dataclasses
import datetime
from typing import Any

import numpy as np

from preprocessing.readers.text.cells import is_number
from preprocessing.readers.times.fixed_times import fixed_times
from preprocessing.readers.times.time_zones import instants, local_instants
from preprocessing.readers.times.unix_times import (
    bounded,
    exact_times,
    unix_time,
)

__all__ = ["Clock", "iso_microseconds", "iso_moment"]

_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_MICROSECOND = datetime.timedelta(microseconds=1)


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
        decimal: character before the fraction of unix numbers.
    """

    kind: str
    unit: str = "s"
    format: str = ""
    zone: str = "UTC"
    is_fine: bool = False
    decimal: str = "."

    @property
    def may_be_local(self) -> bool:
        """Times say no offset, and no zone was named."""
        return self.kind in ("naive", "format") and self.zone == "UTC"

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
            time = unix_time(text, self.unit, self.decimal)
            return time, time
        moment = self._moment(text)
        if moment.tzinfo is None:
            first, last = instants(moment, self.zone)
        else:
            first = last = (moment - _EPOCH) // _MICROSECOND
        if not (bounded(first) and bounded(last)):
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
        moment = iso_moment(text)
        if is_number(text) or (moment.tzinfo is None) != (self.kind == "naive"):
            raise ValueError(
                f"a timestamp written unlike the first one: {text[:80]!r}"
            )
        return moment


def iso_moment(text: str) -> datetime.datetime:
    """Reads ISO 8601.

    Raises:
        ValueError: it is not written so.
    """
    try:
        return datetime.datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(
            f"neither ISO 8601 nor a unix time: {text[:80]!r}"
        ) from error


def iso_microseconds(text: str) -> int:
    """Microseconds since 1970 of an ISO 8601 time, in UTC if it says no zone.

    Raises:
        ValueError: it is none.
    """
    moment = iso_moment(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.UTC)
    return (moment - _EPOCH) // _MICROSECOND
