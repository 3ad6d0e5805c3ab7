"""Guessed formats and flags; the public data has a test of its own."""

import pickle

import numpy as np
import pytest

from preprocessing.readers.detection.guess import guess

ROWS = [(f"2020-01-01 00:{row:02d}:00", row / 7, row % 5) for row in range(30)]


def _write(folder, name, text):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def _table(header, rows, delimiter=","):
    lines = [delimiter.join(map(str, row)) for row in rows]
    return "\n".join(([header] if header else []) + lines) + "\n"


def _guess(tmp_path, text, name="pump.csv"):
    guessed = guess(str(_write(tmp_path, name, text)))
    assert guessed.format == "csv", guessed
    return guessed.options, guessed.reason


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", " "])
@pytest.mark.parametrize("header", [True, False])
def test_delimiter_and_header(tmp_path, delimiter, header):
    """Catches a first row lost as names, and names read as a row."""
    names = delimiter.join(["flow", "heat", "load"]) if header else ""
    rows = [(row / 7, -row, "nan") for row in range(30)]
    options, reason = _guess(tmp_path, _table(names, rows, delimiter))
    expected = {}
    if delimiter != ",":
        expected["delimiter"] = delimiter.replace("\t", "\\t")
    if not header:
        expected["header"] = False
    assert options == expected
    assert reason.startswith("csv: ") and "pump.csv" in reason


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_blanks_in_times_part_no_fields(tmp_path, delimiter):
    """Catches the blank between date and time taken for a delimiter."""
    names = delimiter.join(["when", "x", "y"])
    options, _ = _guess(tmp_path, _table(names, ROWS, delimiter))
    assert options.pop("timestamp_column") == "when"
    assert options.get("delimiter", ",").replace("\\t", "\t") == delimiter


def test_one_column(tmp_path):
    """Catches a table of one column that fits nothing."""
    assert _guess(tmp_path, "flow\n1\n2\n3\n")[0] == {}
    assert _guess(tmp_path, "1\n2\n3\n")[0] == {"header": False}


def test_times_by_position_without_a_header(tmp_path):
    """Catches a time that is read as a feature where nothing names it."""
    assert _guess(tmp_path, _table("", ROWS))[0] == {
        "header": False,
        "timestamp_column": "0",
    }


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("TimeStamp", ["2020-01-01T00:00:00Z", "2020-01-01T00:01:00Z"]),
        ("date_time", ["2020-01-01", "2020-01-02"]),
        ("TS", ["1577836800", "1577836860"]),
        ("time", ["0.5", "1.5"]),
        # Reading says how to write the format.
        ("Date", ["01/02/2017", "02/02/2017"]),
    ],
)
def test_times_by_name(tmp_path, name, cells):
    """Catches names in another case, and unix numbers as a feature."""
    text = _table(f"x,{name}", [(row, cell) for row, cell in enumerate(cells)])
    assert _guess(tmp_path, text)[0] == {"timestamp_column": name}


def test_a_feature_called_time_that_does_not_rise(tmp_path):
    """Catches a feature whose every row would be refused, unsaid."""
    rows = [(row, [5, 3, 9, 1][row % 4]) for row in range(30)]
    options, reason = _guess(tmp_path, _table("x,time", rows))
    assert options == {}
    assert "time does not rise" in reason and "--timestamp_column" in reason


@pytest.mark.parametrize("cells", [[0, 1, ""], ["0.0", "1.0", "nan"]])
def test_labels(tmp_path, cells):
    """Catches labels learned as a feature."""
    rows = [(row, cells[row % 3]) for row in range(9)]
    options, reason = _guess(tmp_path, _table("x,is_anomaly", rows))
    assert options == {"label_column": "is_anomaly"}
    assert "label in is_anomaly" in reason


def test_a_column_named_label_that_holds_more(tmp_path):
    """Catches classes taken for anomalies."""
    rows = [(row, row % 3) for row in range(9)]
    options, reason = _guess(tmp_path, _table("x,label", rows))
    assert options == {} and "label holds more than 0 and 1" in reason


@pytest.mark.parametrize(
    ("header", "rows", "flag"),
    [
        ("x,label,anomaly", [(row, row % 2, 0) for row in range(9)], "label"),
        (
            "x,start,stop",
            [(row, f"2020-01-0{row}", f"2020-02-0{row}") for row in (1, 2, 3)],
            "timestamp",
        ),
        ("x,machine,unit", [(row, "a", "b") for row in range(9)], "series"),
    ],
)
def test_two_candidates_are_none_and_said(tmp_path, header, rows, flag):
    """Catches a silent choice between two columns."""
    options, reason = _guess(tmp_path, _table(header, rows))
    assert options == {}
    assert "none is taken" in reason and f"--{flag}_column" in reason


@pytest.mark.parametrize("num_features", [1, 300, 12_000])
@pytest.mark.parametrize("num_rows", [1, 2, 30])
def test_roles_of_wide_tables(tmp_path, num_features, num_rows):
    """Catches a label learned as a feature where the lines are long."""
    names = [f"sensor-{number:05d}" for number in range(num_features)]
    header = ",".join(["time", *names, "label"])
    rows = [
        (f"2020-01-01 00:{row:02d}", *["1.5"] * num_features, row % 2)
        for row in range(num_rows)
    ]
    options, _ = _guess(tmp_path, _table(header, rows))
    assert options == {"timestamp_column": "time", "label_column": "label"}


def test_the_look_goes_far_enough(tmp_path):
    """Catches a column that is all 0 and 1 for the first rows only."""
    rows = [(row, 2 if row == 150 else row % 2) for row in range(199)]
    options, reason = _guess(tmp_path, _table("x,label", rows))
    assert options == {} and "label holds more than 0 and 1" in reason


def test_series(tmp_path):
    """Catches ids that are no numbers refused as bad rows."""
    rows = [(f"pump-{row % 3}", row) for row in range(9)]
    options, _ = _guess(tmp_path, _table("machine_id,x", rows))
    assert options == {"series_column": "machine_id"}


def test_series_that_may_be_features(tmp_path):
    """Catches a doubt that is not said: numbers, and ids that never repeat."""
    rows = [(row % 3, row) for row in range(9)]
    options, reason = _guess(tmp_path, _table("unit,x", rows))
    assert options == {} and "--series_column" in reason
    rows = [(f"row-{row}", row) for row in range(9)]
    options, reason = _guess(tmp_path, _table("id,x", rows))
    assert options == {} and "--ignored_columns=id." in reason


def test_a_header_of_numbers_is_a_doubt(tmp_path):
    """Catches names of numbers read as a row, unsaid."""
    _, reason = _guess(tmp_path, "0,1,2\n5.5,6,7\n5,6,7\n")
    assert "is it a header?" in reason


def test_sequences(tmp_path):
    """Catches fields of several values taken for columns."""
    for name, text in (
        ("train_norm.csv", "1;2;3\n4;5;6\n"),
        ("a.csv", "1;2;3,4;5;6\n1;2;3,4;5;6\n"),
        ("b.csv", "1;2;3,4;5;6,0\n1;2;3,4;5;6,1\n"),
    ):
        path = _write(tmp_path / name[0], name, text)
        assert guess(str(path)).format == "sequences", name


def test_files_of_other_formats_beside(tmp_path):
    """Catches a note beside the tables that is looked at instead."""
    _write(tmp_path, "A-README.md", "Notes, of a pump\n")
    _write(tmp_path, "pump.csv", _table("x;y", [(1, 2), (3, 4)], ";"))
    assert guess(str(tmp_path)).options == {"delimiter": ";"}


@pytest.mark.parametrize("suffix", [".csv.gz", ".csv.bz2", ".csv.xz"])
def test_packed(tmp_path, suffix):
    """Catches bytes of a packed file taken for text."""
    import bz2
    import gzip
    import lzma

    pack = {".gz": gzip, ".bz2": bz2, ".xz": lzma}["." + suffix.split(".")[2]]
    data = pack.compress(_table("t;x;y", ROWS, ";").encode())
    options, _ = _guess(tmp_path, data, f"pump{suffix}")
    assert options == {"delimiter": ";", "timestamp_column": "t"}


def test_arrays_and_layouts(tmp_path):
    """Catches arrays of telemetry without their labels."""
    for split in ("train", "test"):
        (tmp_path / split).mkdir()
        np.save(tmp_path / split / "P-1.npy", np.zeros((3, 25)))
    assert guess(str(tmp_path)).format == "npy"
    _write(tmp_path, "labeled_anomalies.csv", "chan_id\n")
    assert guess(str(tmp_path)).format == "nasa"
    assert guess(str(tmp_path / "test" / "P-1.npy")).format == "nasa"


def test_nab_by_its_labels(tmp_path):
    """Catches windows that are lost, and points read as windows."""
    text = "timestamp,value\n2014-04-01 00:00:00,1\n"
    path = _write(tmp_path, "data/real/taxi.csv", text)
    assert guess(str(tmp_path)).format == "csv"
    _write(tmp_path, "labels/combined_labels.json", "{}")
    for pattern in (tmp_path, path):
        guessed = guess(str(pattern))
        assert (guessed.format, guessed.options) == (
            "nab",
            {"labels": "points"},
        )
    _write(tmp_path, "labels/combined_windows.json", "{}")
    assert guess(str(tmp_path)).options == {}


def test_parquet(tmp_path):
    """Catches columns of a typed table that nobody names."""
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    columns = {
        "when": pa.array([0, 60], pa.timestamp("s")),
        "x": [1.5, None],
        "label": [False, True],
        "machine": ["a", "a"],
    }
    path = tmp_path / "pump.parquet"
    pq.write_table(pa.table(columns), path)
    guessed = guess(str(path))
    assert guessed.format == "parquet"
    assert guessed.options == {
        "timestamp_column": "when",
        "label_column": "label",
        "series_column": "machine",
    }
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(ValueError, match="cannot be read as parquet"):
        guess(str(path))


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.pkl", pickle.dumps([1.0]), "can run any code"),
        ("a.npz", b"PK", "archive"),
        ("a.csv", pickle.dumps([1.0] * 99), "never loaded"),
        ("a.csv", b"", "is empty"),
        ("a.csv", b"\n\n", "is empty"),
        ("a.csv", b"x,label\n", "a header and no rows"),
        ("a.csv", b"x,label\n1,0,\n2,1,\n", "2 names and rows of 3"),
        ("a.csv", b"x,y,label\n1,0\n2,1\n", "3 names and rows of 2"),
        (
            "a.txt",
            b"once upon\na time\nthere was\n",
            "--format=.*csv.*Received",
        ),
        (
            "a.log",
            b"2020-01-01,INFO\n2020-01-02,WARN\n",
            "no column of numbers",
        ),
    ],
)
def test_nothing_fits(tmp_path, name, data, message):
    """Catches a guess where there is none, and a pickle that is loaded."""
    path = _write(tmp_path, name, data)
    with pytest.raises(ValueError, match=message):
        guess(str(path))


def test_no_file(tmp_path):
    """Catches a guess about nothing."""
    with pytest.raises(ValueError, match="No file matches"):
        guess(str(tmp_path / "*.csv"))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"encoding": "utf-99"}, "one that Python knows"),
        ({"delimiter": "--"}, "must be one character"),
        ({"delimiter": ""}, "must be one character"),
    ],
)
def test_flags_that_cannot_be(tmp_path, given, message):
    """Catches a traceback where a flag of the user is tried."""
    path = _write(tmp_path, "pump.csv", _table("t,x,y", ROWS))
    with pytest.raises(ValueError, match=message):
        guess(str(path), given)


@pytest.mark.parametrize("delimiter", [";", "\\t"])
def test_what_the_user_said_of_the_text(tmp_path, delimiter):
    """Catches a look that reads the file another way than the run."""
    rows = [f"{row},5{delimiter}{row}" for row in range(9)]
    text = "\n".join(rows).replace("\\t", "\t")
    path = _write(tmp_path, "pump.csv", text.encode("utf-16"))
    given = {"encoding": "utf-16", "delimiter": delimiter, "header": True}
    guessed = guess(str(path), given)
    assert guessed.options.get("delimiter") == delimiter
    assert "header" not in guessed.options


def test_names_in_angle_brackets(tmp_path):
    """Catches a table taken for a web page."""
    options, _ = _guess(tmp_path, _table("<TIME>,<OPEN>,<HIGH>", ROWS))
    assert options == {"timestamp_column": "<TIME>"}


def test_fractions_after_a_comma(tmp_path):
    """Catches a dead end, and sequences seen where the comma is decimal."""
    text = _table("x;y", [("1", "2,5"), ("-0,5", "3,5")], ";")
    path = _write(tmp_path, "pump.csv", text)
    assert guess(str(path), {"decimal": ","}).options == {"delimiter": ";"}
    path = _write(
        tmp_path, "pump.csv", _table("x;y", [("1,0", "-2,5")] * 5, ";")
    )
    with pytest.raises(ValueError, match="need --decimal=,"):
        guess(str(path))


def test_fractions_after_a_comma_are_numbers(tmp_path):
    """Catches a column of measurements that is to be ignored."""
    rows = "".join(f"-{row},25;{row}\n" for row in range(30))
    (tmp_path / "a.csv").write_text("Druck;x\n" + rows)
    reason = guess(str(tmp_path / "a.csv")).reason
    assert "Druck has fractions after a comma: say --decimal=," in reason
    assert "--ignored_columns" not in reason
