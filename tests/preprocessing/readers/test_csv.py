"""The csv reader against the standard library, file by file."""

import csv
import datetime
import gzip
import json

import numpy as np
import pytest

from preprocessing.readers.base import BadRow, Block, Extent
from preprocessing.readers.csv import CsvReader, CsvSettings


def _read(path, names=None, **options):
    reader = CsvReader(CsvSettings(**options))
    (source,) = reader.sources(str(path))
    names = names or reader.feature_names(source)
    items = list(reader.read(source, names))
    blocks = [item for item in items if isinstance(item, Block)]
    return names, blocks, [item for item in items if isinstance(item, BadRow)]


def _values(blocks):
    return np.concatenate([block.values for block in blocks])


def _write(tmp_path, text, name="pump.csv"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("last", [True, False])
def test_numbers_missing_cells_and_line_ends(tmp_path, line_end, mark, last):
    """Catches a byte order mark in a name, CR in a cell, a lost last row."""
    rows = ["x,y", "1,2.5", ",-1e-3", "nan,NaN", "NA,null", "4 , 5"]
    text = line_end.join(rows) + (line_end if last else "")
    path = _write(tmp_path, mark + text.encode())
    names, blocks, bad = _read(path)
    assert names == ("x", "y") and not bad
    nan = np.nan
    expected = [[1, 2.5], [nan, -1e-3], [nan, nan], [nan, nan], [4, 5]]
    np.testing.assert_array_equal(_values(blocks), expected)
    assert {block.series_id for block in blocks} == {"pump"}


def test_many_chunks_equal_the_standard_library(tmp_path, monkeypatch):
    """Catches rows lost or joined where one chunk ends."""
    monkeypatch.setattr(
        "preprocessing.readers.text.pieces._FIRST_CHUNK_BYTES", 100
    )
    monkeypatch.setattr("preprocessing.readers.text.pieces._CHUNK_BYTES", 333)
    generator = np.random.default_rng(1)
    lines = ["a;b;c"] + [
        ";".join(f"{cell:.6g}" for cell in row)
        for row in generator.normal(size=(500, 3))
    ]
    path = _write(tmp_path, "\n".join(lines) + "\n")
    _, blocks, bad = _read(path, delimiter=";")
    with open(path) as file:
        naive = [
            [float(cell) for cell in row]
            for row in list(csv.reader(file, delimiter=";"))[1:]
        ]
    assert len(blocks) > 5 and not bad
    np.testing.assert_array_equal(_values(blocks), naive)


def test_bad_rows_keep_their_place_and_line(tmp_path, monkeypatch):
    """Catches good rows lost beside bad ones, and wrong line numbers."""
    monkeypatch.setattr("preprocessing.readers.text.pieces._PIECE_BYTES", 20)
    lines = ["x,y"] + [f"{row},{row}" for row in range(50)]
    lines[3] = "2"
    lines[11] = "10,ten"
    lines[21] = "20,20,20"
    lines[31] = "30,inf"
    lines[41] = "1_0,1"
    path = _write(tmp_path, "\n".join(lines))
    _, blocks, bad = _read(path)
    assert [row.line for row in bad] == [4, 12, 22, 32, 42]
    assert bad[0].reason == "1 fields, expected 2" and bad[0].text == "2"
    assert "'ten'" in bad[1].reason and "finite" in bad[3].reason
    expected = np.repeat(np.arange(50.0)[:, None], 2, axis=1)
    expected[[2, 10, 20, 30, 40]] = np.nan
    np.testing.assert_array_equal(_values(blocks), expected)


@pytest.mark.parametrize("first", ["1,2", "1.5,-2e3", "0,0"])
def test_a_first_line_of_numbers_is_no_header(tmp_path, first):
    """Catches a row of values lost as names; other headers pass."""
    path = _write(tmp_path, f"{first}\n3,4\n")
    with pytest.raises(ValueError, match=r"pump\.csv.*--header=false"):
        _read(path)
    names, blocks, _ = _read(path, header=False)
    assert names == ("feature_0", "feature_1") and len(_values(blocks)) == 2
    assert _read(_write(tmp_path, "1,x\n3,4\n"))[0] == ("1", "x")
    assert _read(_write(tmp_path, "nan,1\n3,4\n"))[0] == ("nan", "1")


def test_a_refused_cell_names_its_column(tmp_path):
    """Catches the name of another column, or none, for values and labels."""
    path = _write(tmp_path, "x,is_bad,y\n1,0,2\n1,0,two\n1,no,2\n")
    _, _, bad = _read(path, label_column="is_bad")
    assert [row.reason for row in bad] == [
        "not a number: 'two' in column y",
        "not a number: 'no' in column is_bad",
    ]


def test_labels(tmp_path):
    """Catches an unknown label read as normal, and a label of 2."""
    text = "x,is_anomaly\n1,0\n2,1\n3,\n4,2\n5,1.0\n6,-1\n"
    names, blocks, bad = _read(
        _write(tmp_path, text), label_column="is_anomaly"
    )
    assert names == ("x",)
    labels = np.concatenate([block.labels for block in blocks])
    assert labels.tolist() == [0, 1, -1, -1, 1, -1]
    assert [row.line for row in bad] == [5, 7]
    assert (
        bad[1].reason == "a label is 0, 1 or empty: '-1' in column is_anomaly"
    )


def test_labels_of_pandas(tmp_path, monkeypatch):
    """Catches True and False refused, or read line by line."""
    monkeypatch.setattr("preprocessing.readers.csv.parse_lines", None)
    path = _write(tmp_path, "x,bad\n1,True\n2,FALSE\n3,\n4,true\n5,1.0\n")
    _, (block,), _ = _read(path, label_column="bad")
    assert block.labels.tolist() == [1, 0, -1, 1, 1]


@pytest.mark.parametrize("column", ["machine", "1", "-2"])
def test_interleaved_series_without_header_or_with(tmp_path, column):
    """Catches rows of one series in another, and names against numbers."""
    lines = [f"{row},{'ab'[row % 3 == 0]},{row * 2}" for row in range(30)]
    header = ["x,machine,y"] if column == "machine" else []
    path = _write(tmp_path, "\n".join(header + lines))
    names, blocks, bad = _read(path, header=bool(header), series_column=column)
    assert len(names) == 2 and not bad
    found = {block.series_id: block.values[:, 0].tolist() for block in blocks}
    assert found == {
        "b": [row for row in range(30) if row % 3 == 0],
        "a": [row for row in range(30) if row % 3],
    }
    reader = CsvReader(CsvSettings(header=bool(header), series_column=column))
    (source,) = reader.sources(str(path))
    extents = reader.extents(source, names)
    counted = {series_id: one.num_rows for series_id, one in extents.items()}
    assert counted == {"b": 10, "a": 20}


@pytest.mark.parametrize(
    ("texts", "first"),
    [
        (["2020-01-01 00:00:00", "2020-01-01 00:00:01.5"], "2020-01-01"),
        (["2020-01-01T00:00:00", "2020-01-01T00:00:01.5"], "2020-01-01"),
        (["2020-01-01T01:00+01:00", "2020-01-01T00:00:01.5Z"], "2020-01-01"),
        (["0", "1.5"], "1970-01-01"),
    ],
)
@pytest.mark.parametrize("spoiled", [False, True])
def test_timestamps(tmp_path, texts, first, spoiled):
    """Catches seconds read as microseconds, and zones left out."""
    lines = [f"{text},1" for text in texts] + (["x,1"] if spoiled else [])
    path = _write(tmp_path, "\n".join(["time,x", *lines]))
    _, blocks, bad = _read(path, timestamp_column="time")
    start = datetime.datetime.fromisoformat(first)
    start = start.replace(tzinfo=datetime.UTC).timestamp() * 1e6
    times = np.concatenate([block.timestamps for block in blocks])
    assert times.tolist() == [start, start + 1.5e6]
    assert len(bad) == spoiled


def test_time_that_repeats_or_goes_back_is_refused(tmp_path):
    """Catches a check within chunks only, or across series."""
    rows = ["0,a,1", "0,b,2", "1,a,3", "1,a,4", "0,a,5", "2,a,6", "1,b,7"]
    path = _write(tmp_path, "\n".join(["t,id,x", *rows]))
    _, blocks, bad = _read(path, timestamp_column="t", series_column="id")
    assert [(row.line, row.reason.split(":")[0]) for row in bad] == [
        (5, "repeated timestamp"),
        (6, "time goes back"),
    ]
    found = {block.series_id: block.values[:, 0].tolist() for block in blocks}
    assert found == {"a": [1, 3, 6], "b": [2, 7]}


def test_columns_in_another_order_are_found_by_name(tmp_path):
    """Catches values taken by position when the header says otherwise."""
    _write(tmp_path, "kind,x,y\nok,1,2\n", "a.csv")
    path = _write(tmp_path, "y,kind,x\n2,bad,1\n", "b.csv")
    _, blocks, _ = _read(path, ("x", "y"), ignored_columns=("kind",))
    assert _values(blocks).tolist() == [[1, 2]]
    with pytest.raises(ValueError, match="same columns.*b.csv.*leave the file"):
        _read(path, ("x", "z"), ignored_columns=("kind",))


def test_blank_lines_and_quotes(tmp_path):
    """Catches blank lines taken for rows, and delimiters within quotes."""
    text = '"x, in bar","y"\n\n"1","2"\n\n3,4\n\n'
    names, blocks, bad = _read(_write(tmp_path, text))
    assert names == ("x, in bar", "y") and not bad
    assert _values(blocks).tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("", {}, "pump.csv` is empty"),
        ("\n\n", {}, "pump.csv` is empty"),
        ("x,y\n", {}, "a header and no rows"),
        ("x,x\n1,2\n", {}, "names must differ. Received: x .*Rename them"),
        (",x\n1,2\n", {}, "must have a name. Received none for position 0"),
        ('x,"y\nz"\n1,2\n', {}, "header must be one line that closes"),
        ("x\n1\n", {"label_column": "y"}, "label_column=y"),
        ("x\n1\n", {"label_column": "5"}, "label_column=5; .*Choose one"),
        ("x\n1\n", {"label_column": "x"}, "no column of values"),
        ("x\n1\n", {"delimiter": "::"}, "one character.*Write a tab as"),
    ],
)
def test_files_that_cannot_be_used(tmp_path, text, options, message):
    """Catches a traceback, or silence, instead of the reason."""
    with pytest.raises(ValueError, match=message):
        _read(_write(tmp_path, text), **options)


def test_files_of_one_name_are_series_of_their_path(tmp_path):
    """Catches two machines joined to one series, or an id with a suffix."""
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        _write(tmp_path / folder, "id,x\n1,2\n")
    _write(tmp_path / "b", "id,x\n1,2\n", "valve.csv")

    def ids(**options):
        reader = CsvReader(CsvSettings(**options))
        return [source.name for source in reader.sources(str(tmp_path))]

    assert ids() == ["a/pump", "b/pump", "b/valve"]
    assert ids(series_column="id") == ["pump", "pump", "valve"]
    _write(tmp_path / "b", "id,x\n1,2\n", "pump.txt")
    assert ids() == ["a/pump", "b/pump.csv", "b/pump.txt", "b/valve"]


def test_extents_are_those_of_what_is_read(tmp_path):
    """Catches rows counted that reading refuses, and times of another one."""
    lines = ["t,id,x", "5,a,1", "7,b,1", "6,a,1", "6,a,2", "8,b,text", "9,a,1"]
    path = _write(tmp_path, "\n".join(lines))
    names, blocks, bad = _read(path, series_column="id", timestamp_column="t")
    assert [row.line for row in bad] == [5, 6]
    reader = CsvReader(CsvSettings(series_column="id", timestamp_column="t"))
    (source,) = reader.sources(str(path))
    assert reader.extents(source, names) == {
        "a": Extent(
            3,
            (5_000_000, 9_000_000),
            first_times=(5_000_000, 6_000_000, 9_000_000),
        ),
        "b": Extent(1, (7_000_000, 7_000_000), first_times=(7_000_000,)),
    }
    alone = CsvReader(CsvSettings(timestamp_column="t", ignored_columns="1"))
    assert alone.extents(source, names) == {"pump": Extent(6)}


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("t;x;y\n2020-01-01;1;2\n2020-01-02;3;4\n", ";"),
        ("x;y\n1,5;2,5\n3,5;4,5\n", ";"),
        ("x\ty\n1\t2\n", r"\\t"),
        ("x|y\n1|2\n", r"\|"),
        ("x y\n1 2\n", " "),
    ],
)
def test_the_delimiter_that_would_fit_is_named(tmp_path, text, delimiter):
    """Catches a dead letter for each row where one flag is wrong."""
    path = _write(tmp_path, text)
    with pytest.raises(ValueError, match=f"pump.csv.*--delimiter='{delimiter}"):
        _read(path)
    given = delimiter.replace("\\\\", "\\").replace(r"\|", "|")
    _, blocks, _ = _read(path, delimiter=given, ignored_columns=("0",))
    assert len(_values(blocks)) == text.count("\n") - 1


def test_one_column_needs_no_delimiter(tmp_path):
    """Catches a series of one value refused, as its rows have no commas."""
    names, blocks, bad = _read(_write(tmp_path, "x y\n1\n2 2\n3\n"))
    assert names == ("x y",) and [row.line for row in bad] == [3]
    assert len(_values(blocks)) == 3


def test_bytes_of_another_encoding(tmp_path):
    """Catches a header of replaced letters, and an id that was altered."""
    path = _write(tmp_path, "Öl,id\n1,ä\n".encode("latin-1"))
    with pytest.raises(
        ValueError, match="whose header is not utf-8. Say --enc"
    ):
        _read(path)
    names, blocks, bad = _read(path, encoding="latin-1", series_column="id")
    assert names == ("Öl",) and blocks[0].series_id == "ä" and not bad
    path = _write(tmp_path, "x,id\n1,ä\n2,a\n".encode("latin-1"))
    _, blocks, bad = _read(path, series_column="id")
    assert [block.series_id for block in blocks] == ["a"]
    assert bad[0].line == 2 and "--encoding" in bad[0].reason
    assert bad[0].text == r"1,\xe4" and json.loads(bad[0].letter())
    # A column that is not read makes no difference.
    _, blocks, bad = _read(path, ignored_columns=("id",))
    assert [row.line for row in bad] == [2] and len(_values(blocks)) == 2


@pytest.mark.parametrize(
    ("text", "bad_lines", "num_rows"),
    [
        ("x,y\n1,2\n3", [3], 2),
        ('x,y\n1,"2\n3,4\n', [2], 2),
        ('x,"a ""b"""\n1,2\n', [], 1),
        ("x,y\n0x1F,1\n1e400,1\n1,-1e400\n", [2, 3, 4], 3),
        ("x,y\n1,2\x00\n3,4\n", [2], 2),
        ("x,y\r1,2\r3,4", [], 2),
        ("x,y\r\n1,2\r3,4\n5,6", [], 3),
        ("x,y\n" + "1," + "9" * 200_000 + "\n", [2], 1),
        ('x,y\n1,"' + "5," * 100_000 + '"\n', [2], 1),
    ],
)
def test_rows_that_are_half_or_odd(tmp_path, text, bad_lines, num_rows):
    """Catches a truncated row, a quote or a NUL that takes others along."""
    _, blocks, bad = _read(_write(tmp_path, text))
    assert [row.line for row in bad] == bad_lines
    assert len(_values(blocks)) == num_rows


def test_packed_files_and_other_suffixes_are_read(tmp_path):
    """Catches a series that is named pump.csv, and packed bytes parsed."""
    path = _write(tmp_path, gzip.compress(b"x,y\n1,2\n"), "pump.csv.gz")
    names, blocks, _ = _read(path)
    assert names == ("x", "y") and blocks[0].series_id == "pump"
    path.write_bytes(path.read_bytes()[:-6])
    with pytest.raises(ValueError, match="must be whole.*pump.csv.gz"):
        _read(path)


@pytest.mark.parametrize("delimiter", ['"', "\n", "ä", "", ",,"])
def test_delimiters_that_cannot_be(delimiter):
    """Catches a delimiter that only pyarrow or only Python takes."""
    with pytest.raises(ValueError, match="must be one character"):
        CsvSettings(delimiter=delimiter)


def test_an_encoding_that_cannot_be():
    """Catches a wrong name that shows only when a file is read."""
    with pytest.raises(ValueError, match="`encoding` must be one that Python"):
        CsvSettings(encoding="utf-99")


def test_a_decimal_comma(tmp_path, monkeypatch):
    """Catches 20,5 refused, read as 205, or a time of whole seconds."""
    rows = ["t;x;bad", "0,5;20,5;0", "1,5;-3,25e1;1,0", "2;7;"]
    path = _write(tmp_path, "\n".join(rows))
    options = {"delimiter": ";", "timestamp_column": "t"}
    _, _, bad = _read(path, **options, ignored_columns=("bad",))
    assert len(bad) == 2
    options |= {"decimal": ",", "label_column": "bad"}
    for _ in range(2):
        _, blocks, bad = _read(path, **options)
        assert not bad
        assert _values(blocks)[:, 0].tolist() == [20.5, -32.5, 7]
        assert blocks[0].timestamps.tolist() == [500_000, 1_500_000, 2_000_000]
        assert blocks[0].labels.tolist() == [0, 1, -1]
        monkeypatch.setattr(
            "preprocessing.readers.csv._fast_blocks", lambda *_: None
        )


def test_a_point_is_no_decimal_comma(tmp_path):
    """Catches 1.500, which may be 1500, read as 1.5."""
    path = _write(tmp_path, "x;y\n1,5;1.500\n2,5;3\n")
    _, blocks, bad = _read(path, delimiter=";", decimal=",")
    assert [row.reason for row in bad] == ["not a number: '1.500' in column y"]
    assert _values(blocks)[1].tolist() == [2.5, 3]


def test_a_comma_names_the_flag_that_reads_it(tmp_path):
    """Catches a refused cell of a German spreadsheet with no way out."""
    path = _write(tmp_path, "x;y\n20,038;a\n2;1,2,3\n")
    _, _, bad = _read(path, delimiter=";", ignored_columns=("y",))
    assert bad[0].reason.endswith("decimal one, say --decimal=,")
    _, _, bad = _read(path, delimiter=";", ignored_columns=("x",))
    assert not any("--decimal" in row.reason for row in bad)


@pytest.mark.parametrize("options", [{}, {"delimiter": ",", "decimal": ","}])
def test_the_decimal_is_not_the_delimiter(options):
    """Catches 1,5 split into two cells without a word."""
    with pytest.raises(ValueError, match="`decimal` must differ"):
        CsvSettings(**({"decimal": ","} | options))


@pytest.mark.parametrize(
    ("rows", "num_rows", "num_bad"),
    [
        (["x", "1", "", "3", "", " ", "6", "", ""], 6, 0),
        (["x", "", "2", "", "x", ""], 4, 1),
        (["x", '"1"', "", "3"], 3, 0),
        (["x", "", "", "", "", "", "", "8"], 7, 0),
    ],
)
@pytest.mark.parametrize("header", [True, False])
@pytest.mark.parametrize("chunk_bytes", [2, 5, 1 << 20])
def test_a_blank_line_of_one_column_is_a_cell(
    tmp_path, monkeypatch, rows, num_rows, num_bad, header, chunk_bytes
):
    """Catches time compressed where one column has missing cells."""
    for name in ("_FIRST_CHUNK_BYTES", "_CHUNK_BYTES", "_PIECE_BYTES"):
        monkeypatch.setattr(
            f"preprocessing.readers.text.pieces.{name}", chunk_bytes
        )
    path = _write(tmp_path, "\n".join(rows[not header :]))
    ranges = _write(tmp_path, f"start,end\n{num_rows - 1},{num_rows - 1}", "r")
    names, blocks, bad = _read(path, header=header, label_ranges=str(ranges))
    expected = [
        float(cell.strip('"')) if cell.strip('" ').isdigit() else np.nan
        for cell in rows[1 : 1 + num_rows]
    ]
    np.testing.assert_array_equal(_values(blocks)[:, 0], expected)
    assert len(bad) == num_bad and all(row.has_place for row in bad)
    labels = np.concatenate([block.labels for block in blocks])
    assert labels.tolist()[:-1] == [0] * (num_rows - 1)
    reader = CsvReader(CsvSettings(header=header))
    (source,) = reader.sources(str(path))
    assert reader.extents(source, names) == {"pump": Extent(num_rows)}


def test_unnamed_columns_are_left_out_by_position(tmp_path):
    """Catches the index that pandas writes, which no flag could leave out."""
    path = _write(tmp_path, ",x,\n0,1,a\n1,2,b\n")
    with pytest.raises(ValueError, match="position 2 in.*--ignored_columns=2"):
        _read(path, ignored_columns=("0",))
    names, blocks, _ = _read(path, ignored_columns=("0", "2"))
    assert names == ("x",) and _values(blocks)[:, 0].tolist() == [1, 2]
    names, (block,), _ = _read(
        path, timestamp_column="0", ignored_columns=("2",)
    )
    assert names == ("x",) and block.timestamps.tolist() == [0, 1_000_000]


def test_a_file_beside_its_packed_copy(tmp_path):
    """Catches one series taken twice, under two names."""
    _write(tmp_path, "x\n1\n", "a.csv")
    packed = _write(tmp_path, gzip.compress(b"x\n1\n"), "a.csv.gz")
    reader = CsvReader(CsvSettings())
    with pytest.raises(ValueError, match=r"a\.csv.*a\.csv\.gz.*Name one"):
        reader.sources(str(tmp_path))
    assert len(reader.sources(str(packed))) == 1


def test_local_times_that_go_back_an_hour_name_the_zone(tmp_path):
    """Catches half an hour refused in autumn with no way out."""
    times = ["02:40", "02:50", "02:00", "02:40", "02:55"]
    lines = [f"2020-10-25 {time},1" for time in times]
    path = _write(tmp_path, "\n".join(["t,x", *lines]))
    _, _, bad = _read(path, timestamp_column="t")
    assert "--time_zone" in bad[0].reason and "sort the file" in bad[1].reason
    _, _, bad = _read(path, timestamp_column="t", time_zone="Asia/Tokyo")
    assert "--time_zone" not in bad[0].reason


def test_a_file_that_is_newest_first_says_what_to_do(tmp_path):
    """Catches a refusal of nearly all rows that does not say why."""
    path = _write(tmp_path, "t,x\n9,1\n8,1\n7,1\n")
    _, _, bad = _read(path, timestamp_column="t")
    assert len(bad) == 2
    assert "in order of time; sort the file" in bad[0].reason


def test_a_wrong_format_of_times_is_not_advised_again(tmp_path):
    """Catches the advice to say what was said."""
    path = _write(tmp_path, "t,x\n2020-01-01,1\n")
    with pytest.raises(ValueError, match="2020-01-01'.*Correct --timestamp_f"):
        _read(path, timestamp_column="t", timestamp_format="%d/%m/%Y %H:%M:%S")
