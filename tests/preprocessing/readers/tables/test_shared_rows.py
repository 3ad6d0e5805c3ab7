"""Rows that two files of a series share: counted, read and refused alike."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from odd_tables import tables

from preprocessing.counting import Job, count_source
from preprocessing.plan import make_plan
from preprocessing.readers import open_reader
from preprocessing.readers.base import BadRow, Block
from preprocessing.readers.csv import CsvReader, CsvSettings
from preprocessing.readers.parquet import ParquetReader, ParquetSettings
from preprocessing.readers.times.ordering import MOST_SHARED_ROWS, SHARED
from preprocessing.settings import PreprocessingSettings

# Clocks of Berlin are put back at 03:00: each of these times comes twice.
TWICE = [f"2020-10-25 02:{minute:02d}:00" for minute in range(0, 60, 10)]
READERS = {
    "csv": (CsvReader, CsvSettings),
    "parquet": (ParquetReader, ParquetSettings),
}
NAMED = {"timestamp_column": "t", "series_column": "id"}


def read(reader, source, after=None):
    """Rows `(series, time, cells)`, and refusals `(line, reason)`."""
    names = reader.feature_names(source)
    items = reader.read(source, names)
    if after is not None:
        items = reader.read_after(source, names, after)
    rows, letters = [], []
    for item in items:
        if isinstance(item, BadRow):
            letters.append((item.line, item.reason))
            continue
        rows += [
            (item.series_id, int(time), repr(cells.tolist()))
            for time, cells in zip(item.timestamps, item.values, strict=True)
        ]
    return sorted(rows), letters


def write(folder, format_name, lines):
    """A file of these lines: as text, or as columns of their types."""
    path = folder / f"pump.{format_name}"
    path.write_text("\n".join(lines))
    if format_name == "parquet":
        names, *rows = [line.split(",") for line in lines]
        table = pd.DataFrame(rows, columns=names)
        table["x"] = table.x.astype(float)
        if table.t.iloc[0].startswith("2020"):
            table["t"] = pd.to_datetime(table.t)
        table.to_parquet(path, index=False)
    return str(path)


def check_shared(reader, source, after):
    """Reading after a time leaves out just the rows up to it.

    Where there are too many, or no other ones, it is an error.
    """
    whole, letters = read(reader, source)
    for name, end in after.items():
        times = [time for one, time, _ in whole if one == name]
        num_shared = sum(time <= end for time in times)
        if num_shared > min(MOST_SHARED_ROWS, max(len(times) - 1, 0)):
            with pytest.raises(ValueError, match="sort by time.*at most 16"):
                read(reader, source, after)
            return
    rows, all_letters = read(reader, source, after)
    is_new = [time > after.get(name, time - 1) for name, time, _ in whole]
    assert rows == [row for row, new in zip(whole, is_new, strict=True) if new]
    shared = [letter for letter in all_letters if letter[1] == SHARED]
    assert len(shared) == len(whole) - len(rows)
    assert sorted(letters + shared) == sorted(all_letters)
    if reader.may_share_series:
        extents = reader.extents(source, reader.feature_names(source))
        for name in after:
            seen = [time for one, time, _ in whole if one == name]
            first_times = extents[name].first_times if seen else ()
            assert list(first_times) == seen[: MOST_SHARED_ROWS + 1]


@given(table=tables(), data=st.data())
@settings(max_examples=300, deadline=None, derandomize=True)
def test_reading_after_a_time_is_reading_less_its_rows(
    tmp_path_factory, table, data
):
    """Catches a time read otherwise because of the file before."""
    lines, options = table
    assume("timestamp_column" in options)
    path = tmp_path_factory.mktemp("table") / "pump.csv"
    path.write_text("\n".join(lines), encoding="utf-8", newline="")
    reader = CsvReader(CsvSettings(**options))
    (source,) = reader.sources(str(path))
    ends = {}
    for name, time, _ in read(reader, source)[0]:
        ends.setdefault(name, []).extend((time - 1, time, time + 1))
    after = {
        name: data.draw(st.sampled_from(times)) for name, times in ends.items()
    }
    check_shared(reader, source, after)


@pytest.mark.parametrize("format_name", sorted(READERS))
@pytest.mark.parametrize("before", range(-3, 16))
def test_the_hour_that_comes_twice(tmp_path, format_name, before):
    """Catches a shared row kept an hour late, and the rows after it lost."""
    times = ["2020-10-25 01:50:00", *TWICE, *TWICE, "2020-10-25 03:00:00"]
    lines = [f"{time},a,{row}" for row, time in enumerate(times)]
    path = write(tmp_path, format_name, ["t,id,x", *lines])
    reader_class, settings_class = READERS[format_name]
    reader = reader_class(settings_class(**NAMED, time_zone="Europe/Berlin"))
    (source,) = reader.sources(path)
    midnight = pd.Timestamp("2020-10-25", tz="UTC").value // 1000
    check_shared(reader, source, {"a": midnight + before * 600_000_000})
    assert len(read(reader, source)[0]) == len(times)


@pytest.mark.parametrize("format_name", sorted(READERS))
def test_counted_rows_are_those_that_are_written(tmp_path, format_name):
    """Catches 02:30 counted as shared and stored an hour late."""
    folder = tmp_path / "in"
    for name, times in (
        ("day-1", ["2020-10-25 01:50:00", *TWICE[:4]]),
        ("day-2", TWICE[3:] + TWICE[:2]),
    ):
        lines = [f"{time},a,{row}" for row, time in enumerate(times)]
        (folder / name).mkdir(parents=True)
        write(folder / name, format_name, ["t,id,x", *lines])
    reader_class, settings_class = READERS[format_name]
    reader = reader_class(settings_class(**NAMED, time_zone="Europe/Berlin"))
    sources = reader.sources(f"{folder}/*/*.{format_name}")
    job = Job(reader, ("x",), PreprocessingSettings(), "folder")
    counts = [count_source(job, *pair) for pair in enumerate(sources)]
    plan = make_plan(counts, job)
    assert not plan.errors and plan.offsets == {(0, "a"): 0, (1, "a"): 5}
    rows, letters = read(reader, sources[1], {"a": plan.latest[1, "a"]})
    assert [cells for *_, cells in rows] == ["[1.0]", "[2.0]", "[3.0]", "[4.0]"]
    assert [reason for _, reason in letters] == [SHARED]
    assert plan.parts["", "a"][-1].stop == 9


@pytest.mark.parametrize(
    "num_shared", [0, 1, MOST_SHARED_ROWS, MOST_SHARED_ROWS + 1, 99]
)
@pytest.mark.parametrize("period", [0, 10])
def test_training_and_prediction_refuse_alike(tmp_path, num_shared, period):
    """Catches rows of an edge predicted twice, days in the wrong order."""
    for name, first in (("day-1", 0), ("day-2", 100 - num_shared)):
        lines = [f"{first + row},a,{first + row}" for row in range(100)]
        path = tmp_path / f"{name}.csv"
        path.write_text("\n".join(["t,id,x", *lines]))
    reader = open_reader(
        "csv", CsvSettings(**NAMED, resample_period_seconds=float(period))
    )
    sources = reader.sources(str(tmp_path))
    job = Job(reader, ("x",), PreprocessingSettings(), "folder")
    counts = [count_source(job, *pair) for pair in enumerate(sources)]
    errors = make_plan(counts, job).errors
    is_refused = num_shared > (0 if period else MOST_SHARED_ROWS)
    assert bool(errors) == is_refused
    ends = {name: times[-1] for name, times in counts[0].times.items()}
    if is_refused:
        for text in ("series a", "day-2.csv", "sort by time", "at most 16"):
            assert text in errors[0]
    if is_refused:
        with pytest.raises(ValueError, match="sort by time.*at most 16"):
            read(reader, sources[1], ends)
        return
    both = read(reader, sources[0])[0] + read(reader, sources[1], ends)[0]
    times = np.array([time for _, time, _ in both]) // 1_000_000
    np.testing.assert_array_equal(
        times, np.arange(0, 200 - num_shared, period or 1)
    )


def test_a_series_that_begins_later_is_not_refused(tmp_path):
    """Catches one series' end taken for that of another one."""
    path = tmp_path / "day-2.csv"
    path.write_text("t,id,x\n50,b,1\n100,a,1\n")
    options = CsvSettings(**NAMED, resample_period_seconds=10.0)
    reader = open_reader("csv", options)
    (source,) = reader.sources(str(path))
    blocks = reader.read_after(source, ("x",), {"a": 90_000_000})
    assert {
        block.series_id for block in blocks if isinstance(block, Block)
    } == {
        "a",
        "b",
    }
