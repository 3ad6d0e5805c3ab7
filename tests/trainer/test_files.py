import gzip
import io
import os

import pytest

from trainer import files, storage


@pytest.mark.parametrize("below", ["file", "file/x", "/proc/x"])
def test_folders_that_cannot_be_written(tmp_path, below):
    """Hours of training whose result cannot be stored."""
    (tmp_path / "file").write_text("1")
    with pytest.raises(ValueError, match="`output_dir` must be a folder"):
        storage.check_writable(str(tmp_path / below), "output_dir")


def test_buckets_that_cannot_be_written(bucket):
    """Hours of work whose result cannot be stored; a trial left behind."""
    storage.check_writable(bucket.url("out"), "output")
    assert bucket.names() == []
    bucket.faults.answer(403, method="POST")
    with pytest.raises(ValueError, match="`output` must be a folder.*role"):
        storage.check_writable(bucket.url("out"), "output")


def test_check_local_refuses_buckets():
    """A gs:// path taken for a folder called 'gs:'."""
    with pytest.raises(ValueError, match="must be local"):
        storage.check_local("gs://bucket/x")


def test_write_text_leaves_nothing_behind(tmp_path):
    """A temporary file that stays; half a file that is read."""
    storage.write_text(str(tmp_path / "x" / "a.json"), "1")
    storage.write_text(str(tmp_path / "x" / "a.json"), "2")
    assert [path.name for path in (tmp_path / "x").iterdir()] == ["a.json"]
    assert (tmp_path / "x" / "a.json").read_text() == "2"


@pytest.mark.parametrize("is_remote", [False, True])
def test_failure_keeps_the_old_file(tmp_path, bucket, is_remote, monkeypatch):
    """Half a file under its final name; a temporary file that stays."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    path = bucket.url("a.csv") if is_remote else str(tmp_path / "a.csv")
    storage.write_text(path, "old")
    for write in (storage.file_written_whole, storage.binary_written_whole):
        with pytest.raises(RuntimeError), write(path) as file:
            file.write("new" if write is storage.file_written_whole else b"new")
            raise RuntimeError
    with storage.open_binary(path) as file:
        assert file.read() == b"old"
    assert os.listdir(scratch) == []
    assert len(os.listdir(tmp_path)) == (1 if is_remote else 2)


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("a.csv", "text/csv"),
        ("report.html", "text/html"),
        ("a.json", "application/json"),
        ("a.csv.gz", "application/gzip"),
        ("train-0.tfrecord", "application/octet-stream"),
    ],
)
def test_content_type(bucket, name, content_type):
    """A page that a browser offers to store instead of showing it."""
    storage.write_text(bucket.url(name), "x")
    assert bucket.about(name)["contentType"] == content_type
    assert "contentEncoding" not in bucket.about(name)


@pytest.mark.parametrize(
    "name",
    [
        "a b.csv",
        "a#b.csv",
        "a?b.csv",
        "a%20b.csv",
        "a%2Fb.csv",
        "größe/ä.csv",
        "a+b&c=d.csv",
        "a[1]*.csv",
        "温度.csv",
    ],
)
def test_odd_names(bucket, name):
    """A name that is cut or decoded on its way into a request."""
    path = bucket.url(f"odd/{name}")
    storage.write_text(path, name)
    assert bucket.names() == [f"odd/{name}"]
    assert storage.glob_files(path) == [path]
    assert storage.glob_files(bucket.url("odd")) == [path]
    assert storage.is_file(path)
    with storage.open_binary(path) as file:
        assert file.read().decode() == name
    storage.delete_files([path])
    assert bucket.names() == []


def test_what_is_there(tmp_path, bucket):
    """A prefix `a` that is found because `ab/` is there."""
    (tmp_path / "ab").mkdir()
    (tmp_path / "ab" / "c").write_bytes(b"123")
    bucket.put("ab/c", b"123")
    for root in (str(tmp_path), bucket.url().rstrip("/")):
        assert storage.is_folder(f"{root}/ab")
        assert storage.is_folder(f"{root}/ab/")
        assert not storage.is_folder(f"{root}/a")
        assert not storage.is_folder(f"{root}/ab/c")
        assert storage.is_file(f"{root}/ab/c")
        assert not storage.is_file(f"{root}/ab")
        assert not storage.is_file(f"{root}/a")
        with pytest.raises(FileNotFoundError):
            storage.open_binary(f"{root}/a")
        assert storage.is_folder(root)


def test_deleting_what_is_not_there(tmp_path, bucket):
    """A second clean-up that fails because the first one worked."""
    (tmp_path / "a").write_text("1")
    bucket.put("a", b"1")
    paths = [str(tmp_path / "a"), bucket.url("a")]
    for _ in range(2):
        storage.delete_files(paths)
    assert bucket.names() == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("out", "./out/", True),
        ("out/new", "out/../out/new", True),
        ("link", "out", True),
        ("out", "other", False),
        ("out", "out/new", False),
        ("gs://bucket/out", "gs://bucket/out/", True),
        ("gs://bucket/out", "gs://bucket/output", False),
        ("gs://bucket/out", "bucket/out", False),
        ("gs://mounted/out", "mounts/mounted/out", True),
        ("gs://mounted/out", "gs://mounted/out/", True),
        ("gs://mounted/out", "gs://bucket/out", False),
    ],
)
def test_same_folder(tmp_path, monkeypatch, one, other, is_same):
    """A data set replaced by the run that reads it, or a run refused."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(files, "MOUNT_ROOT", str(tmp_path / "mounts"))
    (tmp_path / "mounts" / "mounted").mkdir(parents=True)
    (tmp_path / "out").mkdir()
    (tmp_path / "link").symlink_to("out")
    assert storage.is_same_folder(one, other) == is_same
    assert storage.is_same_folder(other, one) == is_same


def test_mounted_buckets_are_files(tmp_path, bucket, monkeypatch):
    """Requests to a service for files that are mounted."""
    monkeypatch.setattr(files, "MOUNT_ROOT", str(tmp_path))
    (tmp_path / "bucket").mkdir()
    path = bucket.url("out/a.txt")
    storage.check_writable(bucket.url("out"), "output")
    storage.write_text(path, "1")
    assert storage.resolved(path) == str(tmp_path / "bucket/out/a.txt")
    assert (tmp_path / "bucket/out/a.txt").read_text() == "1"
    assert storage.is_file(path)
    assert storage.is_folder(bucket.url("out"))
    storage.delete_files([path])
    assert os.listdir(tmp_path / "bucket/out") == []
    assert not bucket.requests
    assert storage.resolved("gs://other/a") == "gs://other/a"


def test_objects_kept_in_gzip(bucket):
    """Compressed bytes read as if they were the file."""
    packed = gzip.compress(b"1,2\n3,4\n")
    bucket.put("a.csv", packed, encoding="gzip")
    bucket.put("a.csv.gz", packed, encoding="gzip")
    for name, expected in (("a.csv", b"1,2\n3,4\n"), ("a.csv.gz", packed)):
        with storage.open_binary(bucket.url(name)) as file:
            assert file.read() == expected
        with storage.local_files([bucket.url(name)]) as (path,):
            with open(path, "rb") as file:
                assert file.read() == expected


def test_an_object_reads_like_a_file(bucket):
    """A seek or a short read that returns other bytes than a file would."""
    data = bytes(range(256)) * 100
    bucket.put("a", data)
    plain = io.BytesIO(data)
    with storage.open_binary(bucket.url("a")) as file:
        for move, whence, count in (
            (0, 0, 10),
            (5, 1, 7),
            (-300, 2, 200),
            (20000, 0, 9000),
            (30000, 0, 10),
            (3, 0, 0),
            (0, 0, -1),
        ):
            assert file.seek(move, whence) == plain.seek(move, whence)
            assert file.read(count) == plain.read(count)
            assert file.tell() == plain.tell()
    bucket.put("empty", b"")
    with storage.open_binary(bucket.url("empty")) as file:
        assert file.read() == b""
