"""What surrounds the command: the service's variables, and folders."""

import json

import pytest
from task_runs import SMALL, train

from trainer import task


@pytest.mark.parametrize(
    "value,message",
    [
        ("{", "`TF_CONFIG` must be JSON"),
        ('{"cluster": {"ps": ["a:1"]}}', "no other roles"),
        ('{"cluster": {"worker": ["a:1", "b"]}}', "host:port"),
    ],
)
def test_wrong_cluster(
    long_data_set, tmp_path, capsys, monkeypatch, value, message
):
    """A worker that trains alone, or ends in a stack trace."""
    monkeypatch.setenv("TF_CONFIG", value)
    assert train(long_data_set, tmp_path, *SMALL) == 2
    assert message in capsys.readouterr().err


def test_driver_of_many_workers(long_data_set, tmp_path, capsys, monkeypatch):
    """A minute until all are there, and then a flag that was wrong."""
    cluster = {"worker": ["localhost:1", "localhost:2"]}
    task_of = {"type": "worker", "index": 0}
    text = json.dumps({"cluster": cluster, "task": task_of})
    monkeypatch.setenv("TF_CONFIG", text)
    assert train(long_data_set, tmp_path, *SMALL, "--driver=jit") == 2
    assert "driver=jit, 2 replicas" in capsys.readouterr().err


def test_output_that_cannot_be_written(long_data_set, tmp_path, capsys):
    """An hour of training before the first file is refused."""
    (tmp_path / "file").write_text("")
    assert train(long_data_set, tmp_path / "file" / "run", *SMALL) == 2
    assert "`output_dir` must be a folder" in capsys.readouterr().err
    flag = f"--checkpoint_dir={tmp_path}/file/c"
    assert train(long_data_set, tmp_path / "run", *SMALL, flag) == 2
    assert "`checkpoint_dir` must be a folder" in capsys.readouterr().err


def test_folders_of_the_service(long_data_set, tmp_path, monkeypatch):
    """Results written where managed training does not look for them."""
    for name, folder in (
        ("AIP_MODEL_DIR", "job/model/"),
        ("AIP_CHECKPOINT_DIR", "job/checkpoints/"),
        ("AIP_TENSORBOARD_LOG_DIR", "elsewhere/logs/"),
    ):
        monkeypatch.setenv(name, str(tmp_path / folder))
    data_dir, _ = long_data_set
    flags = [*SMALL[:-1], f"--data_dir={data_dir}"]
    assert task.main(flags) == 0
    assert (tmp_path / "job" / "model" / "saved_model.pb").exists()
    assert (tmp_path / "job" / "metrics.json").exists()
    assert list((tmp_path / "job" / "checkpoints").glob("*.npz"))
    assert list((tmp_path / "elsewhere" / "logs").rglob("events*"))


def test_a_trial_has_its_own_folder(long_data_set, tmp_path, monkeypatch):
    """Trials side by side that write over one another."""
    monkeypatch.setenv("CLOUD_ML_TRIAL_ID", "7")
    metric = tmp_path / "metric"
    monkeypatch.setenv("CLOUD_ML_HP_METRIC_FILE", str(metric))
    mode = "--training_mode=reconstruction"
    assert train(long_data_set, tmp_path, *SMALL, mode) == 0
    assert (tmp_path / "7" / "metrics.json").exists()
    assert not (tmp_path / "metrics.json").exists()
    told = json.loads(metric.read_text().splitlines()[-1])
    metrics = json.loads((tmp_path / "7" / "metrics.json").read_text())
    assert float(told["val_loss"]) == metrics["reconstruction"]["val_loss"]
    # On another machine, after a kill.
    metric.unlink()
    assert train(long_data_set, tmp_path, *SMALL, mode) == 0
    assert json.loads(metric.read_text().splitlines()[-1]) | {
        "timestamp": 0
    } == (told | {"timestamp": 0})
