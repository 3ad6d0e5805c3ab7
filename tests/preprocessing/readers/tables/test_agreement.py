"""Lines read at once and one by one: the same rows, the same refusals."""

import tempfile
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from preprocessing.readers import csv as csv_module
from preprocessing.readers.base import BadRow
from preprocessing.readers.csv import CsvReader, CsvSettings

VALUES = [
    *("1", "-2.5", " 3 ", "+4", ".5", "6.", "7e3", "1e-400", '"8"', "\t9"),
    *("", "nan", "NaN", "nAn", "NULL", "N/A", "<NA>", "-nan(ind)", "nan()"),
    *("1e400", "-inf", "0x1F", "1_0", "1,5", '"1"2', '"1', "one", "1\x00"),
    *("１", "1\xa0", "--1", "nan(", "+nan", "1d5"),
]
LABELS = ["0", "1", "", "1.0", "nan", "2", "-1", "yes", "1e0"]
IDS = ["a", "b", "", "NA", '"a"', "a ", "ä", '"b', "a\x00"]
TIMES = {
    "unix": ["0", "1.5", "2", "3e0", "-4", "0x10", "", "nan", "1e30", "x"],
    "millis": ["1700000000000", "1700000000000.5", "1700000000001", "1e12"],
    "nanos": [
        *("1700000000000000000", "1700000000000001500", "0x17979CFE362A1000"),
        *("1.7e18", "17000000000000000001", "1700000000000000499", "-5"),
    ],
    "naive": [
        *("2020-01-01", "2020-01-01T01", "2020-01-01 02:00:00.5"),
        *("2020-03-29 02:30:00", "2020-10-25 02:30:00", "2020-10-25T02:30"),
        *("2020-10-25T03:30", "2020-01-01T00:00Z", "0000-01-01", "20200101"),
        *("2020-01-01 24:00:00", "9999-12-31T23:59:59.999999", "1900-01-01"),
        *("2020-06-01T00:00:00.123456", "2020-06-01T00:00:00.1234567", ""),
    ],
    "zoned": [
        *("2020-01-01T00:00Z", "2020-01-01T02:00:00+01:00", "2020-01-01"),
        *("2020-01-01T03:00:00.25-0330", "2020-01-01 05:00+23:59"),
        *("0001-01-01T00:00+05:00", "2020-01-02T00:00:00 Z"),
    ],
    "fine": [
        *("2020-01-01T00:00:00.123456789", "2020-01-01T00:00:01"),
        *("1969-12-31T23:59:59.999999999", "1600-01-01T00:00:00.1234567"),
    ],
    "format": [
        *("01/02/2017 00:00:00", "1/2/2017 0:00:01", "31/12/2019 23:59:59"),
        *("31/02/2017 00:00:00", "29/03/2020 02:30:00", "25/10/2020 02:30:00"),
        *("01-02-2017 00:00:00", "01/02/2017 00:00:60", "２1/02/2017 00:00:00"),
    ],
}
FORMAT = "%d/%m/%Y %H:%M:%S"


GOOD = {
    "": lambda row: "",
    "unix": lambda row: str(row * 7),
    "millis": lambda row: str(1700000000000 + row),
    "nanos": lambda row: str(1700000000000000000 + 700 * row),
    "naive": lambda row: f"2020-10-25 02:{row:02d}:00",
    "zoned": lambda row: f"2020-01-01T00:{row:02d}:00.5+01:00",
    "fine": lambda row: f"2020-01-01T00:{row:02d}:00.123456789",
    "format": lambda row: f"01/02/2017 00:{row:02d}:00",
}
COLUMNS = {"x": VALUES, "y": VALUES, "id": IDS, "bad": LABELS}


@st.composite
def tables(draw):
    """Lines, and the options they are read with; the first row is good.

    Most rows have one odd cell at most, or nearly all would be refused.
    """
    kind = draw(st.sampled_from(sorted(GOOD)))
    has_id, has_label = draw(st.booleans()), draw(st.booleans())
    names = ["x", "y"] + ["t"] * bool(kind) + ["id"] * has_id
    names += ["bad"] * has_label
    columns = COLUMNS | {"t": TIMES.get(kind, [])}
    lines = [",".join(names)]
    for row in range(draw(st.integers(1, 12))):
        cells = {"x": "1", "y": str(row), "t": GOOD[kind](row), "id": "a"}
        cells["bad"] = "0"
        if row:
            cells["id"] = draw(st.sampled_from("ab"))
            for odd in draw(st.lists(st.sampled_from(names), max_size=2)):
                cells[odd] = draw(st.sampled_from(columns[odd]))
        line = ",".join(cells[name] for name in names)
        lines.append(
            line + draw(st.sampled_from([""] * 5 + [",9"] * bool(row)))
        )
        lines += draw(st.sampled_from([[], [], [], [""], [" "]]))
    options = {"series_column": "id"} if has_id else {}
    options |= {"label_column": "bad"} if has_label else {}
    if kind:
        zone = draw(st.sampled_from(["UTC", "Europe/Berlin"]))
        options |= {"timestamp_column": "t", "time_zone": zone}
    if kind == "format":
        options["timestamp_format"] = FORMAT
    return lines, options


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
