import subprocess
import sys

import pytest

from trainer import files, storage


def test_matching_files_sorts_and_descends(tmp_path):
    """An order that depends on the file system; a folder not descended."""
    (tmp_path / "b").mkdir()
    for name in ("z.csv", "a.csv", "b/c.csv"):
        (tmp_path / name).write_text("1")
    found = storage.matching_files(str(tmp_path))
    assert [path[len(str(tmp_path)) + 1 :] for path in found] == [
        "a.csv",
        "b/c.csv",
        "z.csv",
    ]
    pattern = f"{tmp_path}/z*,{tmp_path}/a.csv"
    assert len(storage.matching_files(pattern)) == 2


def test_nothing_matches(tmp_path, bucket):
    """An empty glob that goes on as an empty data set."""
    for folder in (str(tmp_path), bucket.url("data")):
        with pytest.raises(ValueError, match="No file matches"):
            storage.matching_files(f"{folder}/*.csv")


NAMES = (
    "a/1.csv",
    "a/2.csv",
    "a/b/3.csv",
    "a/b/c/4.csv",
    "a/b/c/5.txt",
    "ab/6.csv",
    "a/.hidden.csv",
    "a/.folder/7.csv",
    "a/8.csv.0123456789abcdef0123456789abcdef.temporary",
    "9.csv",
)


@pytest.mark.parametrize(
    "pattern",
    [
        "a",
        "a/",
        "a/*",
        "a/*.csv",
        "a/**",
        "a/**/*.csv",
        "a/**/c/*",
        "**/*.csv",
        "**/b/**/4*",
        "a*/*.csv",
        "a/[12].csv",
        "a/?.csv",
        "a/.*",
        "a/.hidden.csv",
        "9.csv",
        "missing",
        "a/1.csv/",
        "*/b",
    ],
)
def test_buckets_are_searched_like_folders(tmp_path, bucket, pattern):
    """Files that a pattern finds here, but not in a bucket, or more of them."""
    for name in NAMES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("1")
        bucket.put(name, b"1")
    here = storage.glob_files(f"{tmp_path}/{pattern}")
    there = storage.glob_files(bucket.url(pattern))
    assert [path.removeprefix(bucket.url()) for path in there] == [
        path.removeprefix(f"{tmp_path}/") for path in here
    ]


def test_folder_marks_are_no_files(bucket):
    """Empty objects that stand for folders, read as empty files."""
    bucket.put("data/", b"")
    bucket.put("data/deep/", b"")
    bucket.put("data/deep/a.csv", b"1")
    expected = [bucket.url("data/deep/a.csv")]
    for pattern in ("data", "data/", "data/**"):
        assert storage.glob_files(bucket.url(pattern)) == expected


def test_only_the_prefix_is_listed(bucket):
    """A bucket of millions of objects listed for the sake of one folder."""
    bucket.put("data/a/1.csv", b"1")
    bucket.put("data/b/2.csv", b"1")
    storage.glob_files(bucket.url("data/a*/*.csv"))
    storage.glob_files(bucket.url("data/b"))
    listed = [path for _, path in bucket.requests if "/o?" in path]
    assert len(listed) == 2
    assert "prefix=data/a&" in listed[0]
    assert "prefix=data/b/&" in listed[1]


def test_names_with_signs_of_a_pattern(tmp_path, bucket):
    """A file that exists, yet is not found under its own name."""
    (tmp_path / "a[1].csv").write_text("1")
    path = str(tmp_path / "a[1].csv")
    assert storage.glob_files(path) == [path]
    bucket.put("a?.csv", b"1")
    bucket.put("ab.csv", b"1")
    assert storage.glob_files(bucket.url("a?.csv")) == [bucket.url("a?.csv")]


def test_several_patterns(tmp_path, bucket):
    """A comma taken for a part of a name; a file named twice read twice."""
    (tmp_path / "x.csv").write_text("1")
    bucket.put("y.csv", b"1")
    pattern = f"{tmp_path}/*,{bucket.url('*')},{bucket.url('y.csv')}"
    assert storage.glob_files(pattern) == [
        str(tmp_path / "x.csv"),
        bucket.url("y.csv"),
    ]


def test_a_mounted_bucket_keeps_its_names(tmp_path, bucket, monkeypatch):
    """Paths of this machine's mount handed to workers that have none."""
    monkeypatch.setattr(files, "MOUNT_ROOT", str(tmp_path))
    (tmp_path / "bucket" / "data").mkdir(parents=True)
    (tmp_path / "bucket" / "data" / "a.csv").write_bytes(b"mounted")
    name = bucket.url("data/a.csv")
    for pattern in ("data", "data/*", "**", "data/a.csv", ""):
        assert storage.glob_files(bucket.url(pattern)) == [name]
    with storage.open_binary(name) as file:
        assert file.read() == b"mounted"
    assert not bucket.requests


@pytest.mark.parametrize("path", ["gs://", "gs:///a", "gs://*/a.csv"])
def test_paths_without_a_bucket(path):
    """All buckets of an account listed; a name taken for a bucket."""
    with pytest.raises(ValueError, match="gs://BUCKET/NAME"):
        storage.glob_files(path)


def test_other_services_are_refused():
    """An s3:// path taken for a folder called 's3:'."""
    with pytest.raises(ValueError, match="local or begin with gs://"):
        storage.glob_files("s3://bucket/x.csv")


def test_local_paths_load_nothing_of_google(tmp_path):
    """Seconds of imports, on each worker, for files that are local."""
    code = (
        "import sys\n"
        "from trainer import storage\n"
        f"storage.write_text({str(tmp_path / 'a')!r}, '1')\n"
        f"storage.glob_files({str(tmp_path)!r})\n"
        "print([name for name in sys.modules if name.startswith('google')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    loaded = done.stdout.strip()
    assert "google.cloud.storage" not in loaded
    assert "google.auth" not in loaded
