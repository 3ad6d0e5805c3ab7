"""The command that sends a tuning job, without a cloud."""

import pytest
from google.cloud import aiplatform_v1
from google.cloud.aiplatform_v1.types import (
    CreateHyperparameterTuningJobRequest,
    HyperparameterTuningJob,
)
from searches import FOLDER

from hptuning import submit
from hptuning.job import read_job
from trainer import storage
from trainer.cloud import source_distribution

FILE = str(FOLDER / "dense_autoencoder.yaml")
JOB = "projects/1/locations/us-central1/hyperparameterTuningJobs/42"
FLAGS = [
    f"--config={FILE}",
    "--project=my-project",
    "--region=us-central1",
    "--image=us-central1-docker.pkg.dev/my-project/residua/train:v1",
    "--staging_dir=gs://bucket/staging",
    "--base_output_dir=gs://bucket/tuned",
]
TRAINING = ["--", "--data_dir=gs://bucket/data", "--epochs=9"]


@pytest.fixture(autouse=True)
def sdist(tmp_path, monkeypatch):
    """Stands in for the build, which has tests of its own."""
    path = tmp_path / "residua-0.1.0.tar.gz"
    path.write_bytes(b"code")
    monkeypatch.setattr(source_distribution, "build", lambda _: str(path))
    monkeypatch.setattr(source_distribution, "content_hash", lambda _: "0123")


@pytest.fixture
def requests(monkeypatch):
    """What reached Vertex AI."""
    sent = []

    class Client:
        def __init__(self, client_options):
            pass

        def create_hyperparameter_tuning_job(self, request, timeout):
            sent.append(request)
            return HyperparameterTuningJob(name=JOB)

    monkeypatch.setattr(aiplatform_v1, "JobServiceClient", Client)
    return sent


def dry_run(capsys, *flags):
    """The typed request that a dry run prints; unknown fields raise."""
    assert submit.main([*FLAGS, "--dry_run", *flags, *TRAINING]) == 0
    return CreateHyperparameterTuningJobRequest.from_json(
        capsys.readouterr().out, ignore_unknown_fields=False
    )


def test_a_dry_run_prints_the_whole_request(monkeypatch, requests, capsys):
    """A study that is not the file's; a trial without the checkout's code."""

    is_file = storage.is_file

    def fail(*_, **__):
        raise AssertionError("a bucket was asked")

    monkeypatch.setattr(storage, "put_file", fail)
    monkeypatch.setattr(
        storage,
        "is_file",
        lambda path: fail() if path.startswith("gs://") else is_file(path),
    )
    request = dry_run(capsys, "--labels=team=pumps", "--machine_type=e2-x")
    job, file = request.hyperparameter_tuning_job, read_job(FILE)
    assert request.parent == "projects/my-project/locations/us-central1"
    assert job.study_spec == file.study_spec
    assert job.max_trial_count == file.max_trial_count
    assert job.display_name == file.display_name
    assert dict(job.labels) == {"team": "pumps"}
    spec = job.trial_job_spec
    assert spec.base_output_directory.output_uri_prefix == "gs://bucket/tuned"
    (pool,) = spec.worker_pool_specs
    assert pool.machine_spec.machine_type == "e2-x"
    assert list(pool.container_spec.args) == [
        "--preset=talk_dense",
        "--training_mode=reconstruction",
        *TRAINING[1:],
        "--log_format=json",
    ]
    assert pool.container_spec.command[-1] == (
        "gs://bucket/staging/0123/residua-0.1.0.tar.gz"
    )
    assert requests == []


def test_what_is_printed_is_what_is_sent(bucket, requests, capsys):
    """A dry run of another request; a custom job in place of a tuning job."""
    flags = [
        each.replace("gs://bucket", bucket.url().rstrip("/"))
        for each in FLAGS[4:]
    ]
    printed = dry_run(capsys, "--display_name=mine", *flags)
    arguments = [*FLAGS, *flags, "--display_name=mine", *TRAINING]
    assert submit.main(arguments) == 0
    assert requests == [printed]
    said = capsys.readouterr()
    assert said.out == f"{JOB}\n"
    assert f"gcloud ai hp-tuning-jobs stream-logs {JOB}" in said.err


@pytest.mark.parametrize(
    "flags, words",
    [
        ([], "--base_output_dir"),
        ([*FLAGS[5:], "--region=us"], "a region, not a zone"),
        ([*FLAGS[5:], "--", "--data_dir=here"], "must lie in a bucket"),
        ([*FLAGS[5:], "--", "--learning_rate=1"], "left to the trials"),
        ([*FLAGS[5:], "--", "--training_mode=all"], "=reconstruction"),
        ([*FLAGS[5:], "--epochs=3"], "before `--`"),
    ],
)
def test_what_is_to_be_mended(requests, capsys, flags, words):
    """A job that fails after minutes, thirty times."""
    assert submit.main([*FLAGS[:5], *flags]) == 2
    captured = capsys.readouterr()
    assert words in captured.err
    assert captured.out == "" and requests == []
