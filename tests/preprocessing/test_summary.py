"""The summary that the pipeline leaves for its driver."""

import dataclasses

import numpy as np
import pytest

from preprocessing.counting import Job, SourceCount
from preprocessing.plan import make_plan
from preprocessing.readers.csv import CsvReader, CsvSettings
from preprocessing.settings import PreprocessingSettings
from preprocessing.shards import GroupResult
from preprocessing.summary import Summary, make_schema, summarize
from trainer.schema import Split
from trainer.statistics.columns import ColumnStatistics


@pytest.fixture
def job():
    settings = PreprocessingSettings(max_window_length=10)
    return Job(CsvReader(CsvSettings()), ("x", "y"), settings, "folder")


def _results(job):
    generator = np.random.default_rng(1)
    return [
        GroupResult(
            index,
            _plan(job).without_series(),
            {"train": Split(rows=50, unknown=50, shards=(f"{index}",))},
            {"train": frozenset(["a", f"b{index}"])},
            ColumnStatistics.from_batch(generator.normal(size=(50, 2))),
            num_good=50,
            num_bad=index,
            first_bad=f"file {index}",
        )
        for index in range(2)
    ]


def _plan(job):
    counts = [SourceCount(index, rows={"a": 50}) for index in range(2)]
    return make_plan(counts, job)


def test_summary_survives_json_and_any_order(job):
    """Catches results that depend on which worker was first."""
    results = _results(job)
    summary = summarize(results, job)
    other = summarize(results[::-1], job)
    back = Summary.from_json(other.to_json())
    for field in dataclasses.fields(ColumnStatistics):
        np.testing.assert_array_equal(
            getattr(back.statistics, field.name),
            getattr(summary.statistics, field.name),
        )
    empty = ColumnStatistics.empty(2)
    assert dataclasses.replace(back, statistics=empty) == dataclasses.replace(
        summary, statistics=empty
    )
    assert summary.splits["train"].series == 3
    assert summary.splits["train"].shards == ("0", "1")
    assert summary.first_bad == "file 1"


def test_schema_of_an_empty_column_has_no_infinity(job):
    """Catches `Infinity` in schema.json, which is not JSON."""
    summary = summarize(_results(job), job)
    statistics = ColumnStatistics.from_batch(
        np.array([[1, np.nan], [2, np.nan]])
    )
    summary = dataclasses.replace(summary, statistics=statistics)
    with pytest.raises(ValueError, match="--ignored_columns=y"):
        make_schema(summary, job, {}, "")
    settings = dataclasses.replace(job.settings, roles=("y=ignored",))
    ignoring = dataclasses.replace(job, settings=settings)
    schema = make_schema(summary, ignoring, {}, "")
    assert "Infinity" not in schema.to_json()


def test_a_continued_series_has_one_plan(job):
    """Catches borders and offsets of each file for itself."""
    plan = _plan(job)
    assert plan.offsets == {(0, "a"): 0, (1, "a"): 50}
    stops = [part.stop for part in plan.parts["", "a"]]
    assert stops[-1] == 100


def test_constant_scored_columns_are_taken(job):
    """Catches a column refused whose first move is the anomaly."""
    summary = summarize(_results(job), job)
    values = np.stack([np.full(20, 7.5), np.arange(20) % 2], axis=1)
    summary = dataclasses.replace(
        summary, statistics=ColumnStatistics.from_batch(values)
    )
    roles = [f.role for f in make_schema(summary, job, {}, "").features]
    assert roles == ["scored", "covariate"]
    settings = dataclasses.replace(job.settings, roles=("y=scored",))
    scoring = dataclasses.replace(job, settings=settings)
    roles = [f.role for f in make_schema(summary, scoring, {}, "").features]
    assert roles == ["scored", "scored"]
