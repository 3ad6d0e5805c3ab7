"""The server machine layout against numpy.loadtxt."""

import numpy as np
import pytest

from preprocessing.readers.base import Block, Extent
from preprocessing.readers.smd import SmdReader, SmdSettings


@pytest.fixture
def folder(tmp_path):
    generator = np.random.default_rng(1)
    root = tmp_path / "ServerMachineDataset"
    for name in ("train", "test", "test_label"):
        (root / name).mkdir(parents=True)
    for machine in ("machine-1-1", "machine-2-1"):
        for split in ("train", "test"):
            values = generator.random((50, 4))
            np.savetxt(root / split / f"{machine}.txt", values, "%.6f", ",")
        labels = generator.integers(0, 2, 50)
        np.savetxt(root / "test_label" / f"{machine}.txt", labels, "%d")
    return root


def _reader():
    return SmdReader(SmdSettings())


@pytest.mark.parametrize("above", [False, True])
def test_values_labels_and_splits(folder, above, monkeypatch):
    """Catches labels of another block, and labels given to train."""
    monkeypatch.setattr(
        "preprocessing.readers.text.pieces._FIRST_CHUNK_BYTES", 99
    )
    monkeypatch.setattr("preprocessing.readers.text.pieces._CHUNK_BYTES", 99)
    reader = _reader()
    sources = reader.sources(str(folder.parent if above else folder))
    assert [source.split for source in sources] == ["train"] * 2 + ["test"] * 2
    for source in sources:
        names = reader.feature_names(source)
        assert names == ("feature_0", "feature_1", "feature_2", "feature_3")
        blocks = list(reader.read(source, names))
        assert len(blocks) > 3
        assert all(isinstance(block, Block) for block in blocks)
        values = np.concatenate([block.values for block in blocks])
        np.testing.assert_array_equal(
            values, np.loadtxt(source.path, delimiter=",")
        )
        if source.split == "train":
            assert blocks[0].labels is None
        else:
            labels = np.concatenate([block.labels for block in blocks])
            expected = np.loadtxt(source.label_path, int)
            np.testing.assert_array_equal(labels, expected)
        extents = reader.extents(source, names)
        assert extents == {blocks[0].series_id: Extent(50)}


def test_labels_of_another_length(folder):
    """Catches labels that end early or go on."""
    path = folder / "test_label" / "machine-1-1.txt"
    path.write_text(path.read_text() + "0\n")
    reader = _reader()
    source = reader.sources(str(folder))[2]
    names = reader.feature_names(source)
    for read in (reader.extents, lambda *args: list(reader.read(*args))):
        with pytest.raises(ValueError, match="51 labels .* for 50 rows"):
            read(source, names)


def test_missing_files(folder):
    """Catches a test part that silently loses its labels."""
    (folder / "test_label" / "machine-2-1.txt").unlink()
    with pytest.raises(ValueError, match="has no labels.*Copy them there"):
        _reader().sources(str(folder))
    with pytest.raises(ValueError, match="must be a folder.*--format=csv"):
        _reader().sources(str(folder / "train"))


def test_label_that_is_none(folder):
    """Catches a label file that holds something else."""
    path = folder / "test_label" / "machine-1-1.txt"
    path.write_text(path.read_text()[:-2] + "x\n")
    reader = _reader()
    source = reader.sources(str(folder))[2]
    with pytest.raises(ValueError, match="in line 50.*Correct it"):
        list(reader.read(source, reader.feature_names(source)))


def test_files_that_are_named_alone(folder):
    """Catches a part lost by a glob, and one file that needs its labels."""
    sources = _reader().sources(str(folder / "*" / "machine-2-1.txt"))
    found = [(source.split, bool(source.label_path)) for source in sources]
    assert found == [("train", False), ("test", True)]
    alone = folder.parent / "machine-9-9.txt"
    alone.write_text("1,2,3,4\n")
    (folder / "test_label" / "machine-2-1.txt").unlink()
    for path, split in (
        (alone, ""),
        (folder / "test" / "machine-2-1.txt", "test"),
    ):
        (source,) = _reader().sources(str(path))
        assert (source.split, source.label_path) == (split, "")
