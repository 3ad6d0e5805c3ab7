"""Anomalies from a file of ranges, against labels written by hand."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from preprocessing.counting import Job, count_source
from preprocessing.plan import make_plan
from preprocessing.readers import open_reader
from preprocessing.readers.base import Block
from preprocessing.readers.csv import CsvReader, CsvSettings
from preprocessing.readers.parquet import ParquetReader, ParquetSettings
from preprocessing.settings import PreprocessingSettings

HOURS = [f"2020-01-01 {hour:02d}:00" for hour in range(10)]


def write(path, lines):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")
    return str(path)


@pytest.fixture
def pump(tmp_path):
    """Ten rows with a time each."""
    lines = [f"{hour},{row}" for row, hour in enumerate(HOURS)]
    return write(tmp_path / "in" / "pump.csv", ["t,x", *lines])


def labels(path, ranges, **options):
    """Series id to its labels."""
    reader = CsvReader(CsvSettings(label_ranges=ranges, **options))
    found = {}
    for source in reader.sources(path):
        for item in reader.read(source, reader.feature_names(source)):
            if isinstance(item, Block):
                found.setdefault(item.series_id, [])
                found[item.series_id] += item.labels.tolist()
    return found


@pytest.mark.parametrize("header", ["start,end", "series,start,end,note"])
def test_rows_and_times_give_the_same(pump, tmp_path, header, monkeypatch):
    """Catches an end left out, a union taken as the last, rows from 1."""
    monkeypatch.setattr(
        "preprocessing.readers.text.pieces._FIRST_CHUNK_BYTES", 40
    )
    monkeypatch.setattr("preprocessing.readers.text.pieces._CHUNK_BYTES", 40)
    before, after = ("pump,", ",a") if "series" in header else ("", "")
    rows = write(
        tmp_path / "rows.csv",
        [
            header,
            f"{before}1,2{after}",
            f"{before}2,4{after}",
            f"{before}9,9{after}",
        ],
    )
    expected = {"pump": [0, 1, 1, 1, 1, 0, 0, 0, 0, 1]}
    assert labels(pump, rows, ignored_columns=("t",)) == expected
    times = write(
        tmp_path / "times.csv",
        [
            header,
            f"{before}2020-01-01 00:30,2020-01-01T04:00Z{after}",
            f"{before}1577869200.0,1577869200.0{after}",
        ],
    )
    assert (
        labels(pump, times, timestamp_column="t", timestamp_unit="s")
        == expected
    )


def test_a_series_without_lines_is_unknown(tmp_path, caplog):
    """Catches a series nobody looked at taken for a normal one."""
    for name in ("a", "b", "c"):
        write(tmp_path / "in" / f"{name}.csv", ["x", "1", "2"])
    ranges = write(tmp_path / "r.csv", ["series,start,end", "a,1,1", "b,,"])
    assert labels(str(tmp_path / "in"), ranges) == {
        "a": [0, 1],
        "b": [0, 0],
        "c": [-1, -1],
    }
    assert caplog.text.count("names no line for c:") == 1


def test_series_of_a_column(tmp_path):
    """Catches ranges given by file where a column says the series."""
    path = write(
        tmp_path / "in" / "all.csv", ["id,x", "a,1", "b,2", "a,3", "b,4", "c,5"]
    )
    ranges = write(tmp_path / "r.csv", ["series,start,end", "a,1,1", "b,0,0"])
    assert labels(path, ranges, series_column="id") == {
        "a": [0, 1],
        "b": [1, 0],
        "c": [-1],
    }


@pytest.mark.parametrize("num_files", [1, 2])
def test_a_reader_that_listed_nothing_reads_alike(tmp_path, num_files):
    """Catches a check that only the process which listed the files makes."""
    for name in ("a", "b")[:num_files]:
        write(tmp_path / "in" / f"{name}.csv", ["t,id,x", f"{HOURS[0]},s,1"])
    stretch = f"s,{HOURS[5]},{HOURS[6]}"
    options = CsvSettings(
        timestamp_column="t",
        series_column="id",
        label_ranges=write(tmp_path / "r.csv", ["series,start,end", stretch]),
    )
    listed = CsvReader(options)
    for source in listed.sources(str(tmp_path / "in")):
        for reader in (listed, CsvReader(options)):
            if num_files == 1:
                with pytest.raises(ValueError, match="lie within its series"):
                    list(reader.read(source, ("x",)))
            else:
                (block,) = reader.read(source, ("x",))
                assert block.labels.tolist() == [0]


def test_refused_rows_do_not_shift_the_ranges(tmp_path):
    """Catches ranges counted over the rows that are good."""
    path = write(tmp_path / "in" / "a.csv", ["x", "1", "bad", "3", "4"])
    ranges = write(tmp_path / "r.csv", ["start,end", "2,2"])
    assert labels(path, ranges) == {"a": [0, 0, 1, 0]}


def test_ranges_of_parquet(tmp_path):
    """Catches a format that shares the flag and not its use."""
    folder = tmp_path / "in"
    folder.mkdir()
    times = pa.array([1577836800, 1577836801, 1577836802], pa.timestamp("s"))
    table = pa.table({"t": times, "x": [1.0, 2.0, 3.0]})
    parquet.write_table(table, folder / "pump.parquet")
    second = "2020-01-01 00:00:01"
    ranges = write(tmp_path / "r.csv", ["start,end", f"{second},{second}"])
    reader = ParquetReader(
        ParquetSettings(timestamp_column="t", label_ranges=ranges)
    )
    (source,) = reader.sources(str(folder))
    (block,) = reader.read(source, ("x",))
    assert block.labels.tolist() == [0, 1, 0]


def test_ranges_before_resampling(pump, tmp_path):
    """Catches an anomaly lost where its row is not the first of a period."""
    ranges = write(tmp_path / "r.csv", ["start,end", f"{HOURS[3]},{HOURS[3]}"])
    reader = open_reader(
        "csv",
        CsvSettings(
            timestamp_column="t",
            label_ranges=ranges,
            resample_period_seconds=7200.0,
        ),
    )
    (source,) = reader.sources(pump)
    found = [
        label
        for item in reader.read(source, ("x",))
        if isinstance(item, Block)
        for label in item.labels.tolist()
    ]
    assert found == [0, 1, 0, 0, 0]


@pytest.mark.parametrize(
    ("lines", "options", "message"),
    [
        (["start,end", "8,10"], {}, "8 to 10 for series pump.*rows 0 to 9"),
        (["start,end", "5,4"], {}, "line 2 of.*end at or after its start"),
        (["start,end", "-1,4"], {}, "line 2 of.*rows count from 0"),
        (["start,end", "1,"], {}, "only one of start and end"),
        (["start,end", "1.5,2"], {}, "no row number"),
        (["start,end", f"{HOURS[0]},{HOURS[1]}"], {}, "need a --timestamp_c"),
        (["start,end", "1,2,3"], {}, "3 fields in line 2"),
        (["start,end"], {}, "must hold lines"),
        ([""], {}, "must hold lines"),
        (["from,to", "1,2"], {}, "label_ranges=start; .*2 columns"),
        (["series,start,end", ",1,2"], {}, "must name its series"),
        (["series,start,end", "valve,1,2"], {}, "valve; the input has pump"),
        (["start,end", "1,2"], {"timestamp_column": "t"}, "a row number where"),
        (
            ["start,end", "2019-01-01,2019-01-02"],
            {"timestamp_column": "t"},
            "which has times from 2020",
        ),
        (["start,end", "1,2"], {"label_column": "x"}, "from one place"),
        (["start,end", "1,2", ","], {}, "line 3 of.*no anomalies.*or not"),
        (["start,end", ",", "1,2"], {}, "line 3 of.*no anomalies.*or not"),
    ],
)
def test_ranges_that_cannot_be(pump, tmp_path, lines, options, message):
    """Catches labels of another copy of the data, or of none."""
    ranges = write(tmp_path / "ranges.csv", lines)
    if "timestamp_column" not in options:
        options = options | {"ignored_columns": ("t",)}
    with pytest.raises(ValueError, match=message):
        labels(pump, ranges, **options)


def test_files_of_ranges_that_do_not_fit(tmp_path):
    """Catches rows counted anew in each file, and a nameless series of two."""
    for name in ("a", "b"):
        write(tmp_path / "in" / f"{name}.csv", ["id,x", "s,1"])
    rows = write(tmp_path / "r.csv", ["series,start,end", "s,0,0"])
    with pytest.raises(ValueError, match="give times.*row numbers and 2 files"):
        labels(str(tmp_path / "in"), rows, series_column="id")
    nameless = write(tmp_path / "n.csv", ["start,end", "0,0"])
    for options in ({"series_column": "id"}, {"ignored_columns": ("id",)}):
        with pytest.raises(ValueError, match="without the column series"):
            labels(str(tmp_path / "in"), nameless, **options)
    with pytest.raises(ValueError, match="is not there. Correct the path"):
        labels(str(tmp_path / "in"), str(tmp_path / "none.csv"))


def test_the_hour_that_comes_twice_is_whole(tmp_path):
    """Catches an end in the first of two equal hours."""
    lines = [f"2020-10-25T00:{minute}Z,1" for minute in (15, 45)]
    lines += [f"2020-10-25T01:{minute}Z,1" for minute in (15, 45)]
    path = write(tmp_path / "in" / "a.csv", ["t,x", *lines])
    hour = "2020-10-25 02:00,2020-10-25 02:50"
    ranges = write(tmp_path / "r.csv", ["start,end", hour])
    found = labels(
        path, ranges, timestamp_column="t", time_zone="Europe/Berlin"
    )
    np.testing.assert_array_equal(found["a"], [1, 1, 1, 1])


@pytest.mark.parametrize(
    ("written", "options"),
    [
        ("%Y-%m-%d %H:%M", {}),
        ("%d.%m.%Y %H:%M", {"timestamp_format": "%d.%m.%Y %H:%M"}),
        ("%d.%m.%Y", {"timestamp_format": "%d.%m.%Y"}),
    ],
)
@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin"])
def test_an_end_without_a_time_is_the_end_of_its_day(
    tmp_path, written, options, zone
):
    """Catches a day of anomalies that is over at midnight."""
    step = "1d" if "H" not in written else "6h"
    times = pd.date_range("2024-03-30", "2024-04-02", freq=step)
    texts = times.strftime(written)
    path = write(tmp_path / "in" / "a.csv", ["t,x", *(f"{t},1" for t in texts)])
    days = ["2024-03-31", "2024-03-31"]
    expected = [int(time.day == 31) for time in times]
    for form in ("%Y-%m-%d", options.get("timestamp_format", "%Y-%m-%d")):
        if "H" in form:
            continue
        line = ",".join(pd.Timestamp(day).strftime(form) for day in days)
        ranges = write(tmp_path / "r.csv", ["start,end", line])
        found = labels(
            path, ranges, timestamp_column="t", time_zone=zone, **options
        )
        assert found["a"] == expected


@pytest.mark.parametrize("series", [(), ("b",)])
def test_ranges_of_series_that_no_file_has(tmp_path, series):
    """Catches a wrong id that leaves all labels unknown, in silence."""
    for name in ("a", "b"):
        write(tmp_path / "in" / f"{name}.csv", ["t,id,x", f"1,{name},1"])

    def errors(lines):
        ranges = write(tmp_path / "r.csv", ["series,start,end", *lines])
        reader = CsvReader(
            CsvSettings(
                timestamp_column="t", series_column="id", label_ranges=ranges
            )
        )
        sources = reader.sources(str(tmp_path / "in"))
        job = Job(
            reader, ("x",), PreprocessingSettings(series=series), "folder"
        )
        counts = [count_source(job, *pair) for pair in enumerate(sources)]
        return make_plan(counts, job).errors

    assert not errors(["a,,", "b,,"]) and not errors(["a,,"])
    (error,) = errors(["a,,", "B,,", "c,,"])
    assert "B, c; the input has" in error and "b" in error
