"""Local times to UTC: times that come twice, and times that never come."""

import datetime
import zoneinfo

import numpy as np

from preprocessing.readers.times.unix_times import DAY_MICROSECONDS

__all__ = ["check_time_zone", "instants", "local_instants"]

_EPOCH = datetime.datetime(1970, 1, 1)
_MICROSECOND = datetime.timedelta(microseconds=1)


def check_time_zone(name: str) -> None:
    """Refuses a name that is no IANA time zone.

    Raises:
        ValueError: it is none.
    """
    try:
        zoneinfo.ZoneInfo(name)
    except (ValueError, OSError, LookupError) as error:
        raise ValueError(
            "`time_zone` must be a name of the IANA list. Received: "
            f"time_zone={name!r}. Write for example UTC, Europe/Berlin or "
            "America/New_York."
        ) from error


def instants(moment: datetime.datetime, zone: str) -> tuple[int, int]:
    """UTC microseconds of a local time, as it comes first and last.

    Args:
        moment: without an offset.
        zone: IANA name.

    Raises:
        ValueError: clocks were put forward over this time.
    """
    local = (moment - _EPOCH) // _MICROSECOND
    if zone == "UTC":
        return local, local
    place = zoneinfo.ZoneInfo(zone)
    try:
        first = moment.replace(tzinfo=place, fold=0).utcoffset()
        last = moment.replace(tzinfo=place, fold=1).utcoffset()
    except OverflowError as error:
        raise ValueError(f"no time of this calendar: '{moment}'") from error
    if first is None or last is None or first < last:
        raise ValueError(f"a local time that {zone} skips: '{moment}'")
    return local - first // _MICROSECOND, local - last // _MICROSECOND


def local_instants(
    times: np.ndarray, zone: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Like `instants`, for an array.

    Args:
        times: `[time]` int64 microseconds, local.
        zone: IANA name.

    Returns:
        `[time]` int64 first and last instant, `[time]` bool whether the time
        exists.
    """
    exists = np.ones(len(times), bool)
    if zone == "UTC":
        return times, times, exists
    days, positions = np.unique(times // DAY_MICROSECONDS, return_inverse=True)
    offsets = [_offset_of_day(day, zone) for day in days.tolist()]
    usual = np.array([offset or 0 for offset in offsets], np.int64)
    changes = np.array([offset is None for offset in offsets], bool)
    first = times - usual[positions]
    last = first.copy()
    # Only days on which clocks change are looked at row by row.
    for row in np.flatnonzero(changes[positions]).tolist():
        try:
            moment = _EPOCH + int(times[row]) * _MICROSECOND
            first[row], last[row] = instants(moment, zone)
        except (ValueError, OverflowError):
            exists[row] = False
    return first, last, exists


def _offset_of_day(day: int, zone: str) -> int | None:
    """Offset from UTC in microseconds; None where it may change."""
    place = zoneinfo.ZoneInfo(zone)
    try:
        start = _EPOCH.replace(tzinfo=datetime.UTC) + (
            datetime.timedelta(days=day)
        )
        # From the day before to the one after, so that any offset is covered.
        offsets = {
            (start + datetime.timedelta(hours=hours))
            .astimezone(place)
            .utcoffset()
            for hours in range(-30, 55, 6)
        }
    except OverflowError:
        return None
    offset = offsets.pop()
    if offsets or offset is None:
        return None
    return offset // _MICROSECOND
