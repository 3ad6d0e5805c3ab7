"""What a job in the cloud does, on this machine with a bucket beside it."""

import io
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from trainer import storage, submit
from trainer.cloud import source_distribution

# What the service sets for a job of one worker; TF_CONFIG it leaves out.
CLUSTER_SPEC = {
    "cluster": {"workerpool0": ["cmle-training-workerpool0-ab-0:2222"]},
    "environment": "cloud",
    "task": {"type": "workerpool0", "index": 0},
    "job": "{}",
}
MARK = "code of the sdist:"
TRAINING = (
    "--preset=talk_dense",
    "--encoder_units=8",
    "--decoder_units=8",
    "--window_length=12",
    "--epochs=2",
    "--driver=graph",
)


@pytest.fixture
def container(bucket, capsys, long_data_set):
    """Command and arguments of a job's container, its code staged."""
    data_dir = bucket.put_folder("data", long_data_set[0])
    arguments = [
        "--project=my-project",
        "--region=us-central1",
        "--image=us-central1-docker.pkg.dev/my-project/residua/train:latest",
        f"--staging_dir={bucket.url('staging')}",
        f"--base_output_dir={bucket.url('job')}",
        "--dry_run",
        "--",
        f"--data_dir={data_dir}",
        *TRAINING,
    ]
    assert submit.main(arguments) == 0
    request = json.loads(capsys.readouterr().out)
    (pool,) = request["customJob"]["jobSpec"]["workerPoolSpecs"]
    return pool["containerSpec"]


def cloud_environment(bucket, temporary_folder):
    """This process' environment, and what the service sets."""
    scripts = os.path.dirname(sys.executable)
    return os.environ | {
        "PATH": scripts + os.pathsep + os.environ["PATH"],
        "TMPDIR": str(temporary_folder),
        "CLUSTER_SPEC": json.dumps(CLUSTER_SPEC),
        "AIP_MODEL_DIR": bucket.url("job/model/"),
        "AIP_CHECKPOINT_DIR": bucket.url("job/checkpoints/"),
        "AIP_TENSORBOARD_LOG_DIR": bucket.url("job/logs/"),
        "STORAGE_EMULATOR_HOST": bucket.host,
    }


def stage_marked(bucket, name, folder):
    """Stages the sdist, with a line that only its code would write."""
    (folder / "build").mkdir()
    path = source_distribution.build(str(folder / "build"))
    marked = io.BytesIO()
    code = f"import sys; sys.stderr.write('{MARK} ' + __file__ + '\\n')\n"
    with (
        tarfile.open(path) as source,
        tarfile.open(fileobj=marked, mode="w:gz") as target,
    ):
        for member in source:
            content = source.extractfile(member)
            if member.name.endswith("/trainer/__init__.py"):
                content = io.BytesIO(code.encode())
                member.size = len(code)
            target.addfile(member, content)
    bucket.put(name, marked.getvalue())


def run_container(container, bucket, folder, temporary_folder):
    """Runs what a job's container does, in `folder`, until it ends."""
    return subprocess.run(
        [*container["command"], *container["args"]],
        cwd=folder,
        env=cloud_environment(bucket, temporary_folder),
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_a_job_trains_with_the_staged_code(
    bucket, container, tmp_path, long_data_set
):
    """A package that is missing in the sdist; a path that is no bucket's."""
    package = container["command"][-1]
    stage_marked(bucket, package.removeprefix(bucket.url()), tmp_path)
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "trainer").mkdir(parents=True)
    # As in an image whose working folder holds another version.
    (elsewhere / "trainer" / "__init__.py").write_text("raise SystemExit(9)")
    done = run_container(container, bucket, elsewhere, tmp_path)
    assert done.returncode == 0, done.stderr[-3000:]
    loaded_from = done.stderr.partition(MARK)[2].split()[0]
    assert Path(loaded_from).is_relative_to(tmp_path)
    assert os.listdir(elsewhere) == ["trainer"]
    names = bucket.names()
    for folder in ("job/model/", "job/checkpoints/", "job/logs/"):
        assert any(name.startswith(folder) for name in names), folder
    with storage.local_folder(bucket.url("job/model")) as folder:
        model = tf.saved_model.load(folder)
        values = np.random.default_rng(0).normal(size=(3, 12, 4))
        served = model.signatures["serving_default"](
            values=tf.constant(values, tf.float32)
        )
    assert np.isfinite(served["time_score"].numpy()).all()


def test_a_job_without_its_code_fails_at_once(bucket, container, tmp_path):
    """The image's own code trains instead, which may be another version."""
    done = run_container(container, bucket, tmp_path, tmp_path)
    assert done.returncode != 0
    assert "residua-0.1.0.tar.gz" in done.stderr
    assert not any(name.startswith("job/") for name in bucket.names())
