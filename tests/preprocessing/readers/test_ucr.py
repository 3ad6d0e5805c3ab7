"""Files whose names say what is train and anomalous."""

import gzip

import numpy as np
import pytest

from preprocessing.readers.base import BadRow, Block
from preprocessing.readers.ucr import UcrReader, UcrSettings

NAME = "001_UCR_Anomaly_DISTORTED1sddb40_20_30_34.txt"
VALUES = np.random.default_rng(1).normal(size=50)


def _read(path):
    """Values, labels, refused rows and extent of the only file."""
    reader = UcrReader(UcrSettings())
    (source,) = reader.sources(str(path))
    names = reader.feature_names(source)
    items = list(reader.read(source, names))
    blocks = [item for item in items if isinstance(item, Block)]
    assert {block.series_id for block in blocks} == {source.name}
    values = np.concatenate([block.values for block in blocks])
    labels = np.concatenate([block.labels for block in blocks])
    bad = [item for item in items if isinstance(item, BadRow)]
    (extent,) = reader.extents(source, names).values()
    assert extent.num_rows == len(values)
    return values, labels, bad, extent


@pytest.mark.parametrize("chunk", [64, 1 << 22])
@pytest.mark.parametrize(
    "separator", ["\n", "\r\n", "\r", "  ", "\t", "\n   ", "  \n\n"]
)
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("last", ["", "\n"])
def test_lines_or_one_line(tmp_path, separator, mark, last, chunk, monkeypatch):
    """Catches values cut or joined where a piece ends, and blank rows."""
    monkeypatch.setattr("preprocessing.readers.text.words._FIRST_BYTES", chunk)
    monkeypatch.setattr("preprocessing.readers.text.pieces._CHUNK_BYTES", chunk)
    text = mark + "  " + separator.join(f"{x:.7e}" for x in VALUES) + last
    path = tmp_path / NAME
    path.write_bytes(text.encode())
    values, labels, bad, extent = _read(path)
    np.testing.assert_allclose(values[:, 0], VALUES, rtol=1e-7)
    assert np.flatnonzero(labels).tolist() == [30, 31, 32, 33, 34]
    assert not bad and extent.num_train_rows == 20


def test_packed(tmp_path):
    """Catches the suffix taken for a part of the name."""
    path = tmp_path / f"{NAME}.gz"
    path.write_bytes(gzip.compress("\n".join(map(str, VALUES)).encode()))
    values, _, _, extent = _read(path)
    assert values[:, 0].tolist() == VALUES.tolist()
    assert extent.num_train_rows == 20


def test_refused_values_keep_their_place(tmp_path):
    """Catches an anomaly that moves, and spellings of Python only."""
    cells = [str(value) for value in VALUES]
    cells[3:9] = ["x", "inf", "1_0", "1e400", "0x1F", "nan"]
    cells[-1] = "7."
    path = tmp_path / NAME
    path.write_text("\n".join(cells))
    values, labels, bad, _ = _read(path)
    assert [row.line for row in bad] == [4, 5, 6, 7, 8]
    assert all(row.has_place for row in bad)
    assert np.isnan(values[3:9, 0]).all() and values[-1, 0] == 7
    assert np.flatnonzero(labels).tolist() == [30, 31, 32, 33, 34]


@pytest.mark.parametrize(
    "name",
    [
        "notes.txt",
        "1_UCR_Anomaly_a_20_30.txt",
        "1_UCR_Anomaly_a_20_34_30.txt",
        "UCR_Anomaly_a_20_30_34.txt",
        "1_UCR_Anomaly_a_20_30_34.csv",
        "1_UCR_Anomaly_a_20_30_-4.txt",
    ],
)
def test_names_that_say_nothing(tmp_path, name):
    """Catches a file that is all train, or has no anomaly, unsaid."""
    (tmp_path / name).write_text("1\n2\n")
    with pytest.raises(ValueError, match="NNN_UCR_Anomaly_NAME_TRAIN_FIRST_"):
        UcrReader(UcrSettings()).sources(str(tmp_path))


@pytest.mark.parametrize("num_rows", [1, 19, 34])
def test_files_shorter_than_their_name_says(tmp_path, num_rows):
    """Catches a truncated file."""
    path = tmp_path / NAME
    path.write_text("\n".join(map(str, VALUES[:num_rows])))
    reader = UcrReader(UcrSettings())
    (source,) = reader.sources(str(path))
    with pytest.raises(ValueError, match=f"Received: {num_rows} rows.*again"):
        reader.extents(source, ("feature_0",))
    with pytest.raises(ValueError, match="must lie within its series"):
        list(reader.read(source, ("feature_0",)))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty"),
        (b" \n \n", "is empty"),
        (b"1" * 200_000, "white space between them"),
        (b"\x80\x04\x95abc", "never loaded"),
    ],
)
def test_files_that_cannot_be_used(tmp_path, data, message):
    """Catches a file that fills the memory, and one that is no text."""
    path = tmp_path / NAME
    path.write_bytes(data)
    reader = UcrReader(UcrSettings())
    (source,) = reader.sources(str(path))
    for read in (reader.extents, lambda *args: list(reader.read(*args))):
        with pytest.raises(ValueError, match=message):
            read(source, ("feature_0",))


def test_other_columns(tmp_path):
    """Catches one column that stands for two."""
    (tmp_path / NAME).write_text("1\n2\n")
    reader = UcrReader(UcrSettings())
    (source,) = reader.sources(str(tmp_path))
    with pytest.raises(ValueError, match="has one column"):
        list(reader.read(source, ("a", "b")))
