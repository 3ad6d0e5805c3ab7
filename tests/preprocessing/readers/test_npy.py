"""Folders of arrays against numpy.load."""

import io
import logging
import pickle

import numpy as np
import pytest

from preprocessing.readers.base import BadRow, Block, Extent, Source
from preprocessing.readers.layouts.array_file import open_array
from preprocessing.readers.npy import NpyReader, NpySettings
from trainer import storage

VALUES = np.arange(60.0).reshape(20, 3) / 7


def _save(folder, split, array, name="pump"):
    path = folder / split / f"{name}.npy"
    path.parent.mkdir(exist_ok=True)
    np.save(path, array)
    return path


def _read(folder):
    """Split to values, labels and refused rows of its only array."""
    reader = NpyReader(NpySettings())
    found = {}
    for source in reader.sources(str(folder)):
        names = reader.feature_names(source)
        items = list(reader.read(source, names))
        blocks = [item for item in items if isinstance(item, Block)]
        assert {block.series_id for block in blocks} == {source.name}
        values = np.concatenate([block.values for block in blocks])
        extent = Extent(len(values))
        assert reader.extents(source, names) == {source.name: extent}
        labels = None
        if blocks[0].labels is not None:
            labels = np.concatenate([block.labels for block in blocks])
        bad = [item for item in items if isinstance(item, BadRow)]
        found[source.split] = values, labels, bad
    return found


@pytest.mark.parametrize(
    "dtype", ["f2", "<f4", ">f4", "<f8", ">f8", "i1", ">i2", "<u4", "i8", "?"]
)
@pytest.mark.parametrize("order", ["C", "F"])
def test_every_kind_of_number(tmp_path, dtype, order, monkeypatch):
    """Catches swapped bytes, columns read as rows, rows lost between blocks."""
    monkeypatch.setattr(
        "preprocessing.readers.layouts.array_file._BLOCK_BYTES", 150
    )
    array = np.array(VALUES, dtype, order=order)
    _save(tmp_path, "train", array)
    values = _read(tmp_path)["train"][0]
    assert values.dtype == np.float64
    np.testing.assert_array_equal(values, array.astype(float))


def test_one_column_without_an_axis_for_it(tmp_path):
    """Catches rows read as features."""
    _save(tmp_path, "test", VALUES[:, 0])
    found = _read(tmp_path)["test"]
    np.testing.assert_array_equal(found[0], VALUES[:, :1])
    assert found[1] is None


@pytest.mark.parametrize("dtype", ["u1", "i8", "?", "f4"])
@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize("has_axis", [True, False])
def test_labels(tmp_path, dtype, split, has_axis, monkeypatch):
    """Catches labels of other rows, of another split, of one type only."""
    monkeypatch.setattr(
        "preprocessing.readers.layouts.array_file._BLOCK_BYTES", 200
    )
    for name in ("train", "test"):
        _save(tmp_path, name, VALUES)
    labels = np.random.default_rng(1).integers(0, 2, 20)
    stored = labels.astype(dtype)
    _save(tmp_path, f"{split}_label", stored[:, None] if has_axis else stored)
    found = _read(tmp_path)
    np.testing.assert_array_equal(found.pop(split)[1], labels)
    assert [labels for _, labels, _ in found.values()] == [None]


def test_unknown_labels(tmp_path):
    """Catches unknown read as normal."""
    _save(tmp_path, "test", VALUES[:4])
    _save(tmp_path, "test_label", np.array([0, np.nan, 1, -1]))
    assert _read(tmp_path)["test"][1].tolist() == [0, -1, 1, -1]


def test_missing_and_infinite_cells(tmp_path):
    """Catches a row that is dropped, so that labels move."""
    array = VALUES.copy()
    array[3, 1], array[5, 2] = np.nan, -np.inf
    _save(tmp_path, "test", array)
    values, _, bad = _read(tmp_path)["test"]
    array[5] = np.nan
    np.testing.assert_array_equal(values, array)
    assert [(row.line, row.has_place) for row in bad] == [(6, True)]
    assert "feature_2" in bad[0].reason


def test_folder_above_one_file_and_a_glob(tmp_path):
    """Catches a layout that is found from one place only."""
    (tmp_path / "set").mkdir()
    for split in ("train", "test", "test_label"):
        _save(tmp_path / "set", split, np.ones(5, int))
    path = _save(tmp_path, "alone", VALUES)
    reader = NpyReader(NpySettings())
    for pattern in (tmp_path, tmp_path / "set", tmp_path / "set" / "*" / "*"):
        found = [
            (source.split, bool(source.label_path))
            for source in reader.sources(str(pattern))
        ]
        assert found == [("train", False), ("test", True)], pattern
    (source,) = reader.sources(str(path))
    assert (source.split, source.label_path) == ("", "")
    extents = reader.extents(source, reader.feature_names(source))
    assert extents == {"pump": Extent(20)}


def _pickle(path):
    path.write_bytes(pickle.dumps([1.0, 2.0]))


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda path: path.write_bytes(b""), "is empty"),
        (lambda path: path.write_bytes(b"1.0,2.0\n"), "as numpy.save writes"),
        (lambda path: path.write_bytes(b"\x93NUMPY\x01"), "Save the array"),
        (lambda path: np.save(path, np.array([{}])), "can run any code"),
        (lambda path: np.save(path, np.array(["a"])), "must hold numbers"),
        (lambda path: np.save(path, np.array([1j])), "must hold numbers"),
        (lambda path: np.save(path, np.zeros((2, 3, 4))), "\\(2, 3, 4\\)"),
        (lambda path: np.save(path, np.float64(3)), "shape \\(\\)"),
        (lambda path: np.save(path, np.zeros((0, 3))), "holds no values"),
        (lambda path: np.save(path, np.zeros((3, 0))), "holds no values"),
        (_pickle, "can run any code"),
    ],
)
def test_arrays_that_cannot_be_used(tmp_path, write, message):
    """Catches a traceback, code that is run, or silence."""
    path = _save(tmp_path, "train", VALUES)
    write(path)
    reader = NpyReader(NpySettings())
    (source,) = reader.sources(str(tmp_path))
    with pytest.raises(ValueError, match=message):
        reader.feature_names(source)


@pytest.mark.parametrize("change", [-1, -200, 1])
def test_truncated_or_longer_than_its_header(tmp_path, change):
    """Catches rows that are lost, or made of half a file."""
    path = _save(tmp_path, "train", VALUES)
    data = path.read_bytes()
    path.write_bytes(data[:change] if change < 0 else data + b"x")
    reader = NpyReader(NpySettings())
    (source,) = reader.sources(str(tmp_path))
    for read in (reader.extents, lambda *args: list(reader.read(*args))):
        with pytest.raises(ValueError, match="as many bytes.*expected 480"):
            read(source, ("a", "b", "c"))


@pytest.mark.parametrize("order", ["C", "F"])
def test_a_file_that_shrinks_while_it_is_read(tmp_path, order):
    """Catches rows made of what is left, and a message without a next step."""
    path = _save(tmp_path, "train", np.array(VALUES, order=order))
    array = open_array(str(path))
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(ValueError, match="Received: .*Run the command again"):
        list(array.blocks())


def test_labels_that_do_not_fit(tmp_path):
    """Catches labels of another length, kind or copy."""
    _save(tmp_path, "test", VALUES)
    for labels, message in (
        (np.zeros(19), "19.*20 rows in.*pump"),
        (np.zeros((20, 2)), "one number for each row"),
        (np.arange(20), "Received: 2 in row 3 of"),
    ):
        path = _save(tmp_path, "test_label", labels)
        with pytest.raises(ValueError, match=message):
            _read(tmp_path)
    path.rename(path.with_name("other.npy"))
    with pytest.raises(ValueError, match="has no labels.*Copy them"):
        _read(tmp_path)


def test_widths_that_differ(tmp_path):
    """Catches features of one array taken for those of another."""
    _save(tmp_path, "train", VALUES)
    _save(tmp_path, "train", VALUES[:, :2], "wheel")
    reader = NpyReader(NpySettings())
    pump, wheel = reader.sources(str(tmp_path))
    names = reader.feature_names(pump)
    for read in (reader.extents, lambda *args: list(reader.read(*args))):
        with pytest.raises(ValueError, match="2 in .*wheel.*expected 3"):
            read(wheel, names)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("pump.pkl", "can run any code.*numpy.save"),
        ("pump.pickle", "can run any code"),
        ("pump.npz", "archive.*numpy.load"),
    ],
)
def test_pickles_and_archives_are_refused(tmp_path, name, message, caplog):
    """Catches a set that silently lacks what was not read."""
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / name).write_bytes(b"x")
    reader = NpyReader(NpySettings())
    with pytest.raises(ValueError, match=message):
        reader.sources(str(tmp_path))
    _save(tmp_path, "train", VALUES)
    with caplog.at_level(logging.WARNING):
        (source,) = reader.sources(str(tmp_path))
    assert source.path.endswith("pump.npy") and name in caplog.text


def test_nothing_there(tmp_path):
    """Catches an empty data set."""
    with pytest.raises(ValueError, match="must be a folder that holds train/"):
        NpyReader(NpySettings()).sources(str(tmp_path))


def test_one_name_in_two_folders_is_two_series(tmp_path):
    """Catches windows that span two plants, whose files are named alike."""
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        for split in ("train", "test"):
            _save(tmp_path / folder, split, VALUES)
    _save(tmp_path / "b", "train", VALUES, "other")
    reader = NpyReader(NpySettings())
    sources = reader.sources(str(tmp_path))
    assert [(source.name, source.split) for source in sources] == [
        ("a/pump", "train"),
        ("a/pump", "test"),
        ("b/other", "train"),
        ("b/pump", "train"),
        ("b/pump", "test"),
    ]
    for source in sources:
        (block,) = reader.read(source, reader.feature_names(source))
        assert block.series_id == source.name
    alone = _save(tmp_path, "elsewhere", VALUES)
    pattern = f"{alone},{tmp_path / 'a'}"
    found = {(one.name, one.split) for one in reader.sources(pattern)}
    assert found == {
        ("elsewhere/pump", ""),
        ("a/pump", "train"),
        ("a/pump", "test"),
    }


def test_a_bucket_that_fails_is_no_wrong_file(tmp_path, monkeypatch):
    """Catches "save the array again" where the connection was lost."""

    class Lost(io.BytesIO):
        def read(self, size=-1):
            raise TimeoutError("the bucket does not answer")

    path = tmp_path / "a.npy"
    np.save(path, np.zeros((3, 2)))
    monkeypatch.setattr(storage, "open_binary", lambda path: Lost())
    with pytest.raises(TimeoutError, match="does not answer"):
        NpyReader(NpySettings()).feature_names(Source(str(path)))
