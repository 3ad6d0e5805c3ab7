"""Files that are no tables, alone and beside tables."""

import gzip
import zipfile

import pytest
from bucket_emulator import bucket_emulator

from preprocessing.readers.detection.guess import guess
from trainer import storage

TABLE = "x,y\n" + "".join(f"{row},{row / 7}\n" for row in range(9))


def _zip(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", TABLE)


@pytest.mark.parametrize(
    ("name", "data", "what", "cure"),
    [
        ("a.json", b"x", "JSON", "CSV or parquet"),
        ("a.JSON.gz", b"x", "JSON", "CSV or parquet"),
        ("a.csv", b'{"x": [1, 2], "y": [3, 4]}', "JSON", "CSV or parquet"),
        ("a.txt", b'\xef\xbb\xbf[\n {"x": 1},', "JSON", "CSV or parquet"),
        ("a.csv", b"<!DOCTYPE html>\n", "web page", "CSV or parquet"),
        ("a.xlsx", b"PK\x03\x04", "a spreadsheet", "CSV or parquet"),
        ("a.zip", _zip, "an archive", "Unpack"),
        ("a.csv", _zip, "an archive or a spreadsheet", "Unpack"),
        ("a.h5", b"\x89HDF", "HDF5", "CSV or parquet"),
    ],
)
def test_other_kinds(tmp_path, name, data, what, cure):
    """Catches hundreds of columns, or a flag, where another file is needed."""
    path = tmp_path / name
    data(path) if callable(data) else path.write_bytes(data)
    (tmp_path / "README.txt").write_text("Notes, of a pump\n")
    for pattern in (path, tmp_path):
        with pytest.raises(ValueError, match=what) as caught:
            guess(str(pattern))
        message = str(caught.value)
        assert name in message and cure in message
        assert "\n" not in message and len(message) < 300 + len(str(path))


def _put(folder):
    """Two tables and what lies beside them; the tables' names."""
    (folder / "deep [1]").mkdir(parents=True)
    for name in ("README.txt", "pump.json", "deep [1]/notes.md", "a.pkl"):
        (folder / name).write_text("Notes, of a pump\n")
    (folder / "z.CSV").write_text(TABLE)
    packed = folder / "deep [1]" / "pump.csv.gz"
    packed.write_bytes(gzip.compress(TABLE.encode()))
    return {"z.CSV", "deep [1]/pump.csv.gz"}


def _names(root, pattern):
    return {
        path.removeprefix(f"{root}/") for path in storage.glob_files(pattern)
    }


def test_notes_beside_tables(tmp_path):
    """Catches a note that ends the run, and one left out unsaid."""
    folder = tmp_path / "data [2]"
    expected = _put(folder)
    for pattern in (str(folder), f"{folder}/"):
        guessed = guess(pattern)
        assert guessed.format == "csv" and guessed.options == {}
        assert _names(folder, guessed.input) == expected
        for name in ("README.txt", "pump.json", "notes.md", "a.pkl"):
            assert name in guessed.reason.partition("left out: ")[2]


def test_notes_beside_tables_in_a_bucket(tmp_path):
    """Catches a glob that only this machine understands."""
    expected = _put(tmp_path)
    with bucket_emulator() as bucket:
        url = bucket.put_folder("in", tmp_path)
        assert _names(url, guess(url).input) == expected


def test_files_that_the_user_names_are_kept(tmp_path):
    """Catches a file left out that was asked for."""
    _put(tmp_path)
    pattern = f"{tmp_path}/README.txt,{tmp_path}/z.CSV"
    guessed = guess(pattern)
    assert guessed.input == pattern and "left out" not in guessed.reason


def test_notes_beside_parquet(tmp_path):
    """Catches a note read as parquet."""
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"x": [1.0, 2.0]}), tmp_path / "a.parquet")
    (tmp_path / "README.txt").write_text("Notes, of a pump\n")
    guessed = guess(str(tmp_path))
    assert guessed.format == "parquet" and "README.txt" in guessed.reason
    assert _names(tmp_path, guessed.input) == {"a.parquet"}
