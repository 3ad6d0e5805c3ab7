"""The command that sends a job, without a cloud."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from google.cloud import aiplatform_v1
from google.cloud.aiplatform_v1.types import CreateCustomJobRequest, CustomJob

from trainer import storage, submit
from trainer.cloud import source_distribution

ROOT = Path(__file__).parents[2]
# Documents whose commands are followed: all of one, a section of the other.
DOCUMENTS = (("docs/cloud.md", ""), ("README.md", "In the cloud"))
JOB = "projects/1/locations/us-central1/customJobs/42"
TRAINING = (
    "--data_dir=gs://bucket/data",
    "--preset=talk_dense",
    "--epochs=2",
)


@pytest.fixture(autouse=True)
def sdist(tmp_path, monkeypatch):
    """Stands in for the build, which has tests of its own."""
    path = tmp_path / "residua-0.1.0.tar.gz"
    path.write_bytes(b"code")
    monkeypatch.setattr(source_distribution, "build", lambda _: str(path))
    monkeypatch.setattr(source_distribution, "content_hash", lambda _: "0123")
    return path


@pytest.fixture
def service(monkeypatch):
    """The requests that reached Vertex AI."""
    requests = []

    class Client:
        def __init__(self, client_options):
            pass

        def create_custom_job(self, request, timeout):
            requests.append(request)
            return CustomJob(name=JOB)

    monkeypatch.setattr(aiplatform_v1, "JobServiceClient", Client)
    return requests


@pytest.fixture
def offline(monkeypatch):
    """Fails where anything is asked of a bucket or a service."""

    def fail(*_, **__):
        raise AssertionError("the cloud was asked")

    monkeypatch.setattr(aiplatform_v1, "JobServiceClient", fail)
    for name in ("is_file", "put_file", "open_binary"):
        monkeypatch.setattr(storage, name, fail)


def flags(**changes):
    """The command's own flags; None leaves one out."""
    values = {
        "project": "my-project",
        "region": "us-central1",
        "image": "us-central1-docker.pkg.dev/my-project/residua/train:v1",
        "staging_dir": "gs://bucket/staging/",
        "base_output_dir": "gs://bucket/run",
    } | changes
    return [
        f"--{name}={value}"
        for name, value in values.items()
        if value is not None
    ]


def dry_run(capsys, *training, **changes):
    """The typed request that a dry run prints; unknown fields raise."""
    arguments = [*flags(**changes), "--dry_run", "--", *training]
    assert submit.main(arguments) == 0
    return CreateCustomJobRequest.from_json(
        capsys.readouterr().out, ignore_unknown_fields=False
    )


def refusal(capsys, arguments):
    """What a person reads where nothing is sent."""
    assert submit.main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err


def test_a_dry_run_prints_the_request_and_no_more(offline, capsys):
    """A dry run that needs a login; words between the JSON on stdout."""
    request = dry_run(capsys, *TRAINING, num_workers=3, spot="true")
    assert request.parent == "projects/my-project/locations/us-central1"
    spec = request.custom_job.job_spec
    assert [pool.replica_count for pool in spec.worker_pool_specs] == [1, 2]
    assert spec.scheduling.strategy.name == "SPOT"
    container = spec.worker_pool_specs[0].container_spec
    assert list(container.args) == [*TRAINING, "--log_format=json"]
    assert container.command[-1] == (
        "gs://bucket/staging/0123/residua-0.1.0.tar.gz"
    )


def test_what_is_printed_is_what_is_sent(bucket, service, capsys):
    """A dry run of another request than the real one."""
    printed = dry_run(capsys, *TRAINING, num_workers=2)
    arguments = [*flags(num_workers=2), "--", *TRAINING]
    assert submit.main(arguments) == 0
    assert service == [printed]


def test_the_code_is_staged_before_the_job_is_sent(bucket, service, capsys):
    """A job that starts before its code is there, or finds other code."""
    assert submit.main([*flags(), "--", *TRAINING]) == 0
    assert bucket.names() == ["staging/0123/residua-0.1.0.tar.gz"]
    assert bucket.get(bucket.names()[0]) == b"code"
    captured = capsys.readouterr()
    assert captured.out == JOB + "\n"
    assert f"gcloud ai custom-jobs stream-logs {JOB}" in captured.err
    assert "/us-central1/training/42?project=my-project" in captured.err


def test_staged_code_stays_as_it_is(bucket, service):
    """The file of a running job written again under its hands."""
    bucket.put("staging/0123/residua-0.1.0.tar.gz", b"as staged before")
    assert submit.main([*flags(), "--", *TRAINING]) == 0
    assert bucket.get(bucket.names()[0]) == b"as staged before"
    assert len(service) == 1


def test_nothing_is_sent_when_staging_fails(bucket, service, capsys):
    """A job without code."""
    bucket.faults.answer(403, times=50)
    assert "staging" in refusal(capsys, [*flags(), "--", *TRAINING])
    assert service == []


@pytest.mark.parametrize(
    ("training", "named"),
    [
        (["--data_dir=gs://b/d", "--epoch=2"], "--epochs"),
        (["--data_dir=gs://b/d", "--ridge=-1"], "ridge"),
        (["--data_dir=gs://b/d", "--preset=nothing"], "talk_dense"),
        (["--seed=2"], "`data_dir` must be given"),
        (["--data_dir=data"], "gs://BUCKET"),
        (["--data_dir=gs://b/d", "--output_dir=run"], "`output_dir`"),
        (["--data_dir=gs://b/d", "--checkpoint_dir=here"], "`checkpoint_dir`"),
    ],
)
def test_the_trainers_flags_are_checked_here(offline, capsys, training, named):
    """A misspelt flag, or a folder out of reach, found minutes later."""
    assert named in refusal(capsys, [*flags(), "--dry_run", "--", *training])


@pytest.mark.parametrize(
    ("training", "named"),
    [("--driver=jit", "`driver`"), ("--batch_size=3", "`batch_size`")],
)
def test_what_many_replicas_refuse(offline, capsys, training, named):
    """Machines that start, and end together with the same error."""
    assert dry_run(capsys, *TRAINING, training)
    arguments = [*flags(num_workers=4), "--dry_run", "--", *TRAINING, training]
    assert named in refusal(capsys, arguments)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--data_dir=gs://b/d"], "before `--`"),
        (flags(project=None), "`project` must be given"),
        (flags(staging_dir="staging"), "staging_dir"),
        (flags(accelerator_type="T4"), "NVIDIA_TESLA_T4"),
        (flags(acelerator_type="T4"), "--accelerator_type"),
        (
            [*flags(base_output_dir=None), "--", *TRAINING],
            "`base_output_dir` must be given",
        ),
    ],
)
def test_own_flags_are_checked(offline, capsys, arguments, named):
    """A job that the service refuses, or whose results are lost."""
    assert named in refusal(capsys, arguments)


@pytest.mark.parametrize(
    "folder", ["gs://bucket/data", "/gcs/bucket/data", "/gcs", "gs:/bucket"]
)
def test_a_bucket_can_be_named_in_two_ways(offline, capsys, folder):
    """A mounted path refused, or one that only looks like it let through."""
    arguments = [*flags(), "--dry_run", "--", f"--data_dir={folder}"]
    is_reachable = folder.endswith("/bucket/data")
    assert submit.main(arguments) == (0 if is_reachable else 2)


@pytest.mark.parametrize(
    "given", [["--log_format=text"], ["--log_format", "text"]]
)
def test_a_log_format_that_was_asked_for_stays(offline, capsys, given):
    """The flag twice, the second one with another value."""
    request = dry_run(capsys, *TRAINING, *given)
    pool = request.custom_job.job_spec.worker_pool_specs[0]
    assert list(pool.container_spec.args) == [*TRAINING, *given]


def test_an_output_folder_of_its_own_is_enough(offline, capsys):
    """The service's folders demanded where the trainer names its own."""
    request = dry_run(
        capsys, *TRAINING, "--output_dir=gs://bucket/run", base_output_dir=None
    )
    assert "base_output_directory" not in request.custom_job.job_spec


def test_the_request_is_plain_json(offline, capsys):
    """Numbers instead of names, which nobody can review."""
    arguments = [*flags(accelerator_type="NVIDIA_L4", spot="true"), "--dry_run"]
    assert submit.main([*arguments, "--", *TRAINING]) == 0
    spec = json.loads(capsys.readouterr().out)["customJob"]["jobSpec"]
    machine = spec["workerPoolSpecs"][0]["machineSpec"]
    assert machine["acceleratorType"] == "NVIDIA_L4"
    assert spec["scheduling"]["strategy"] == "SPOT"


def test_a_missing_library_is_told(monkeypatch, capsys):
    """An import error of a package that the reader never chose."""
    monkeypatch.setitem(sys.modules, "google.cloud.aiplatform_v1", None)
    told = refusal(capsys, [*flags(), "--dry_run", "--", *TRAINING])
    assert "pip install" in told


def test_a_second_separator_belongs_to_the_trainer(offline, capsys):
    """The command line is cut at the last `--` instead of the first."""
    told = refusal(capsys, [*flags(), "--", *TRAINING, "--", "more"])
    assert "for trainer.task" in told


def told_commands(name, section):
    """The arguments of each `trainer.submit` in a document, as a shell sees
    them; all other programs do nothing.
    """
    text = (ROOT / name).read_text()
    if section:
        _, heading, rest = text.partition(f"\n## {section}\n")
        assert heading, f"{name} has no section `{section}`"
        text = rest.partition("\n## ")[0]
    script = "\n".join(re.findall(r"^    (.*)$", text, re.MULTILINE))
    shims = "gcloud() { :; }; docker() { :; }; tensorboard() { :; }\n"
    shims += "python() { printf '%s\\0' \"$@\" END; }\n"
    done = subprocess.run(
        ["bash", "-euc", shims + script],
        capture_output=True,
        text=True,
        check=True,
    )
    commands = [each.split("\0") for each in done.stdout.split("END\0")]
    found = [words[2:-1] for words in commands if "trainer.submit" in words]
    assert len(found) == script.count("python -m trainer.submit") > 0
    return found


@pytest.mark.parametrize(("name", "section"), DOCUMENTS)
def test_the_documents_commands_work(offline, capsys, name, section):
    """A flag that was renamed, and a reader who copies it."""
    for words in told_commands(name, section):
        # What is sent for real is looked at here.
        dry = [] if "--dry_run" in words else ["--dry_run"]
        assert submit.main([*dry, *words]) == 0
        CreateCustomJobRequest.from_json(
            capsys.readouterr().out, ignore_unknown_fields=False
        )
