"""What Vertex AI is asked for: a custom job, as a function of settings."""

import datetime
from collections.abc import Sequence
from typing import Any

from trainer.cloud.job_settings import JobSettings, labels_of

__all__ = ["job_request"]

# Buckets are mounted below /gcs too, but not on all machine types, and the
# mount belongs to another user than the image's. The client library is there
# wherever the trainer is. pip has all it needs and must not look for more:
# a job may have no way to the internet. Code of the image itself is shadowed
# by the working folder, also for processes that the trainer starts. `exec`
# hands SIGTERM to Python instead of a shell that would not pass it on.
_START = """\
set -e
folder=$(mktemp -d)
sdist="$folder/${1##*/}"
python -c '
import sys
from google.cloud.storage import Blob, Client
blob = Blob.from_uri(sys.argv[1], Client(project=None))
blob.download_to_filename(sys.argv[2])
' "$1" "$sdist"
python -m pip install --quiet --no-deps --no-index --no-build-isolation \\
  --no-cache-dir --disable-pip-version-check \\
  --target "$folder/package" "$sdist"
shift
cd "$folder/package"
export PYTHONPATH="$folder/package"
exec python -m trainer.task "$@"
"""


def job_request(
    settings: JobSettings, package: str, arguments: Sequence[str]
) -> dict[str, Any]:
    """The fields of a `CreateCustomJobRequest`.

    Args:
        settings: of the job, checked.
        package: gs:// name of the sdist.
        arguments: command line of `trainer.task`.
    """
    machine: dict[str, Any] = {"machine_type": settings.machine_type}
    if settings.accelerator_type:
        machine["accelerator_type"] = settings.accelerator_type
        machine["accelerator_count"] = settings.accelerator_count or 1
    pool: dict[str, Any] = {
        "machine_spec": machine,
        "replica_count": 1,
        "container_spec": {
            "image_uri": settings.image,
            "command": ["sh", "-c", _START, "start", package],
            "args": list(arguments),
        },
    }
    if settings.boot_disk_gb:
        pool["disk_spec"] = {"boot_disk_size_gb": settings.boot_disk_gb}
    pools = [pool]
    if settings.num_workers > 1:
        # The first pool is the chief alone, by the service's convention.
        pools.append(pool | {"replica_count": settings.num_workers - 1})
    spec: dict[str, Any] = {
        "worker_pool_specs": pools,
        "scheduling": _scheduling(settings),
    }
    if settings.base_output_dir:
        output = settings.base_output_dir.rstrip("/")
        spec["base_output_directory"] = {"output_uri_prefix": output}
    for name in ("service_account", "tensorboard"):
        if getattr(settings, name):
            spec[name] = getattr(settings, name)
    return {
        "parent": f"projects/{settings.project}/locations/{settings.region}",
        "custom_job": {
            "display_name": settings.display_name,
            "labels": labels_of(settings),
            "job_spec": spec,
        },
    }


def _scheduling(settings: JobSettings) -> dict[str, Any]:
    scheduling: dict[str, Any] = {
        "restart_job_on_worker_restart": settings.restart == "true"
        or (settings.restart == "auto" and settings.num_workers > 1)
    }
    if settings.spot:
        scheduling["strategy"] = "SPOT"
    if settings.timeout_seconds:
        scheduling["timeout"] = datetime.timedelta(
            seconds=settings.timeout_seconds
        )
    return scheduling
