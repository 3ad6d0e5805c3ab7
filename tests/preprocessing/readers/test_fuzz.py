"""Any bytes to any reader: a message, or exactly the rows of the file.

To add a format, add a line to `CASES`.
"""

import dataclasses
import io
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from preprocessing.readers import open_reader
from preprocessing.readers.base import BadRow
from preprocessing.readers.csv import CsvSettings
from preprocessing.readers.parquet import ParquetSettings
from preprocessing.readers.sequences import SequencesSettings
from preprocessing.readers.smd import SmdSettings

ROWS = "".join(
    f"2020-01-01 00:{row:02d},a,{row}.5,{row % 2}\n" for row in range(9)
)
TABLE = ("t,id,x,bad\n" + ROWS).encode()
SEQUENCES = b"1;2;3,4;5;6,1\n7;8;9,1;2;3,0\n"
CHARACTERS = st.text('0123456789.,;"-+eExn: \t\r\naT\x00é_', max_size=80)


def parquet_bytes():
    table = pa.table(
        {
            "t": np.arange(50) * 60,
            "id": ["a", "b"] * 25,
            "x": np.random.default_rng(1).normal(size=50),
            "bad": [row % 2 for row in range(50)],
        }
    )
    buffer = io.BytesIO()
    # Checksums, so that a damaged value cannot be taken for a good one.
    parquet.write_table(
        table, buffer, row_group_size=20, write_page_checksum=True
    )
    return buffer.getvalue()


def lines_of(data, has_header):
    """Rows by the plainest reading: lines that are not blank."""
    data = data.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")
    lines = data.replace(b"\r", b"\n").split(b"\n")
    return sum(1 for line in lines if line.strip(b" \t")) - has_header


def parquet_rows(data):
    return parquet.read_table(io.BytesIO(data)).num_rows


@dataclasses.dataclass(frozen=True)
class Case:
    """How to try one format.

    Attributes:
        format: its name.
        settings: of its reader.
        path: of the file in a folder; the folder is the input.
        valid: bytes of a good file.
        num_rows: the rows of a file, by another way.
        others: files that must stand beside it.
    """

    format: str
    settings: object
    path: str
    valid: bytes
    num_rows: Callable[[bytes], int]
    others: tuple[tuple[str, bytes], ...] = ()


COLUMNS = {"timestamp_column": "t", "label_column": "bad"}
CASES = [
    Case(
        "csv",
        CsvSettings(ignored_columns=("t", "id"), label_column="bad"),
        "a.csv",
        TABLE,
        lambda data: lines_of(data, has_header=True),
    ),
    Case(
        "csv",
        CsvSettings(series_column="id", **COLUMNS),
        "a.csv",
        TABLE,
        lambda data: lines_of(data, has_header=True),
    ),
    Case(
        "csv",
        CsvSettings(header=False, ignored_columns=("0", "1")),
        "a.csv",
        ROWS.encode(),
        lambda data: lines_of(data, has_header=False),
    ),
    Case(
        "parquet",
        ParquetSettings(series_column="id", **COLUMNS),
        "a.parquet",
        parquet_bytes(),
        parquet_rows,
    ),
    Case(
        "sequences",
        SequencesSettings(),
        "a.csv",
        SEQUENCES,
        lambda data: lines_of(data, has_header=False),
    ),
    Case(
        "smd",
        SmdSettings(),
        "test/machine-1-1.txt",
        b"0.5,1.0,2\n" * 9,
        lambda data: lines_of(data, has_header=False),
        others=(("train/machine-1-1.txt", b"1,2,3\n"),),
    ),
]


@st.composite
def mutated(draw, valid):
    """A good file with some bytes changed, lost, added, or its end lost."""
    data = bytearray(valid)
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, max(0, len(data) - 1)))
        kind = draw(st.sampled_from(["flip", "delete", "insert", "truncate"]))
        if kind == "flip" and data:
            data[place] ^= 1 << draw(st.integers(0, 7))
        elif kind == "delete":
            del data[place : place + draw(st.integers(1, 9))]
        elif kind == "insert":
            data[place:place] = draw(
                st.binary(max_size=4) | CHARACTERS.map(str.encode)
            )
        elif kind == "truncate" and draw(st.booleans()):
            del data[place:]
    return bytes(data)


def num_read(case, data):
    """Rows of blocks and refused rows that no block holds."""
    with tempfile.TemporaryDirectory() as folder:
        for path, content in (*case.others, (case.path, data)):
            target = Path(folder) / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        reader = open_reader(case.format, case.settings)
        (source,) = (
            source
            for source in reader.sources(folder)
            if source.path.endswith(case.path)
        )
        names = reader.feature_names(source)
        total, by_series = 0, {}
        for item in reader.read(source, names):
            if isinstance(item, BadRow):
                assert item.reason and json_safe(item)
                total += not item.has_place
                continue
            num_rows = 1 if reader.has_whole_series else len(item.values)
            total += num_rows
            by_series.setdefault(item.series_id, 0)
            by_series[item.series_id] += num_rows
        if getattr(case.settings, "series_column", ""):
            counts = reader.count(source, names)
            assert counts == by_series
    return total


def json_safe(bad_row):
    return bad_row.letter().encode().endswith(b"\n")


def check(case, data):
    try:
        found = num_read(case, data)
    except ValueError as error:
        # Our own words, not those of a library or of Python.
        assert "Received: " in str(error) or "`" in str(error)
        return
    assert found == case.num_rows(data)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.format)
def test_a_good_file_is_read(case):
    """Catches a fuzz test whose good file is refused as a whole."""
    assert num_read(case, case.valid) == case.num_rows(case.valid) > 1


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.format)
@given(data=st.binary(max_size=200) | CHARACTERS.map(str.encode))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_any_bytes(case, data):
    """Catches a traceback, or a number of rows that is made up."""
    check(case, data)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.format)
@given(data=st.data())
@settings(max_examples=120, deadline=None, derandomize=True)
def test_a_good_file_that_was_damaged(case, data):
    """Catches rows lost or invented beside a damaged byte."""
    check(case, data.draw(mutated(case.valid)))
