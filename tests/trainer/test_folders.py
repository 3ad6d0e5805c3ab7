import json
import logging
import os
import re

import pytest

from trainer import files, storage

RUN = r"run-\d{8}T\d{12}Z-[0-9a-f]{8}"


@pytest.fixture(params=["local", "bucket", "mounted", "mount"])
def place(request, tmp_path, bucket, monkeypatch):
    """A folder of each kind that does not exist yet."""
    if request.param == "bucket":
        return bucket.url("out")
    if request.param in ("mounted", "mount"):
        monkeypatch.setattr(files, "MOUNT_ROOT", str(tmp_path / "mounts"))
        (tmp_path / "mounts" / "bucket").mkdir(parents=True)
        if request.param == "mount":
            return str(tmp_path / "mounts" / "bucket" / "out")
        return bucket.url("out")
    return str(tmp_path / "out")


def contents(folder):
    """Relative names to bytes of all that lies below."""
    found = {}
    for path in storage.glob_files(f"{folder}/**,{folder}/.*"):
        with storage.open_binary(path) as file:
            found[path.removeprefix(f"{folder}/")] = file.read()
    return found


def write(folder, texts):
    for name, text in texts.items():
        storage.write_text(os.path.join(folder, name), text)


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


def test_directory_anywhere(place):
    """Files of an older version left among those of the new one."""
    old = {"mark": "1", "a/x": "old", "a/gone": "old"}
    new = {"mark": "2", "a/x": "new", "b/y": "new"}
    for texts in (old, new):
        with storage.directory_written_whole(place, "mark") as folder:
            assert "://" not in folder
            write(folder, texts)
        assert contents(place) == {
            name: text.encode() for name, text in texts.items()
        }


def test_a_failing_body_keeps_the_old_directory(place):
    """An older result that is gone because the new one failed."""
    with storage.directory_written_whole(place, "mark") as folder:
        write(folder, {"mark": "1", "x": "1"})
    with (
        pytest.raises(RuntimeError),
        storage.directory_written_whole(place, "mark") as folder,
    ):
        write(folder, {"x": "2"})
        raise RuntimeError
    assert contents(place) == {"mark": b"1", "x": b"1"}


@pytest.mark.parametrize(
    "writer", [storage.directory_written_whole, storage.data_set_written_whole]
)
def test_what_is_not_ours_stays(place, writer):
    """A user's folder wiped because its name was given as output."""
    write(place, {"photo.png": "x"})
    with (
        pytest.raises(ValueError, match="holds no mark"),
        writer(place, "mark"),
    ):
        pass
    assert contents(place) == {"photo.png": b"x"}
    # One that only begins alike is another folder.
    with writer(place[:-1], "mark") as made:
        if writer is storage.directory_written_whole:
            write(made, {"mark": "1"})
        else:
            storage.write_text(made.manifest_path, made.prefix)
    assert contents(place) == {"photo.png": b"x"}


def test_the_marker_is_last_and_gone_meanwhile(bucket):
    """A reader that takes a mixture of two versions for a result."""
    for _ in range(2):
        bucket.requests.clear()
        with storage.directory_written_whole(
            bucket.url("out"), "mark"
        ) as folder:
            write(folder, {"mark": "1", "a": "1", "z": "1"})
    deleted = [path for verb, path in bucket.requests if verb == "DELETE"]
    assert any(path.split("?")[0].endswith("/out/mark") for path in deleted)
    generation = {
        name: int(bucket.about(f"out/{name}")["generation"])
        for name in ("a", "mark", "z")
    }
    assert generation["mark"] == max(generation.values())


def test_a_killed_directory_is_written_again(bucket):
    """A job that cannot be started again because it was killed."""
    with storage.directory_written_whole(bucket.url("out"), "mark") as folder:
        write(folder, {"mark": "1", "a": "1", "b": "1"})
    with pytest.raises(OSError):
        with storage.directory_written_whole(
            bucket.url("out"), "mark"
        ) as folder:
            write(folder, {"mark": "2", "a": "2", "b": "2"})
            # Two uploads come through: that it is not finished, and `a`.
            bucket.faults.delay(0, times=2, method="POST")
            bucket.faults.answer(403, method="POST")
    assert contents(bucket.url("out")) == {
        ".mark.unfinished": b"",
        "a": b"2",
        "b": b"1",
    }
    with storage.directory_written_whole(bucket.url("out"), "mark") as folder:
        write(folder, {"mark": "3"})
    assert bucket.names() == ["out/mark"]


@pytest.mark.parametrize(
    "writer", [storage.directory_written_whole, storage.data_set_written_whole]
)
def test_a_login_that_may_not_delete_blocks_nothing(bucket, writer):
    """A path that is refused for ever because of our own trial."""
    bucket.faults.answer(403, method="DELETE")
    with pytest.raises(ValueError, match="can be written"):
        with writer(bucket.url("out"), "mark"):
            pass
    assert len(bucket.names()) == 1
    with writer(bucket.url("out"), "mark"):
        pass


def write_data_set(path, text, is_complete=True):
    """One shard and a manifest that names it; returns the output folder."""
    with storage.data_set_written_whole(path, "schema.json") as output:
        storage.write_text(f"{output.folder}/train", text)
        storage.write_text(f"{output.folder}/other", text)
        if not is_complete:
            raise RuntimeError
        manifest = json.dumps({"shard": f"{output.prefix}train"})
        storage.write_text(output.manifest_path, manifest)
    return output


def read_data_set(path):
    with storage.open_binary(f"{path}/schema.json") as file:
        shard = json.load(file)["shard"]
    with storage.open_binary(f"{path}/{shard}") as file:
        return file.read().decode()


def test_data_set_is_replaced(place):
    """Shards of older runs that pile up, or are the only ones left."""
    for text in ("1", "2", "3"):
        output = write_data_set(place, text)
        assert read_data_set(place) == text
    assert set(contents(place)) == {
        f"{output.prefix}train",
        f"{output.prefix}other",
        "schema.json",
    }


def test_where_a_data_set_goes(place, tmp_path, bucket):
    """Workers elsewhere sent to a folder that only this machine has."""
    output = write_data_set(place, "1")
    if place != str(tmp_path / "out"):
        assert re.fullmatch(f"{RUN}/", output.prefix)
        assert output.folder == f"{place}/{output.prefix.rstrip('/')}"
        assert output.manifest_path == f"{place}/schema.json"
    else:
        assert output.prefix == ""
        assert os.path.dirname(output.folder) == str(tmp_path)
        assert output.manifest_path == f"{output.folder}/schema.json"
    assert output._fields == ("folder", "prefix", "manifest_path")


def test_a_failed_data_set_leaves_the_old_one(place):
    """A failed run after which nothing can be trained any more."""
    write_data_set(place, "1")
    before = contents(place)
    with pytest.raises(RuntimeError):
        write_data_set(place, "2", is_complete=False)
    assert contents(place) == before
    assert read_data_set(place) == "1"


def test_readers_find_the_old_data_set_meanwhile(bucket):
    """A training that starts while its data set is written anew."""
    write_data_set(bucket.url("out"), "1")
    with storage.data_set_written_whole(
        bucket.url("out"), "schema.json"
    ) as output:
        storage.write_text(f"{output.folder}/train", "2")
        assert read_data_set(bucket.url("out")) == "1"


def test_a_refused_manifest_leaves_the_old_data_set(bucket):
    """The old shards deleted though the manifest still names them."""
    write_data_set(bucket.url("out"), "1")
    before = bucket.names()
    with pytest.raises(PermissionError):
        with storage.data_set_written_whole(
            bucket.url("out"), "schema.json"
        ) as output:
            storage.write_text(f"{output.folder}/train", "2")
            bucket.faults.answer(403, method="POST")
            storage.write_text(output.manifest_path, output.prefix)
    assert bucket.names() == before
    assert read_data_set(bucket.url("out")) == "1"


def test_a_failure_after_the_manifest_keeps_the_new_data_set(bucket):
    """A manifest whose shards are deleted because of a late error."""
    write_data_set(bucket.url("out"), "1")
    with pytest.raises(KeyboardInterrupt):
        with storage.data_set_written_whole(
            bucket.url("out"), "schema.json"
        ) as output:
            storage.write_text(f"{output.folder}/train", "2")
            manifest = json.dumps({"shard": f"{output.prefix}train"})
            storage.write_text(output.manifest_path, manifest)
            raise KeyboardInterrupt
    assert read_data_set(bucket.url("out")) == "2"


def test_killed_and_parallel_runs(bucket):
    """Leftovers of a killed first run that block the path for ever; a run
    that deletes the files of one that started later."""
    bucket.put("out/run-20200101T000000000000Z-0a0a0a0a/train", b"killed")
    bucket.put("out/run-29990101T000000000000Z-0a0a0a0a/train", b"later")
    write_data_set(bucket.url("out"), "1")
    assert read_data_set(bucket.url("out")) == "1"
    left = [name for name in bucket.names() if name.endswith("train")]
    assert [name[8:12] for name in left if "run-2" in name][-1] == "2999"
    assert not any("run-2020" in name for name in left)


def test_leftovers_are_told_not_raised(bucket, caplog):
    """A finished data set reported as failed since old files stay."""
    write_data_set(bucket.url("out"), "1")
    with storage.data_set_written_whole(
        bucket.url("out"), "schema.json"
    ) as output:
        storage.write_text(f"{output.folder}/train", "2")
        manifest = json.dumps({"shard": f"{output.prefix}train"})
        storage.write_text(output.manifest_path, manifest)
        bucket.faults.answer(403, times=9, method="DELETE")
        caplog.set_level(logging.WARNING)
    assert "left below" in caplog.text
    assert read_data_set(bucket.url("out")) == "2"


def test_two_runs_beside_one_another(bucket):
    """A manifest whose shards the other run deleted when it ended first."""
    write_data_set(bucket.url("out"), "older")
    with storage.data_set_written_whole(
        bucket.url("out"), "schema.json"
    ) as first:
        storage.write_text(f"{first.folder}/train", "first")
        write_data_set(bucket.url("out"), "second")
        assert read_data_set(bucket.url("out")) == "second"
        manifest = json.dumps({"shard": f"{first.prefix}train"})
        storage.write_text(first.manifest_path, manifest)
    assert read_data_set(bucket.url("out")) == "first"


def test_a_result_is_deleted(place):
    """Files that stay, a neighbour that goes, or an error the second time."""
    write(place, {"mark": "1", ".hidden": "1", "a/b/x": "1"})
    write(f"{place}put", {"mark": "1"})
    for _ in range(2):
        storage.delete_result(place, "mark")
        assert storage.below(place) == []
        assert not storage.is_folder(place)
    assert contents(f"{place}put") == {"mark": b"1"}


def test_what_is_no_result_is_not_deleted(place):
    """Somebody's photographs, gone with the first checkpoint."""
    write(place, {"photos/a": "1"})
    storage.delete_result(place, "mark")
    assert contents(place) == {"photos/a": b"1"}
    with pytest.raises(ValueError, match="holds no mark"):
        storage.check_replaceable(place, "mark")


def test_what_may_be_replaced(place):
    """A second run refused by what the first one wrote, or left."""
    storage.check_replaceable(place, "mark")
    write(place, {"mark": "1", "a": "1"})
    storage.check_replaceable(place, "mark")


def test_half_a_deleted_result_is_still_one(bucket):
    """A model that a kill left half deleted, and that blocks the next one."""
    bucket.put("model/mark", b"1")
    bucket.put("model/a", b"1")
    bucket.faults.answer(403, times=9, method="DELETE", part="model/a")
    path = bucket.url("model")
    with pytest.raises(PermissionError):
        storage.delete_result(path, "mark")
    assert not storage.is_file(f"{path}/mark")
    storage.check_replaceable(path, "mark")


@pytest.mark.parametrize("path", ["gs://bucket", "gs://bucket/"])
def test_a_bucket_is_no_folder(bucket, path):
    """A failure after all work, of files that would lie beside the bucket."""
    for written in (
        storage.data_set_written_whole(path, "schema.json"),
        storage.directory_written_whole(path, "mark"),
    ):
        with pytest.raises(ValueError, match="Add a name: gs://bucket/data"):
            with written:
                raise AssertionError("no work is to be done")
