"""Damaged files of the public layouts: a reason, or each row once."""

import io
import json
import re

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from preprocessing.readers import READERS
from preprocessing.readers.base import BadRow, Block
from preprocessing.readers.detection.guess import Guess, guess
from trainer.config import load

UCR_NAME = "001_UCR_Anomaly_a_3_5_7.txt"
TABLE = "chan_id,spacecraft,anomaly_sequences,class,num_values\n"


def _npy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def _skab_line(row):
    return f"2020-03-09 10:14:{row:02d};{row / 7};{row};{float(row > 8)};0.0"


ARRAY = _npy(np.arange(24.0).reshape(12, 2) / 7)
FILES = {
    "npy": {"test/a.npy": ARRAY, "test_label/a.npy": _npy(np.arange(12) % 2)},
    "nasa": {
        "test/a.npy": ARRAY,
        "labeled_anomalies.csv": (
            TABLE + 'a,SMAP,"[[2, 4], [7, 9]]","[point, point]",12\n'
        ).encode(),
    },
    "nab": {
        "data/a.csv": "".join(
            ["timestamp,value\n"]
            + [f"2014-04-01 00:{row:02d}:00,{row / 7}\n" for row in range(12)]
        ).encode(),
        "labels/combined_windows.json": json.dumps(
            {"a.csv": [["2014-04-01 00:02:00", "2014-04-01 00:04:00"]]}
        ).encode(),
    },
    "skab": {
        "data/a.csv": "\r\n".join(
            ["datetime;x;y;anomaly;changepoint", *map(_skab_line, range(12))]
        ).encode(),
    },
    "ucr": {UCR_NAME: "\n".join(map(str, np.arange(12) / 7)).encode()},
    "smd": {
        "test/machine-1-1.txt": b"0.5,1\n" * 12,
        "test_label/machine-1-1.txt": b"0\n1\n" * 6,
    },
}
CASES = [(name, path) for name, files in FILES.items() for path in files]


def _lines(data):
    text = data.removeprefix(b"\xef\xbb\xbf")
    lines = re.split(rb"\r\n|\r|\n", text)
    return sum(bool(line.strip(b" \t")) for line in lines)


def _num_rows(name, data):
    """Rows of the file of values, counted in the plainest way."""
    if name in ("npy", "nasa"):
        return len(np.load(io.BytesIO(data), allow_pickle=False))
    if name == "ucr":
        return len(data.removeprefix(b"\xef\xbb\xbf").split())
    return _lines(data) - (name != "smd")


@st.composite
def damaged(draw, data):
    """The bytes with some flipped, put in, left out or cut off."""
    data = bytearray(data)
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, max(len(data) - 1, 0)))
        kind = draw(st.sampled_from(["flip", "insert", "delete", "cut"]))
        if kind == "flip" and data:
            data[place] = draw(st.integers(0, 255))
        elif kind == "insert":
            likely = st.sampled_from([b",", b";", b"\n", b"\r", b'"', b"\0"])
            data[place:place] = draw(likely | st.binary(max_size=8))
        elif kind == "delete":
            del data[place : place + draw(st.integers(1, 20))]
        elif kind == "cut":
            del data[place:]
    return bytes(data)


def _read(name, folder):
    """Rows in blocks, labels, rows refused without a place, counted rows."""
    reader_class = load(READERS, name, "format")
    reader = reader_class(reader_class.settings_class())
    (source,) = reader.sources(str(folder))
    names = reader.feature_names(source)
    (num_counted,) = reader.count(source, names).values()
    items = list(reader.read(source, names))
    blocks = [item for item in items if isinstance(item, Block)]
    for block in blocks:
        assert not np.isinf(block.values).any()
        assert block.labels is None or len(block.labels) == len(block.values)
        assert block.labels is None or np.isin(block.labels, (-1, 0, 1)).all()
    num_unplaced = sum(
        isinstance(item, BadRow) and not item.has_place for item in items
    )
    return sum(len(block.values) for block in blocks), num_unplaced, num_counted


@pytest.mark.parametrize(("name", "path"), CASES)
@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_a_reason_or_the_right_number_of_rows(tmp_path, name, path, data):
    """Catches tracebacks, and rows that are lost or made up."""
    files = FILES[name] | {
        path: data.draw(damaged(FILES[name][path]) | st.binary(max_size=99))
    }
    for place, content in files.items():
        (tmp_path / place).parent.mkdir(exist_ok=True)
        (tmp_path / place).write_bytes(content)
    try:
        num_rows, num_unplaced, num_counted = _read(name, tmp_path)
    except ValueError as error:
        assert len(str(error)) > 20
        return
    expected = _num_rows(name, next(iter(files.values())))
    assert num_rows + num_unplaced == expected == num_counted


@pytest.mark.parametrize(("name", "path"), CASES)
@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_a_reason_or_a_guess(tmp_path, name, path, data):
    """Catches tracebacks, and settings that no reader takes."""
    content = data.draw(damaged(FILES[name][path]) | st.binary(max_size=99))
    (tmp_path / path).parent.mkdir(exist_ok=True)
    (tmp_path / path).write_bytes(content)
    try:
        guessed = guess(str(tmp_path))
    except ValueError as error:
        assert len(str(error)) > 20
        return
    assert isinstance(guessed, Guess) and guessed.reason
    if guessed.format in READERS:
        settings_class = load(READERS, guessed.format, "format").settings_class
        settings_class(**guessed.options)
