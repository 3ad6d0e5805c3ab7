"""Settings of a Vertex AI custom job, and what they must satisfy."""

import dataclasses
import re
from collections.abc import Collection

from trainer.buckets import SCHEME, place_of
from trainer.config import Settings, setting

__all__ = ["JobSettings", "check_job", "labels_of"]

_REGION = re.compile(r"[a-z]+-[a-z]+\d+")
_IMAGE = re.compile(r"[a-z0-9.-]+(:\d+)?(/[a-z0-9._-]+)+(:[\w.-]+)?(@\S+)?")
_TENSORBOARD = re.compile(r"projects/[^/]+/locations/([^/]+)/tensorboards/\d+")
_LABEL_CHARACTERS = re.compile(r"[\w-]{0,63}")
_MOST_LABELS = 64
_MOST_NAME_CHARACTERS = 128


@dataclasses.dataclass(frozen=True)
class JobSettings(Settings):
    """The job in the cloud."""

    project: str = setting("", "Google Cloud project, required")
    region: str = setting("", "where the job runs, as us-central1; required")
    image: str = setting(
        "", "training image, REGION-docker.pkg.dev/...; required"
    )
    staging_dir: str = setting(
        "", "gs:// folder that receives this code, required"
    )
    base_output_dir: str = setting(
        "", "gs:// folder for model/, checkpoints/ and logs/"
    )
    display_name: str = setting("residua", "name of the job")
    labels: tuple[str, ...] = setting((), "labels of the job, as team=pumps")
    machine_type: str = setting("n1-standard-8", "machine of each worker")
    accelerator_type: str = setting(
        "", "GPU of each worker, as NVIDIA_TESLA_T4; empty = none"
    )
    accelerator_count: int = setting(
        0, "GPUs of each worker; 0 = one, where there is a type", minimum=0
    )
    boot_disk_gb: int = setting(
        0, "disk of each worker; 0 = the service's default, 100", minimum=0
    )
    num_workers: int = setting(1, "machines that train together", minimum=1)
    spot: bool = setting(
        False, "take cheaper machines that may be taken away at any time"
    )
    restart: str = setting(
        "auto",
        "restart all workers when one is restarted; auto = where there is more "
        "than one",
        choices=("auto", "true", "false"),
    )
    timeout_seconds: int = setting(
        0, "longest time to run; 0 = the service's default, 7 days", minimum=0
    )
    service_account: str = setting(
        "", "account that the job runs as; empty = Vertex AI's own"
    )
    tensorboard: str = setting(
        "",
        "Vertex AI TensorBoard to show the logs in, "
        "projects/.../locations/.../tensorboards/...",
    )
    dry_run: bool = setting(
        False, "print the request as JSON; upload and send nothing"
    )


def check_job(settings: JobSettings, accelerators: Collection[str]) -> None:
    """Refuses what the service would refuse after minutes, or never run.

    Args:
        settings: of the job.
        accelerators: names that `accelerator_type` may have.

    Raises:
        ValueError: a setting cannot be, alone or with the others.
    """
    for name in ("staging_dir", "base_output_dir"):
        value = getattr(settings, name)
        if not value:
            continue
        if not value.startswith(SCHEME):
            raise _refusal(settings, name, "be a folder in a bucket, gs://...")
        place_of(value)
    if not _REGION.fullmatch(settings.region):
        raise _refusal(
            settings, "region", "name a region, not a zone, as us-central1"
        )
    if not _IMAGE.fullmatch(settings.image):
        raise _refusal(
            settings,
            "image",
            "name an image as REGION-docker.pkg.dev/PROJECT/REPOSITORY/"
            "NAME:TAG",
        )
    if not 0 < len(settings.display_name) <= _MOST_NAME_CHARACTERS:
        raise _refusal(settings, "display_name", "have 1 to 128 characters")
    if settings.service_account and "@" not in settings.service_account:
        raise _refusal(
            settings, "service_account", "be an address, NAME@PROJECT.iam..."
        )
    labels_of(settings)
    _check_accelerator(settings, accelerators)
    _check_tensorboard(settings)


def labels_of(settings: JobSettings) -> dict[str, str]:
    """Key to value of the job's labels.

    Raises:
        ValueError: the service would not take them.
    """
    labels: dict[str, str] = {}
    for label in settings.labels:
        key, separator, value = label.partition("=")
        if (
            not separator
            or not key[:1].isalpha()
            or key in labels
            or label != label.lower()
            or not _LABEL_CHARACTERS.fullmatch(key)
            or not _LABEL_CHARACTERS.fullmatch(value)
        ):
            raise _refusal(
                settings,
                "labels",
                "be KEY=VALUE,..., each key once, of at most 63 lower-case "
                "letters, digits, _ and -, beginning with a letter",
                label,
            )
        labels[key] = value
    if len(labels) > _MOST_LABELS:
        raise _refusal(settings, "labels", f"be {_MOST_LABELS} at most")
    return labels


def _check_accelerator(
    settings: JobSettings, accelerators: Collection[str]
) -> None:
    kind = settings.accelerator_type
    if kind and kind not in accelerators:
        raise _refusal(
            settings,
            "accelerator_type",
            f"be one of {', '.join(accelerators)}",
        )
    if settings.accelerator_count and not kind:
        raise _refusal(
            settings, "accelerator_count", "come with --accelerator_type"
        )


def _check_tensorboard(settings: JobSettings) -> None:
    if not settings.tensorboard:
        return
    matched = _TENSORBOARD.fullmatch(settings.tensorboard)
    if not matched or matched[1] != settings.region:
        raise _refusal(
            settings,
            "tensorboard",
            "be projects/PROJECT/locations/REGION/tensorboards/NUMBER in the "
            f"job's region ({settings.region})",
        )
    if not settings.service_account or not settings.base_output_dir:
        raise _refusal(
            settings,
            "tensorboard",
            "come with --service_account, which uploads the logs, and with "
            "--base_output_dir, where they lie",
        )


def _refusal(
    settings: JobSettings, name: str, rule: str, received: str = ""
) -> ValueError:
    received = received or str(getattr(settings, name))
    return ValueError(
        f"`{name}` must {rule}. Received: {name}={received!r}. Correct "
        f"--{name}; --help explains."
    )
