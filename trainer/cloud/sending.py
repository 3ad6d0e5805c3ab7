"""Sends a request for a job, together with the code that the job runs."""

import os
import shlex
import sys
import tempfile
from collections.abc import Callable
from typing import Any

from trainer import storage
from trainer.cloud import job_service, source_distribution
from trainer.cloud.job_settings import JobSettings

__all__ = ["send_with_code"]


def send_with_code(
    settings: JobSettings,
    request_of: Callable[[str], Any],
    group: str = "custom-jobs",
) -> None:
    """Stages this checkout's sdist and asks for a job; or prints the request.

    Args:
        settings: of the job; with `dry_run` nothing is uploaded or sent.
        request_of: the gs:// name of the sdist to the request's message.
        group: of `gcloud ai` commands for such jobs.

    Raises:
        ValueError: the sdist cannot be built, or the request is wrong.
        OSError: the bucket or the service cannot be reached, or refuses.
    """
    with tempfile.TemporaryDirectory() as folder:
        sdist = source_distribution.build(folder)
        # By its content: no job ever finds another one's code, however late
        # it starts or restarts.
        digest = source_distribution.content_hash(sdist)
        folder_there = f"{settings.staging_dir.rstrip('/')}/{digest}"
        staged = f"{folder_there}/{os.path.basename(sdist)}"
        message = request_of(staged)
        if settings.dry_run:
            sys.stdout.write(job_service.message_text(message) + "\n")
            sys.stderr.write(
                "Dry run: nothing was uploaded or sent. The sdist would be "
                f"staged as\n  {staged}\n"
            )
            return
        if not storage.is_file(staged):
            storage.put_file(sdist, staged)
    _tell(job_service.send(message, settings.region), settings, group)


def _tell(name: str, settings: JobSettings, group: str) -> None:
    """Prints the name of a job, and on stderr how to follow it."""
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
