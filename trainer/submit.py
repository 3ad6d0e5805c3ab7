"""Sends a training run to Vertex AI: `python -m trainer.submit ... -- ...`.

Builds this project's sdist, stages it in a bucket and asks for a custom job.
"""

import os
import sys
from collections.abc import Sequence
from typing import Any

from trainer import one_command
from trainer.buckets import SCHEME
from trainer.cloud import job_service
from trainer.cloud.custom_job import job_request
from trainer.cloud.job_settings import JobSettings, check_job
from trainer.cloud.sending import send_with_code
from trainer.command_line import parse, parse_run
from trainer.config import PLACES
from trainer.environment import Environment
from trainer.files import MOUNT_ROOT
from trainer.flags import check_given, parse_settings, run_command

__all__ = ["checked_training", "main"]

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

    def request_of(staged: str) -> Any:
        fields = job_request(settings, staged, training)
        return job_service.message_of(fields)

    send_with_code(settings, request_of)


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


if __name__ == "__main__":
    sys.exit(main())
