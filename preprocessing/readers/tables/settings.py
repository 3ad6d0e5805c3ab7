"""The flags that all formats of wide tables share."""

import dataclasses
import datetime

from preprocessing.readers.times.resampling import ResamplingSettings
from preprocessing.readers.times.time_zones import check_time_zone
from preprocessing.readers.times.unix_times import UNITS
from trainer.config import setting

__all__ = ["TableSettings"]


@dataclasses.dataclass(frozen=True)
class TableSettings(ResamplingSettings):
    """A wide table: one row a time step, one column a feature."""

    timestamp_column: str = setting(
        "", "name or position (from 0, negative from the end) of the time"
    )
    timestamp_unit: str = setting(
        "auto",
        "unit of times that are numbers since 1970; auto = by the size of the "
        "first",
        choices=UNITS,
    )
    timestamp_format: str = setting(
        "",
        "how times are written, in strptime's letters such as "
        "%d/%m/%Y %H:%M:%S; none = ISO 8601 or numbers",
    )
    time_zone: str = setting(
        "UTC", "IANA name of the zone of times that say no offset"
    )
    series_column: str = setting(
        "",
        "name or position of the series id, which a folder of part files "
        "needs; none = the file's name",
    )
    label_column: str = setting(
        "", "name or position of the labels 0, 1, empty = unknown"
    )
    label_ranges: str = setting(
        "",
        "CSV file of the anomalies: series,start,end as times, or as rows "
        "from 0 where there are none; the end is counted in, a day without a "
        "time to its end",
    )
    ignored_columns: tuple[str, ...] = setting(
        (), "names or positions of columns that are not read, numbers or not"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        check_time_zone(self.time_zone)
        _check_format(self.timestamp_format)
        if self.label_column and self.label_ranges:
            raise ValueError(
                "Labels must come from one place. Received: label_column="
                f"{self.label_column} and label_ranges={self.label_ranges}. "
                "Leave one of them out."
            )
        if self.timestamp_column:
            return
        if self.resample_period_seconds:
            raise ValueError(
                "Resampling needs times. Received: resample_period_seconds="
                f"{self.resample_period_seconds:g} and no timestamp_column. "
                "Name the column of the times."
            )
        for name, default in (
            ("timestamp_unit", "auto"),
            ("timestamp_format", ""),
            ("time_zone", "UTC"),
        ):
            if getattr(self, name) != default:
                raise ValueError(
                    f"`{name}` needs a column of times. Received: {name}="
                    f"{getattr(self, name)} and no timestamp_column. Name "
                    "the column, or leave the flag out."
                )


def _check_format(time_format: str) -> None:
    if not time_format:
        return
    moment = datetime.datetime(2001, 12, 31, 23, 59, 58, tzinfo=datetime.UTC)
    try:
        read = datetime.datetime.strptime(
            moment.strftime(time_format), time_format
        )
    except ValueError as error:
        raise ValueError(
            "`timestamp_format` must be made of strptime's letters. Received: "
            f"timestamp_format={time_format!r} ({error}). Write for example "
            "%d/%m/%Y %H:%M:%S."
        ) from error
    if read.date() != moment.date():
        raise ValueError(
            "`timestamp_format` must say the year, the month and the day. "
            f"Received: timestamp_format={time_format!r}. Write for example "
            "%d/%m/%Y %H:%M:%S."
        )
