"""What the first pass decides."""

import pytest

from preprocessing.counting import Job, SourceCount, count_source
from preprocessing.plan import make_plan
from preprocessing.readers.csv import CsvReader, CsvSettings
from preprocessing.settings import PreprocessingSettings
from preprocessing.splits import Part


def _plan(counts, **settings):
    reader = CsvReader(CsvSettings())
    job = Job(reader, ("x",), PreprocessingSettings(**settings), "folder")
    return make_plan(counts, job)


def test_the_train_length_of_a_format_is_kept():
    """Catches train rows in test, test rows in train, gaps before test."""
    count = SourceCount(0, rows={"a": 1000}, num_train_rows={"a": 200})
    plan = _plan([count], split_gap_rows=3)
    assert plan.parts["", "a"] == (
        Part("train", 0, 131),
        Part("validation", 134, 154),
        Part("statistics", 157, 177),
        Part("tuning", 180, 200),
        Part("test", 200, 1000),
    )


@pytest.mark.parametrize("num_train_rows", [50, 80])
def test_a_series_that_is_all_train_has_no_test(num_train_rows):
    """Catches a test part of no rows, or beyond the series."""
    count = SourceCount(0, rows={"a": 50}, num_train_rows={"a": num_train_rows})
    parts = _plan([count], split_gap_rows=0).parts["", "a"]
    assert [part.split for part in parts] == [
        "train",
        "validation",
        "statistics",
        "tuning",
    ]
    assert parts[-1].stop == 50


def test_files_in_any_order_make_the_same_plan():
    """Catches row numbers that depend on which worker was first."""
    counts = [
        SourceCount(0, "a0.csv", rows={"a": 30}),
        SourceCount(1, "a1.csv", rows={"a": 70}),
    ]
    plan = _plan(counts[::-1])
    assert plan.offsets == {(0, "a"): 0, (1, "a"): 30}
    assert plan.parts["", "a"][-1] == Part("test", 80, 100)
    assert plan == _plan(counts)


def test_the_first_file_says_the_period_of_a_series():
    """Catches a period that depends on which file was read last."""
    counts = [
        SourceCount(n, rows={"a": 9}, period_seconds={"a": period})
        for n, period in enumerate((2.0, 99.0))
    ]
    plan = _plan(counts[::-1])
    assert plan.period_seconds["a"] == plan.sampling_period_seconds == 2


def test_no_row_that_can_be_read_says_why(tmp_path):
    """Catches "give more rows" where each of them was refused."""
    path = tmp_path / "a.csv"
    path.write_text("t,id,x\n1,,1\n2,,1\n")
    reader = CsvReader(CsvSettings(timestamp_column="t", series_column="id"))
    (source,) = reader.sources(str(path))
    job = Job(reader, ("x",), PreprocessingSettings(), "folder")
    (error,) = make_plan([count_source(job, 0, source)], job).errors
    assert f"{path} line 2: no series id" in error
