import errno

import numpy as np
import pytest

from trainer import storage
from trainer.checkpoints import Checkpoint, Checkpoints


def make(number):
    return Checkpoint({"a": np.arange(number)}, {"number": number})


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture(params=["local", "bucket"])
def folder(request, tmp_path):
    """A folder's name; there is nothing in it."""
    if request.param == "local":
        return str(tmp_path / "c")
    return request.getfixturevalue("bucket").url("run/c")


def damage(folder, name, change):
    path = f"{folder}/{name}"
    with storage.open_binary(path) as file:
        data = file.read()
    with storage.binary_written_whole(path) as file:
        file.write(change(data))


def test_the_last_two_are_kept(folder):
    """A folder that grows, or that holds nothing to fall back on."""
    checkpoints = Checkpoints(folder)
    assert checkpoints.latest() is None
    for number in range(1, 5):
        checkpoints.save(make(number))
    assert sorted(storage.below(folder)) == [
        "checkpoint-00000003.npz",
        "checkpoint-00000004.npz",
    ]
    found = Checkpoints(folder).latest()
    assert found.state == {"number": 4}
    np.testing.assert_array_equal(found.arrays["a"], np.arange(4))


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data[:-30],
        lambda data: data[:100],
        lambda data: b"",
        lambda data: b"no checkpoint",
        lambda data: data[:60] + bytes([data[60] ^ 1]) + data[61:],
        lambda data: data.replace(b"\x03", b"\x07"),
    ],
)
def test_a_damaged_one_is_left_out_by_name(tmp_path, caplog, change):
    """Weights out of a file that was cut short, or where a bit fell over."""
    checkpoints = Checkpoints(str(tmp_path))
    for number in (3, 4):
        checkpoints.save(make(number))
    damage(tmp_path, "checkpoint-00000002.npz", change)
    again = Checkpoints(str(tmp_path))
    assert again.latest().state == {"number": 3}
    assert "checkpoint-00000002.npz is damaged" in caplog.text
    again.save(make(5))
    assert names(tmp_path) == [
        "checkpoint-00000001.npz",
        "checkpoint-00000003.npz",
    ]


def test_all_damaged(folder):
    """A run that begins anew in silence over what could be mended."""
    Checkpoints(folder).save(make(1))
    damage(folder, "checkpoint-00000001.npz", lambda data: data[:-1])
    with pytest.raises(ValueError, match="00000001.npz, all damaged"):
        Checkpoints(folder).latest()


def test_a_new_run_replaces_the_old_one(tmp_path):
    """An old run's weights to fall back on."""
    Checkpoints(str(tmp_path)).save(make(1))
    Checkpoints(str(tmp_path)).save(make(2))
    assert names(tmp_path) == ["checkpoint-00000002.npz"]


def test_what_a_killed_process_left_is_removed(tmp_path):
    """A disk that fills with each kill; another's file removed."""
    (tmp_path / ".checkpoint-00000007.npz.k1ll3d").write_bytes(b"1")
    (tmp_path / "notes.npz").write_bytes(b"1")
    Checkpoints(str(tmp_path)).save(make(1))
    assert names(tmp_path) == ["checkpoint-00000001.npz", "notes.npz"]


def test_a_full_disk_loses_nothing(tmp_path, monkeypatch):
    """The last good checkpoint deleted before the next one is written."""
    checkpoints = Checkpoints(str(tmp_path))
    checkpoints.save(make(1))

    def fail(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.replace", fail)
        with pytest.raises(OSError, match="No space left.*still there"):
            checkpoints.save(make(2))
    assert Checkpoints(str(tmp_path)).latest().state == {"number": 1}
    assert names(tmp_path) == ["checkpoint-00000001.npz"]
