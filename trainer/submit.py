"""Sends a training run to Vertex AI: `python -m trainer.submit ... -- ...`.

Builds this project's sdist, stages it in a bucket and asks for a custom job.
"""

import os
import shlex
import sys
import tempfile
from collections.abc import Sequence
from typing import Any

from trainer import one_command, storage
from trainer.buckets import SCHEME
from trainer.cloud import job_service, source_distribution
from trainer.cloud.custom_job import job_request
from trainer.cloud.job_settings import JobSettings, check_job
from trainer.command_line import parse, parse_run
from trainer.config import PLACES
from trainer.environment import Environment
from trainer.files import MOUNT_ROOT
from trainer.flags import check_given, parse_settings, run_command

__all__ = ["checked_training", "main", "show", "stage", "staged_name", "tell"]

DESCRIPTION = """\
Trains in the cloud, as a Vertex AI custom job.

  python -m trainer.submit --project=PROJECT --region=us-central1 \\
    --image=us-central1-docker.pkg.dev/PROJECT/residua/train:latest \\
    --staging_dir=gs://BUCKET/staging --base_output_dir=gs://BUCKET/run \\
    --dry_run -- --data_dir=gs://BUCKET/data --seed=7

What follows `--` is the command line of trainer.task, and is checked here. The
job installs the code of this checkout, whatever the image holds. It finds its
output folders below base_output_dir; a job that was cut short goes on from its
last checkpoint when the same command is sent again. --dry_run prints the
request and neither uploads nor sends anything.

Exit code 0: sent, or printed; 2: something is to be mended first.
"""
_REQUIRED = ("project", "region", "image", "staging_dir")
# What a job could not reach on the disk of this machine.
_READ_OR_WRITTEN = (*PLACES, "config")


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    arguments = list(sys.argv[1:] if argv is None else argv)
    return run_command(lambda: _submit(arguments))


def _submit(arguments: list[str]) -> None:
    end = arguments.index("--") if "--" in arguments else len(arguments)
    settings = parse_settings(
        JobSettings,
        arguments[:end],
        "trainer.submit",
        DESCRIPTION,
        _REQUIRED,
        "trainer.submit, before `--` and trainer.task's flags,",
    )
    check_job(settings, job_service.accelerator_names())
    training = checked_training(arguments[end + 1 :], settings)
    with tempfile.TemporaryDirectory() as folder:
        sdist = source_distribution.build(folder)
        staged = staged_name(sdist, settings.staging_dir)
        message = job_service.message_of(
            job_request(settings, staged, training)
        )
        if settings.dry_run:
            show(message, staged)
            return
        stage(sdist, staged)
    tell(job_service.send(message, settings.region), settings)


def checked_training(
    arguments: Sequence[str], settings: JobSettings
) -> list[str]:
    """The command line of `trainer.task`, as the job will run it.

    Raises:
        ValueError: `trainer.task` would refuse it, or a job cannot reach
            what it names.
    """
    output = settings.base_output_dir.rstrip("/")
    # What the service will set.
    environment = Environment(
        model_dir=f"{output}/model" if output else "",
        checkpoint_dir=f"{output}/checkpoints" if output else "",
        log_dir=f"{output}/logs" if output else "",
    )
    try:
        input_files = parse_run(arguments, environment).input
        handed_on = one_command.flag_names() if input_files else ()
        run = parse(arguments, environment, handed_on).run
        if run.input and settings.num_workers > 1:
            one_command.refuse_workers(run.input, settings.num_workers)
        check_given(run, ("data_dir",))
        num_local = run.num_replicas or settings.accelerator_count or 1
        run.check_replicas(settings.num_workers * num_local)
    except ValueError as error:
        raise ValueError(f"After `--`, for trainer.task: {error}") from error
    if not run.output_dir:
        raise ValueError(
            "`base_output_dir` must be given, or --output_dir after `--`: "
            "what a job writes on its own disk is lost. Received: neither. "
            "Add --base_output_dir=gs://BUCKET/FOLDER."
        )
    for name in _READ_OR_WRITTEN:
        path = getattr(run, name)
        if path and not path.startswith((SCHEME, f"{MOUNT_ROOT}/")):
            raise ValueError(
                f"`{name}` must lie in a bucket, where the job can reach it. "
                f"Received: {name}={path!r}. Copy it there if needed, and "
                f"give --{name}=gs://BUCKET/FOLDER."
            )
    given = [each.partition("=")[0] for each in arguments]
    is_given = "--log_format" in given
    return [*arguments, *([] if is_given else ["--log_format=json"])]


def show(message: Any, staged: str) -> None:
    """Prints a request in place of sending it."""
    sys.stdout.write(job_service.message_text(message) + "\n")
    sys.stderr.write(
        "Dry run: nothing was uploaded or sent. The sdist would be staged as\n"
        f"  {staged}\n"
    )


def staged_name(sdist: str, staging_dir: str) -> str:
    """The gs:// name of an sdist in a bucket."""
    # By its content: no job ever finds another one's code, however late it
    # starts or restarts.
    digest = source_distribution.content_hash(sdist)
    return f"{staging_dir.rstrip('/')}/{digest}/{os.path.basename(sdist)}"


def stage(sdist: str, staged: str) -> None:
    """Uploads an sdist, unless it is there."""
    if not storage.is_file(staged):
        storage.put_file(sdist, staged)


def tell(name: str, settings: JobSettings, group: str = "custom-jobs") -> None:
    """Prints the name of a job, and on stderr how to follow it.

    Args:
        name: of the job, as the service gave it.
        settings: that it was sent with.
        group: of `gcloud ai` commands for such jobs.
    """
    sys.stdout.write(name + "\n")
    page = (
        "https://console.cloud.google.com/agent-platform/locations/"
        f"{settings.region}/training/{name.rpartition('/')[2]}"
        f"?project={settings.project}"
    )
    sys.stderr.write(
        f"Sent. Page: {page}\n"
        f"Log:    gcloud ai {group} stream-logs {shlex.quote(name)}\n"
        f"Cancel: gcloud ai {group} cancel {shlex.quote(name)}\n"
    )


if __name__ == "__main__":
    sys.exit(main())
