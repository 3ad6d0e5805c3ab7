import pytest

from trainer import storage


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


def test_nothing_matches(tmp_path):
    """An empty glob that goes on as an empty data set."""
    with pytest.raises(ValueError, match="No file matches"):
        storage.matching_files(f"{tmp_path}/*.csv")


def test_buckets_are_refused_by_name():
    """A gs:// path taken for a folder called 'gs:'."""
    with pytest.raises(ValueError, match="must be local"):
        storage.matching_files("gs://bucket/x.csv")


@pytest.mark.parametrize("below", ["file", "file/x", "/proc/x"])
def test_folders_that_cannot_be_written(tmp_path, below):
    """Hours of training whose result cannot be stored."""
    (tmp_path / "file").write_text("1")
    with pytest.raises(ValueError, match="`output_dir` must be a folder"):
        storage.check_writable(str(tmp_path / below), "output_dir")


def test_write_text_leaves_nothing_behind(tmp_path):
    """A temporary file that stays; half a file that is read."""
    storage.write_text(str(tmp_path / "x" / "a.json"), "1")
    storage.write_text(str(tmp_path / "x" / "a.json"), "2")
    assert [path.name for path in (tmp_path / "x").iterdir()] == ["a.json"]
    assert (tmp_path / "x" / "a.json").read_text() == "2"


def test_directory_is_replaced_only_when_ours(tmp_path):
    """A user's folder wiped because its name was given as output."""
    target = tmp_path / "out"
    for text in ("1", "2"):
        with storage.directory_written_whole(str(target), "mark") as folder:
            with open(f"{folder}/mark", "w") as file:
                file.write(text)
    assert (target / "mark").read_text() == "2"
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.png").write_text("x")
    with (
        pytest.raises(ValueError, match="holds no mark"),
        storage.directory_written_whole(str(tmp_path / "photos"), "mark"),
    ):
        pass
    assert (tmp_path / "photos" / "a.png").exists()


def test_failure_keeps_the_old_directory(tmp_path):
    """A failed run that leaves neither the old result nor the new one."""
    target = tmp_path / "out"
    with storage.directory_written_whole(str(target), "mark") as folder:
        open(f"{folder}/mark", "w").close()
    with (
        pytest.raises(RuntimeError),
        storage.directory_written_whole(str(target), "mark"),
    ):
        raise RuntimeError
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert (target / "mark").exists()
