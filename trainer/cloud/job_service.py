"""The way to Vertex AI; its library is imported on first use."""

import contextlib
from collections.abc import Iterator
from typing import Any

__all__ = ["accelerator_names", "message_of", "message_text", "send"]

_SEND_SECONDS = 60.0
# The client's method for each kind of request.
_METHODS = {
    "CreateCustomJobRequest": "create_custom_job",
    "CreateHyperparameterTuningJobRequest": "create_hyperparameter_tuning_job",
}
_LOG_IN = "Log in with `gcloud auth application-default login`."
_NEXT_STEPS = {
    "PermissionDenied": "Give your account the role Vertex AI User, and "
    "Service Account User on the job's --service_account; switch the API on "
    "with `gcloud services enable aiplatform.googleapis.com`.",
    "Unauthenticated": _LOG_IN,
    "ResourceExhausted": "Ask for more quota under IAM & Admin, Quotas, or "
    "choose another --region, --machine_type or --accelerator_type.",
    "NotFound": "Check --project, --region and --tensorboard.",
    "InvalidArgument": "Correct what it names: not every machine takes every "
    "accelerator, nor is each in every region.",
    "ServiceUnavailable": "Check the network, and that Vertex AI has this "
    "--region; then send it again.",
    "DeadlineExceeded": "Look at the list of jobs before you send it again: "
    "it may have been accepted.",
}


def accelerator_names() -> list[str]:
    """Names of the accelerators that the trainer can use.

    Raises:
        ValueError: the library is not installed.
    """
    # Of TPUs, which are listed too, TensorFlow's wheel knows nothing.
    names = [each.name for each in _import_types().AcceleratorType]
    return [name for name in names if name.startswith("NVIDIA_")]


def message_of(
    fields: dict[str, Any], kind: str = "CreateCustomJobRequest"
) -> Any:
    """The request of these fields.

    Args:
        fields: as `custom_job.job_request` gives them.
        kind: of the request.

    Raises:
        ValueError: the library is not installed, or knows no such field.
    """
    return getattr(_import_types(), kind)(fields)


def message_text(message: Any) -> str:
    """JSON of a message, as the service's REST interface writes it."""
    return type(message).to_json(
        message,
        use_integers_for_enums=False,
        always_print_fields_with_no_presence=False,
    )


def send(message: Any, region: str) -> str:
    """Asks for a job.

    Args:
        message: what `message_of` gave.
        region: where the service is asked.

    Returns:
        The job's resource name, projects/.../customJobs/... or
        .../hyperparameterTuningJobs/...

    Raises:
        OSError: the service cannot be reached, or refuses the job.
    """
    from google.cloud.aiplatform_v1 import JobServiceClient

    # Each region has a service of its own; there is no common one.
    endpoint = f"{region}-aiplatform.googleapis.com"
    with _explained(region):
        client = JobServiceClient(client_options={"api_endpoint": endpoint})
        ask = getattr(client, _METHODS[type(message).__name__])
        return str(ask(message, timeout=_SEND_SECONDS).name)


def _import_types() -> Any:
    try:
        from google.cloud.aiplatform_v1 import types
    except ImportError as error:
        raise ValueError(
            "google-cloud-aiplatform must be installed to send jobs. Received: "
            f"{error}. Run `pip install 'residua[tune]'`."
        ) from error
    return types


@contextlib.contextmanager
def _explained(region: str) -> Iterator[None]:
    """Turns the library's errors into OSErrors that say what to do."""
    from google.api_core.exceptions import GoogleAPICallError
    from google.auth.exceptions import GoogleAuthError

    try:
        yield
    except GoogleAuthError as error:
        raise OSError(
            f"Vertex AI needs credentials. Received: {error} {_LOG_IN}"
        ) from error
    except GoogleAPICallError as error:
        step = _NEXT_STEPS.get(type(error).__name__, "Send it again later.")
        raise OSError(
            f"Vertex AI in {region} must accept the job. Received: "
            f"{error.message or error!r}. {step}"
        ) from error
