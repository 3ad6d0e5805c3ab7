"""Times in all forms against datetime and pandas."""

import datetime

import numpy as np
import pandas as pd
import pytest

from preprocessing.readers.csv import CsvReader, CsvSettings
from preprocessing.readers.times import fixed_times
from preprocessing.readers.times.clock import iso_microseconds
from preprocessing.readers.times.timestamps import clock_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", 0),
        ("-1.5", -1_500_000),
        ("1700000000", 1_700_000_000_000_000),
        ("1700000000123", 1_700_000_000_123_000),
        ("1700000000123456", 1_700_000_000_123_456),
        ("1700000000123456789", 1_700_000_000_123_457),
        ("1.7e9", 1_700_000_000_000_000),
        ("2020-01-01", 1_577_836_800_000_000),
        (" 2020-01-01 00:00:01.5 ", 1_577_836_801_500_000),
        ("2020-01-01T00:00:00Z", 1_577_836_800_000_000),
        ("2020-01-01T05:30:00+05:30", 1_577_836_800_000_000),
    ],
)
def test_the_form_is_found_out(text, expected):
    """Catches a unit a thousand times off, and an offset left out."""
    assert clock_of(text).moments(text) == (expected, expected)


def test_nanoseconds_keep_their_microseconds():
    """Catches whole numbers read as float64, 256 ns apart."""
    base = 1_700_000_000_000_000_000
    clock = clock_of(str(base))
    for step in range(0, 5000, 250):
        time, _ = clock.moments(str(base + step))
        assert time == base // 1000 + (step + 500) // 1000


def test_a_unit_that_is_named_wins():
    """Catches a guess by size where the user said the unit."""
    assert clock_of("5", "ms").moments("1700") == (1_700_000, 1_700_000)
    assert clock_of("5", "ns").moments("1700") == (2, 2)


@pytest.mark.parametrize("text", ["20170102", "20170102030405"])
def test_a_date_without_signs_is_no_unix_time(text):
    """Catches days of 2017 read as one afternoon of 1970."""
    with pytest.raises(ValueError, match="--timestamp_format=%Y%m%d"):
        clock_of(text)
    assert clock_of(text, "s").kind == "unix"
    clock = clock_of(text, time_format="%Y%m%d%H%M%S"[: len(text) - 2])
    assert clock.kind == "format"


@pytest.mark.parametrize(
    ("first", "text"),
    [
        ("2020-01-01", "2020-01-01T00:00Z"),
        ("2020-01-01T00:00Z", "2020-01-01"),
        ("2020-01-01", "1577836800"),
        ("2020-01-01", "20200101"),
        ("1577836800", "2020-01-01"),
        ("0", "1e15"),
        ("0", ""),
        ("0", "nan"),
    ],
)
def test_other_forms_than_the_first_are_refused(first, text):
    """Catches one column read in two ways."""
    with pytest.raises(ValueError):
        clock_of(first).moments(text)


@pytest.mark.parametrize(
    "time_format",
    ["%d/%m/%Y %H:%M:%S", "%Y%m%d%H%M", "%m-%d-%Y", "%d.%m.%y %I:%M %p"],
)
def test_formats_equal_pandas(tmp_path, time_format):
    """Catches day and month swapped, on the fast and on the slow way."""
    times = pd.date_range("2019-11-28 05:00", periods=60, freq="31h23min")
    texts = times.strftime(time_format)
    path = tmp_path / "pump.csv"
    path.write_text("t,x\n" + "".join(f"{text},1\n" for text in texts))
    reader = CsvReader(
        CsvSettings(timestamp_column="t", timestamp_format=time_format)
    )
    (source,) = reader.sources(str(path))
    (block,) = reader.read(source, ("x",))
    expected = pd.to_datetime(texts, format=time_format).as_unit("us")
    np.testing.assert_array_equal(block.timestamps, expected.astype(np.int64))


def test_only_formats_of_fixed_width_are_sliced():
    """Catches slices of a format whose fields have no fixed place."""
    places = fixed_times._places
    assert places("%Y-%m-%d")[0] == {"Y": 0, "m": 5, "d": 8}
    for time_format in ("%d/%m", "%Y-%m-%d %M", "%Y-%m-%d %p", "%d%d%Y%m"):
        assert places(time_format) is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"time_zone": "Europe/Berlinn"}, "`time_zone`.*Europe/Berlinn"),
        ({"time_zone": "../../etc/passwd"}, "`time_zone`.*for example UTC"),
        ({"time_zone": ""}, "`time_zone`"),
        ({"timestamp_format": "%d/%m/%Q"}, "`timestamp_format`.*strptime"),
        ({"timestamp_format": "%H:%M"}, "`timestamp_format`.*the year"),
        ({"timestamp_unit": "h"}, "`timestamp_unit` must be one of"),
    ],
)
def test_settings_that_cannot_be(options, message):
    """Catches a wrong zone that shows only after hours, or in one file."""
    with pytest.raises(ValueError, match=message):
        CsvSettings(timestamp_column="t", **options)


@pytest.mark.parametrize(
    "options",
    [
        {"timestamp_unit": "ms"},
        {"timestamp_format": "%Y-%m-%d"},
        {"time_zone": "Europe/Berlin"},
        {"resample_period_seconds": 60.0},
    ],
)
def test_times_need_a_column(options):
    """Catches a flag that nothing uses, and resampling without times."""
    with pytest.raises(ValueError, match="and no timestamp_column. Name the"):
        CsvSettings(**options)


def test_dates_of_an_unknown_order_need_a_format(tmp_path):
    """Catches the 1st of February read as the 2nd of January, or dropped."""
    path = tmp_path / "pump.csv"
    path.write_text("t,x\n01/02/2017,1\n")
    reader = CsvReader(CsvSettings(timestamp_column="t"))
    (source,) = reader.sources(str(path))
    with pytest.raises(ValueError, match="01/02/2017.*--timestamp_format='%d"):
        list(reader.read(source, ("x",)))


def test_an_hour_that_comes_twice(tmp_path):
    """Catches the second 2 o'clock of October refused, or in the first."""
    path = tmp_path / "pump.csv"
    local = ["01:30", "02:00", "02:30", "02:00", "02:30", "02:00", "03:00"]
    lines = [f"2020-10-25 {time},{row}" for row, time in enumerate(local)]
    path.write_text("\n".join(["t,x", *lines, "2021-03-28 02:30,7"]))
    reader = CsvReader(
        CsvSettings(timestamp_column="t", time_zone="Europe/Berlin")
    )
    (source,) = reader.sources(str(path))
    *bad, block = reader.read(source, ("x",))
    assert block.values[:, 0].tolist() == [0, 1, 2, 3, 4, 6]
    steps = np.diff(block.timestamps) // 60_000_000
    assert steps.tolist() == [30, 30, 30, 30, 30]
    start = datetime.datetime(2020, 10, 24, 23, 30, tzinfo=datetime.UTC)
    assert block.timestamps[0] == start.timestamp() * 1e6
    assert [row.line for row in bad] == [7, 9]
    assert "skips" in bad[1].reason


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-02", 86_400),
        ("1970-01-01T01:00+01:00", 0),
        ("1969-12-31 23:59:59.5", -0.5),
    ],
)
def test_iso_times_of_any_zone(text, seconds):
    """Catches an offset left out, and a local zone taken for none."""
    assert iso_microseconds(text) == seconds * 1_000_000
    with pytest.raises(ValueError, match="neither ISO 8601"):
        iso_microseconds(f"{text}x")
