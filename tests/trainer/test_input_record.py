import pytest

from trainer import storage
from trainer.input_record import InputRecord


@pytest.mark.parametrize("is_remote", [False, True])
def test_what_makes_a_data_set_anew(long_data_set, tmp_path, bucket, is_remote):
    """An object that was replaced by one of the same size, taken for it."""
    data_dir, _ = long_data_set
    folder = bucket.url("in") if is_remote else str(tmp_path)
    raw, path = f"{folder}/a.csv", f"{folder}/input.json"

    def record(made_by="command", data=data_dir):
        return InputRecord(path, data, made_by, [raw])

    storage.write_text(raw, "1,2")
    assert not record().is_current()
    record().write()
    assert record().is_current()
    assert not record(made_by="another").is_current()
    assert not record(data=str(tmp_path / "nothing")).is_current()
    storage.write_text(raw, "1,3")
    assert not record().is_current()
    record().write()
    storage.write_text(path, "{")
    assert not record().is_current()
    with pytest.raises(OSError, match="nothing"):
        InputRecord(path, data_dir, "", [f"{folder}/nothing.csv"])
