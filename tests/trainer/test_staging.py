import os

import pytest

from trainer import storage


@pytest.fixture
def scratch(tmp_path, monkeypatch):
    """The folder of temporary files, empty."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


def test_files_keep_their_order(tmp_path, bucket, scratch):
    """Shards mixed up since two folders name theirs alike."""
    (tmp_path / "x").write_bytes(b"local")
    bucket.put("a/x", b"a")
    bucket.put("b/x", b"b")
    paths = [bucket.url("b/x"), str(tmp_path / "x"), bucket.url("a/x")]
    with storage.local_files(paths) as found:
        assert found[1] == paths[1]
        assert [open(path, "rb").read() for path in found] == [
            b"b",
            b"local",
            b"a",
        ]
    assert os.listdir(scratch) == []
    with storage.local_files([]) as found:
        assert found == []


def test_many_files(bucket):
    """Files lost, or doubled, where several are fetched at a time."""
    names = [f"shards/{number:03d}" for number in range(60)]
    for name in names:
        bucket.put(name, name.encode() * 1000)
    with storage.local_files([bucket.url(name) for name in names]) as found:
        for name, path in zip(names, found, strict=True):
            with open(path, "rb") as file:
                assert file.read() == name.encode() * 1000


def test_a_missing_file(bucket, scratch):
    """Training on the shards that happen to be there."""
    bucket.put("a", b"1")
    with pytest.raises(FileNotFoundError, match="gs://bucket/b"):
        with storage.local_files([bucket.url("a"), bucket.url("b")]):
            pass
    assert os.listdir(scratch) == []


def test_folder(tmp_path, bucket, scratch):
    """Files of a folder that only begins alike; a model without variables."""
    bucket.put("model/", b"")
    bucket.put("model/saved_model.pb", b"1")
    bucket.put("model/variables/variables.index", b"2")
    bucket.put("model.old/saved_model.pb", b"3")
    for path in (bucket.url("model"), bucket.url("model/")):
        with storage.local_folder(path) as folder:
            found = {
                os.path.relpath(os.path.join(parent, name), folder)
                for parent, _, names in os.walk(folder)
                for name in names
            }
            assert found == {"saved_model.pb", "variables/variables.index"}
    assert os.listdir(scratch) == []
    with storage.local_folder(str(tmp_path)) as folder:
        assert folder == str(tmp_path)


@pytest.mark.parametrize("name", ["../evil", "a/../../evil", "a//b", "./b"])
def test_names_that_lead_out_of_the_folder(bucket, tmp_path, name):
    """Any file of this machine overwritten by who may write the bucket."""
    bucket.announce(f"model/{name}")
    with pytest.raises(ValueError, match="plain names"):
        with storage.local_folder(bucket.url("model")):
            pass
