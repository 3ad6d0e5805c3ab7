"""Sends a tuning job to Vertex AI: `python -m hptuning.submit ... -- ...`."""

import dataclasses
import os
import sys
from collections.abc import Sequence
from typing import Any

from hptuning.checking import check
from hptuning.job import read_job
from hptuning.study import study_of
from trainer.cloud import job_service
from trainer.cloud.custom_job import job_request
from trainer.cloud.job_settings import JobSettings, check_job, labels_of
from trainer.cloud.sending import send_with_code
from trainer.config import setting
from trainer.flags import parse_settings, run_command
from trainer.submit import checked_training

__all__ = ["TuningJobSettings", "main"]

DESCRIPTION = """\
Searches for settings in the cloud, as a Vertex AI tuning job.

  python -m hptuning.submit --config=hptuning/dense_autoencoder.yaml \\
    --project=PROJECT --region=us-central1 \\
    --image=us-central1-docker.pkg.dev/PROJECT/residua/train:latest \\
    --staging_dir=gs://BUCKET/staging --base_output_dir=gs://BUCKET/tuned \\
    --dry_run -- --data_dir=gs://BUCKET/data

What follows `--` are flags of trainer.task for all trials. They, and every
parameter of the file, are checked here. Each trial runs the code of this
checkout and writes below a folder of its own in base_output_dir. --dry_run
prints the request and neither uploads nor sends anything.

Exit code 0: sent, or printed; 2: something is to be mended first.
"""
_REQUIRED = (
    "config",
    "project",
    "region",
    "image",
    "staging_dir",
    "base_output_dir",
)


@dataclasses.dataclass(frozen=True)
class TuningJobSettings(JobSettings):
    """The tuning job in the cloud."""

    config: str = setting("", "YAML of the tuning job, required")
    display_name: str = setting("", "name of the job; empty = the file's")


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    arguments = list(sys.argv[1:] if argv is None else argv)
    return run_command(lambda: _submit(arguments))


def _submit(arguments: list[str]) -> None:
    end = arguments.index("--") if "--" in arguments else len(arguments)
    settings = parse_settings(
        TuningJobSettings,
        arguments[:end],
        "hptuning.submit",
        DESCRIPTION,
        _REQUIRED,
        "hptuning.submit, before `--` and trainer.task's flags,",
    )
    job = read_job(settings.config)
    name = settings.display_name or job.display_name
    settings = dataclasses.replace(settings, display_name=name)
    check_job(settings, job_service.accelerator_names())
    study = study_of(job)
    flags = arguments[end + 1 :]
    check(study, flags)
    training = checked_training([*study.arguments, *flags], settings)

    def request_of(staged: str) -> Any:
        request = job_request(settings, staged, training)
        job.display_name = settings.display_name
        job.labels = labels_of(settings)
        job.trial_job_spec = request["custom_job"]["job_spec"]
        return job_service.message_of(
            {"parent": request["parent"], "hyperparameter_tuning_job": job},
            "CreateHyperparameterTuningJobRequest",
        )

    send_with_code(settings, request_of, "hp-tuning-jobs")


if __name__ == "__main__":
    sys.exit(main())
