"""Parquet against the same table as csv, type by type."""

import datetime
import decimal
import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from preprocessing.readers import parquet as reader_module
from preprocessing.readers.base import BadRow, Block, Extent, Source
from preprocessing.readers.csv import CsvReader, CsvSettings
from preprocessing.readers.detection.table_look import look_at_parquet
from preprocessing.readers.parquet import ParquetReader, ParquetSettings
from preprocessing.readers.tables.parquet_rows import RowBuilder
from preprocessing.readers.tables.table import Layout
from preprocessing.readers.times.ordering import SeriesOrder

DAY = datetime.datetime(2020, 10, 25)


def write(folder, columns, name="pump.parquet", **options):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pa.table(columns), path, **options)
    return path


def read(path, names=None, **options):
    reader = ParquetReader(ParquetSettings(**options))
    (source,) = reader.sources(str(path))
    names = names or reader.feature_names(source)
    items = list(reader.read(source, names))
    blocks = [item for item in items if isinstance(item, Block)]
    return names, blocks, [item for item in items if isinstance(item, BadRow)]


def values_of(blocks):
    return np.concatenate([block.values for block in blocks])


@pytest.mark.parametrize(
    "column",
    [
        pa.array([1, None, 3], pa.int8()),
        pa.array([1, None, 3], pa.uint64()),
        pa.array([True, None, False]),
        pa.array([decimal.Decimal("1.25"), None, decimal.Decimal("-2")]),
        pa.array([np.float16(1.5), None, np.float16(-2)], pa.float16()),
        pa.array([1.5, None, float("nan")], pa.float32()),
        pa.array([7, None, 8]).dictionary_encode(),
        pa.nulls(3),
    ],
    ids=lambda column: str(column.type),
)
def test_numbers_of_every_type(tmp_path, column):
    """Catches a null read as 0, and a type that is refused."""
    path = write(tmp_path, {"x": [1.0, 2.0, 3.0], "y": column})
    names, blocks, bad = read(path)
    assert names == ("x", "y") and not bad
    plain = column.to_pylist()
    expected = [np.nan if cell is None else float(cell) for cell in plain]
    np.testing.assert_array_equal(values_of(blocks)[:, 1], expected)
    assert {block.series_id for block in blocks} == {"pump"}


@pytest.mark.parametrize(
    ("column", "options"),
    [
        (pa.array([DAY, None], pa.timestamp("s")), {}),
        (pa.array([DAY, None], pa.timestamp("ns")), {}),
        (pa.array([DAY, None], pa.timestamp("us", "Asia/Tokyo")), {}),
        (pa.array([DAY.date(), None], pa.date32()), {}),
        (pa.array([DAY.date(), None], pa.date64()), {}),
        (pa.array([1603584000, None]), {}),
        (pa.array([1603584000000.0, None]), {}),
        (pa.array([1603584000000000000, None]), {}),
        (pa.array([1603584000, None]), {"timestamp_unit": "s"}),
        (pa.array(["2020-10-25", None]), {}),
        (pa.array(["2020-10-25T01:00+01:00", ""]).dictionary_encode(), {}),
        (pa.array(["25/10/2020", None]), {"timestamp_format": "%d/%m/%Y"}),
        (pa.array([DAY, None]), {"time_zone": "Europe/Lisbon"}),
        (pa.array(["2020-10-25", None]), {"time_zone": "Europe/Lisbon"}),
    ],
    ids=str,
)
def test_times_of_every_type(tmp_path, column, options):
    """Catches a unit or a zone left out, and a null read as 1970."""
    path = write(tmp_path, {"t": column, "x": [1.0, 2.0]})
    _, blocks, bad = read(path, timestamp_column="t", **options)
    # Midnight of Lisbon in its summer time is an hour before UTC's.
    shift = 3600 if options.get("time_zone") else 0
    expected = int(DAY.replace(tzinfo=datetime.UTC).timestamp()) - shift
    (block,) = blocks
    assert block.timestamps.tolist() == [expected * 1_000_000]
    assert [(row.line, row.reason) for row in bad] == [(2, "no timestamp")]


def test_nanoseconds_are_exact(tmp_path):
    """Catches whole numbers that went through float64."""
    times = [1_700_000_000_000_000_000 + 1500 * row for row in range(9)]
    path = write(tmp_path, {"t": times, "x": [1.0] * 9})
    _, (block,), _ = read(path, timestamp_column="t")
    expected = [(time + 500) // 1000 for time in times]
    assert block.timestamps.tolist() == expected


@st.composite
def tables(draw):
    """Columns of a table with some cells that are refused."""
    num_rows = draw(st.integers(1, 25))
    times = draw(
        st.lists(
            st.sampled_from([None, *range(-1, 9)]),
            min_size=num_rows,
            max_size=num_rows,
        )
    )
    columns = {
        "x": [1.5, None, float("inf"), -2.0, 3.25],
        "t": times if draw(st.booleans()) else list(range(num_rows)),
        "id": ["a", "b", "a", None, "", "NA"],
        "bad": [0, 1, None, 2, 1],
    }
    kept = ["x"] + [n for n in ("t", "id", "bad") if draw(st.booleans())]
    picked = {}
    for name in kept:
        cells = columns[name]
        picked[name] = (
            cells
            if name == "t"
            else [draw(st.sampled_from(cells)) for _ in range(num_rows)]
        )
    if "t" in kept:
        picked["t"][0] = 0
    return picked


@given(columns=tables(), batch_rows=st.integers(1, 30))
@settings(max_examples=250, deadline=None, derandomize=True)
def test_equals_csv_for_any_table(tmp_path_factory, columns, batch_rows):
    """Catches any difference between the formats, batch by batch."""
    folder = tmp_path_factory.mktemp("same")
    kinds = {"x": pa.float64(), "t": pa.int64(), "id": pa.string()}
    arrays = {
        name: pa.array(cells, kinds.get(name, pa.int64()))
        for name, cells in columns.items()
    }
    write(folder, arrays, "p/pump.parquet", row_group_size=7)
    cells = [
        ["" if cell is None else str(cell) for cell in column]
        for column in columns.values()
    ]
    # A blank line is no row: quotes keep a row of one empty cell.
    lines = [",".join(row) or '""' for row in zip(*cells, strict=True)]
    (folder / "pump.csv").write_text("\n".join([",".join(columns), *lines]))
    flags = {"t": "timestamp_column", "id": "series_column"}
    flags["bad"] = "label_column"
    options = {flags[name]: name for name in columns if name in flags}
    found = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reader_module, "_BATCH_BYTES", 64 * batch_rows)
        for reader, path in (
            (ParquetReader(ParquetSettings(**options)), folder / "p"),
            (CsvReader(CsvSettings(**options)), folder / "pump.csv"),
        ):
            (source,) = reader.sources(str(path))
            items = list(reader.read(source, ("x",)))
            extents = reader.extents(source, ("x",))
            found.append(by_series(items, first=path.suffix == ".csv"))
            num_rows = {
                name: one.num_rows
                for name, one in extents.items()
                if "id" in columns or "t" not in columns
            }
            placed = {name: len(rows) for name, rows in found[-1][0].items()}
            assert not num_rows or num_rows == placed
    assert found[0] == found[1]


def by_series(items, first):
    """Rows of each series, and what was refused where, whatever the words."""
    rows, bad = {}, []
    for item in items:
        if isinstance(item, BadRow):
            bad.append((item.line - first, item.has_place))
            continue
        cells = rows.setdefault(item.series_id, [])
        for row in range(len(item.values)):
            cells.append(
                (
                    repr(item.values[row].tolist()),
                    None if item.labels is None else int(item.labels[row]),
                    None
                    if item.timestamps is None
                    else int(item.timestamps[row]),
                )
            )
    return rows, bad


def test_part_files_go_on(tmp_path):
    """Catches the marks of Spark read as tables, and ids by file name."""
    for part in range(2):
        columns = {"id": [3, 4], "t": [part, part], "x": [1.0, part]}
        write(tmp_path / "day=1", columns, f"part-0000{part}.snappy.parquet")
    (tmp_path / "_SUCCESS").write_bytes(b"")
    reader = ParquetReader(
        ParquetSettings(series_column="id", timestamp_column="t")
    )
    sources = reader.sources(str(tmp_path))
    assert len(sources) == 2
    extent = Extent(1, (1_000_000, 1_000_000), first_times=(1_000_000,))
    assert reader.extents(sources[1], ("x",)) == {"3": extent, "4": extent}


@pytest.mark.parametrize(
    ("columns", "options", "message"),
    [
        ({"x": [1], "s": ["a"]}, {}, r"s \(string\).*--ignored_columns=s\."),
        ({"x": [1], "l": [[1]]}, {}, r"l \(list.*--ignored_columns=l"),
        ({"x": [1], "t": [DAY]}, {}, r"t \(timestamp.*--timestamp_column"),
        ({"x": pa.array([], pa.int8())}, {}, "holds 0 rows"),
        ({}, {}, "0 columns"),
        ({"x": [1]}, {"label_column": "x"}, "no column of values left"),
        ({"x": [1]}, {"label_column": "y"}, "label_column=y"),
        ({"x": [1], "s": [b"a"]}, {"series_column": "s"}, "Series ids must"),
        ({"x": [1], "s": ["a"]}, {"label_column": "s"}, "Labels must be"),
        ({"x": [1], "s": [True]}, {"timestamp_column": "s"}, "Times must be"),
        (
            {"x": [1], "s": ["1/2/2017"]},
            {"timestamp_column": "s"},
            "1/2/2017.*--timestamp_format",
        ),
    ],
)
def test_tables_that_cannot_be_used(tmp_path, columns, options, message):
    """Catches a traceback of pyarrow, or a column dropped in silence."""
    path = write(tmp_path, columns)
    with pytest.raises(ValueError, match=message):
        read(path, **options)


@pytest.mark.parametrize("size", [0, 3, 100, -1])
def test_truncated_files_are_named(tmp_path, size):
    """Catches half a table taken for a whole one."""
    path = write(tmp_path, {"x": np.arange(1000.0)})
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(ValueError, match=r"must be whole.*pump\.parquet"):
        read(path)


def test_a_file_with_other_columns_is_named(tmp_path):
    """Catches values taken by position where names differ."""
    path = write(tmp_path, {"y": [2.0], "x": [1.0]})
    assert values_of(read(path, ("x", "y"))[1]).tolist() == [[1, 2]]
    with pytest.raises(ValueError, match="same columns.*pump.parquet"):
        read(path, ("x", "z"))


@pytest.mark.parametrize(
    "time",
    [
        pa.array([0, 2**50], pa.timestamp("s")),
        pa.array([0, 2**61], pa.timestamp("ms", "Asia/Tokyo")),
        pa.array([0, 2**30], pa.date32()),
        pa.array([0, 2**60], pa.date64()),
    ],
    ids=lambda column: str(column.type),
)
def test_a_far_date_is_refused_and_written_down(tmp_path, time):
    """Catches a crash where a time is beyond the calendar of Python."""
    path = write(tmp_path, {"x": [1.0, 2.5], "t": time})
    _, (block,), (bad,) = read(path, timestamp_column="t")
    assert bad.line == 2 and block.values.tolist() == [[1.0]]
    assert bad.text.startswith("2.5,") and json.loads(bad.letter())
    rows = look_at_parquet(str(path)).rows
    assert [row[0] for row in rows] == ["1.0", "2.5"]
    assert rows[0][1].startswith("1970-01-01") and rows[1][1]


def test_labels_are_refused_as_in_csv(tmp_path):
    """Catches -1 taken for unknown, and a reason in NumPy's words."""
    path = write(tmp_path, {"x": [1.0, 2.0, 3.0], "bad": [2.0, -1.0, None]})
    _, (block,), bad = read(path, label_column="bad")
    assert block.labels.tolist() == [-1, -1, -1]
    assert [row.reason for row in bad] == [
        "a label is 0, 1 or empty: '2'",
        "a label is 0, 1 or empty: '-1'",
    ]


def test_ids_beyond_the_dictionary_are_damage():
    """Catches an IndexError, or the rows of another series."""
    ids = pa.DictionaryArray.from_arrays(
        pa.array([0, 5]), pa.array(["a", "b"]), safe=False
    )
    batch = pa.RecordBatch.from_arrays([pa.array([1.0, 2.0]), ids], ["x", "i"])
    layout = Layout(2, "", (0,), series=1, names=("x", "i"))
    builder = RowBuilder(Source("a.parquet"), layout, SeriesOrder({}))
    with pytest.raises(pa.ArrowInvalid, match="out of bounds"):
        list(builder.add(batch))


def test_unnamed_columns(tmp_path):
    """Catches advice for text files, and a column no flag can leave out."""
    path = write(tmp_path, {"": ["a", "b"], "x": [1.0, 2.0]})
    with pytest.raises(ValueError, match="--ignored_columns=0") as caught:
        read(path)
    assert "--header" not in str(caught.value)
    names, blocks, _ = read(path, ignored_columns=("0",))
    assert names == ("x",) and values_of(blocks)[:, 0].tolist() == [1, 2]
    path = write(tmp_path, {"": [1, 2], "x": [1.0, 2.0]})
    _, (block,), _ = read(path, timestamp_column="0")
    assert block.timestamps.tolist() == [1_000_000, 2_000_000]
