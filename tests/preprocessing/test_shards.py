"""Files in, windows out: the edges of files leave no trace."""

import collections
import tempfile

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from preprocessing import task
from preprocessing.counting import Job, count_source
from preprocessing.plan import make_plan
from preprocessing.readers.csv import CsvReader, CsvSettings
from preprocessing.settings import PreprocessingSettings
from preprocessing.shards import write_group
from preprocessing.summary import make_schema, summarize
from trainer import dataset

HALO = 8


def _write_data_set(folder, tables, *, has_time):
    """Writes one file for each list of lines, then the data set, no Beam."""
    header = ["time,id,x"] if has_time else ["id,x"]
    for number, lines in enumerate(tables):
        with open(f"{folder}/{number:02d}.csv", "w") as file:
            file.write("\n".join(header + lines))
    reader = CsvReader(
        CsvSettings(
            series_column="id", timestamp_column="time" if has_time else ""
        )
    )
    sources = reader.sources(f"{folder}/*.csv")
    names = reader.feature_names(sources[0])
    job = Job(
        reader,
        names,
        PreprocessingSettings(max_window_length=HALO, split_gap_rows=2),
        folder,
    )
    counts = [count_source(job, *each) for each in enumerate(sources)]
    plan = make_plan(counts, job)
    assert not plan.errors
    # Two files a group: a group must not join what its files do not.
    numbered = list(enumerate(sources))
    groups = [
        (number, numbered[number : number + 2])
        for number in range(0, len(sources), 2)
    ]
    results = [write_group(job, *each) for each in plan.for_groups(groups)]
    summary = summarize(results, job)
    assert not summary.errors
    return plan, make_schema(summary, job, {}, "")


@pytest.fixture(autouse=True, scope="module")
def _small_segments():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("preprocessing.shards._SEGMENT_BYTES", 50)
        patch.setattr("preprocessing.shards._SEGMENT_HALOS", 1)
        yield


@settings(deadline=None, max_examples=20)
@given(
    cuts=st.sets(st.integers(1, 119), max_size=4),
    holes=st.sets(st.integers(10, 119), max_size=3),
    has_time=st.booleans(),
    length=st.integers(1, HALO),
    num_shared=st.integers(0, 2),
    pending_bytes=st.sampled_from([1, 1 << 26]),
)
@example(
    cuts={40, 41},
    holes={40},
    has_time=True,
    length=2,
    num_shared=0,
    pending_bytes=1,
)
@example(
    cuts={3, 40},
    holes=set(),
    has_time=True,
    length=HALO,
    num_shared=1,
    pending_bytes=1,
)
# Windows of one row: no row is in two splits.
@example(
    cuts={7, 90},
    holes={50},
    has_time=False,
    length=1,
    num_shared=0,
    pending_bytes=1,
)
def test_windows_equal_those_of_the_whole_series(
    cuts, holes, has_time, length, num_shared, pending_bytes
):
    """Catches windows lost at file edges, and windows over gaps there.

    Files repeat the last rows of the file before. The two series have periods of 1 and 60 seconds: a step of the slow one
    is a gap to whoever takes the median of both.
    """
    rows, tables, runs = 120, [], {}
    bounds = [0, *sorted(cuts), rows]
    edges = holes if has_time else ()
    for series_id, offset, period in (("a", 0, 1), ("b", 1000, 60)):
        steps = np.full(rows, period)
        steps[[*holes]] = 6 * period
        runs[series_id] = offset, np.cumsum(steps)
    for begin, end in zip(bounds, bounds[1:], strict=False):
        tables.append(
            [
                f"{times[row]}," * has_time + f"{name},{offset + row}"
                for row in range(max(begin - num_shared * has_time, 0), end)
                for name, (offset, times) in runs.items()
            ]
        )
    with (
        tempfile.TemporaryDirectory() as folder,
        pytest.MonkeyPatch.context() as patch,
    ):
        # Two series share what may wait in memory.
        patch.setattr("preprocessing.shards._PENDING_BYTES", pending_bytes)
        plan, schema = _write_data_set(folder, tables, has_time=has_time)
        expected = collections.Counter(
            (part.split, offset + begin)
            for name, (offset, _) in runs.items()
            for part in plan.parts["", name]
            for begin in range(part.start, part.stop - length + 1)
            if not any(begin < edge < begin + length for edge in edges)
        )
        found = collections.Counter()
        for split in schema.splits:
            windows = dataset.load_windows(folder, schema, split, length)
            values = windows.values[:, 0].astype(int)
            for start in windows.starts:
                window = values[start : start + length]
                assert (np.diff(window) == 1).all()
                found[split, int(window[0])] += 1
        assert found == expected


@pytest.mark.parametrize("num_bad", [0, 1])
def test_shared_rows_are_not_lost(tmp_path, num_bad, capsys):
    """Catches hourly files refused for the row that each two share."""
    for hour in range(60):
        lines = [f"{hour * 9 + row},a,{row * hour % 7}" for row in range(10)]
        if hour == 30 and num_bad:
            lines[4] = f"{hour * 9 + 4},a,text"
        path = tmp_path / "in" / f"{hour:02d}.csv"
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n".join(["t,id,x", *lines]))
    command = [f"--input={tmp_path / 'in'}", f"--output={tmp_path / 'out'}"]
    command += ["--format=csv", "--timestamp_column=t", "--series_column=id"]
    found = task.main([*command, "--max_bad_fraction=0.001"])
    assert found == (2 if num_bad else 0)
    if num_bad:
        message = capsys.readouterr().err
        assert "Received: 1 of 600; the first is" in message
        assert "30.csv line 6: not a number" in message
    else:
        text = (tmp_path / "out" / "dead_letters.jsonl").read_text()
        assert text.count("\n") == 59
