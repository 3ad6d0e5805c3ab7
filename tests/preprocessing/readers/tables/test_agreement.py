"""Lines read at once and one by one: the same rows, the same refusals."""

import tempfile
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from odd_tables import FORMAT, TIMES, tables

from preprocessing.readers import csv as csv_module
from preprocessing.readers.base import BadRow
from preprocessing.readers.csv import CsvReader, CsvSettings


def read(path, options):
    """Rows and refusals in a form that blocks do not show in."""
    reader = CsvReader(CsvSettings(**options))
    (source,) = reader.sources(str(path))
    rows, letters = {}, []
    for item in reader.read(source, reader.feature_names(source)):
        if isinstance(item, BadRow):
            letters.append((item.line, item.reason, item.text, item.has_place))
            continue
        series = rows.setdefault(item.series_id, [])
        for row in range(len(item.values)):
            series.append(
                (
                    repr(item.values[row].tolist()),
                    None if item.labels is None else int(item.labels[row]),
                    None
                    if item.timestamps is None
                    else int(item.timestamps[row]),
                )
            )
    extents = reader.extents(source, ("x", "y"))
    return rows, letters, {name: one.num_rows for name, one in extents.items()}


NAMED = {"timestamp_column": "t", "series_column": "id"}


@example((["x,y,id", "1,2,a", '1,2,"b'], {"series_column": "id"}), 1)
@example((["x,y,id", '1,2,"a', 'b"', "3,4,a"], {"series_column": "id"}), 1000)
@example(
    (
        [
            "x,y,t,id",
            "1,2,1700000000000000000,a",
            "3,4,0x17979CFE362A1000,a",
        ],
        NAMED,
    ),
    1000,
)
@given(table=tables(), piece_bytes=st.sampled_from([1, 40, 1 << 18]))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_fast_and_slow_agree_on_any_table(table, piece_bytes):
    """Catches a cell that one way takes and the other one refuses."""
    lines, options = table
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pump.csv"
        path.write_text("\n".join(lines), encoding="utf-8", newline="")
        with mock.patch(
            "preprocessing.readers.text.pieces._PIECE_BYTES", piece_bytes
        ):
            usual = read(path, options)
        with mock.patch.object(
            csv_module, "parse_fast", side_effect=ValueError("slow")
        ):
            slow = read(path, options)
    assert usual == slow
    rows, letters, extents = usual
    placed = {name: len(series) for name, series in rows.items()}
    if "series_column" in options or "timestamp_column" not in options:
        assert extents == placed
    num_lines = sum(1 for line in lines[1:] if line.strip(" \t"))
    lost = sum(not has_place for *_, has_place in letters)
    assert sum(placed.values()) + lost == num_lines


@pytest.mark.parametrize("kind", [name for name in TIMES if name != "unix"])
def test_plain_times_take_the_fast_way(tmp_path, kind, monkeypatch):
    """Catches a kind of time that is always read line by line."""
    times = {
        "millis": [1700000000000 + 500 * row for row in range(50)],
        "nanos": [1700000000000000000 + 1500 * row for row in range(50)],
        "naive": [f"2020-01-01T00:{row:02d}:00.5" for row in range(50)],
        "zoned": [f"2020-01-01 00:{row:02d}:00+02:00" for row in range(50)],
        "fine": [f"2020-01-01T00:{row:02d}:00.123456789" for row in range(50)],
        "format": [f"01/02/2017 00:{row:02d}:00" for row in range(50)],
    }[kind]
    path = tmp_path / "pump.csv"
    path.write_text("t,x\n" + "".join(f"{time},1\n" for time in times))
    monkeypatch.setattr(csv_module, "parse_lines", None)
    reader = CsvReader(
        CsvSettings(
            timestamp_column="t",
            time_zone="Europe/Berlin",
            timestamp_format=FORMAT if kind == "format" else "",
        )
    )
    (source,) = reader.sources(str(path))
    (block,) = reader.read(source, ("x",))
    step = {"millis": 500_000, "nanos": 1.5}.get(kind, 60_000_000)
    expected = np.floor(np.arange(50) * step + 0.5)
    np.testing.assert_array_equal(
        block.timestamps - block.timestamps[0], expected
    )
