"""What Vertex AI's library says, and what a person reads."""

import sys

import pytest
from google.api_core import exceptions
from google.auth.exceptions import DefaultCredentialsError
from google.cloud import aiplatform_v1

from trainer.cloud import job_service

FIELDS = {
    "parent": "projects/p/locations/us-central1",
    "custom_job": {"display_name": "a"},
}


@pytest.fixture
def refusing(monkeypatch):
    """Lets the service answer with an error of choice."""

    def refuse_with(error):
        class Client:
            def __init__(self, client_options):
                if isinstance(error, DefaultCredentialsError):
                    raise error

            def create_custom_job(self, request, timeout):
                raise error

        monkeypatch.setattr(aiplatform_v1, "JobServiceClient", Client)

    return refuse_with


@pytest.mark.parametrize(
    ("error", "step"),
    [
        (DefaultCredentialsError("none found"), "gcloud auth"),
        (exceptions.Unauthenticated("expired"), "gcloud auth"),
        (exceptions.PermissionDenied("no actAs"), "Service Account User"),
        (exceptions.ResourceExhausted("no T4 left"), "quota"),
        (exceptions.InvalidArgument("bad machine"), "machine"),
        (exceptions.NotFound("no project"), "--project"),
        (exceptions.ServiceUnavailable("DNS"), "--region"),
        (exceptions.DeadlineExceeded("late"), "list of jobs"),
        (exceptions.InternalServerError("oops"), "later"),
    ],
)
def test_errors_say_what_to_do(refusing, error, step):
    """A stack trace of a library that the reader never chose."""
    refusing(error)
    message = job_service.message_of(FIELDS)
    with pytest.raises(OSError, match="Received: ") as caught:
        job_service.send(message, "us-central1")
    told = str(caught.value)
    assert step in told
    assert str(error.args[0]) in told


def test_a_mistake_of_ours_is_not_hidden(refusing):
    """Errors in our own code told as the service's."""
    refusing(KeyError("ours"))
    with pytest.raises(KeyError):
        job_service.send(job_service.message_of(FIELDS), "us-central1")


def test_a_region_is_asked_at_its_own_address(monkeypatch):
    """Every job is sent to the library's default region."""
    asked = {}

    class Client:
        def __init__(self, client_options):
            asked.update(client_options)

        def create_custom_job(self, request, timeout):
            return aiplatform_v1.types.CustomJob(name="the/name")

    monkeypatch.setattr(aiplatform_v1, "JobServiceClient", Client)
    message = job_service.message_of(FIELDS)
    assert job_service.send(message, "asia-east1") == "the/name"
    assert asked == {"api_endpoint": "asia-east1-aiplatform.googleapis.com"}


def test_unknown_fields_are_refused():
    """A misspelt field that the service never sees."""
    with pytest.raises(ValueError, match="custom_jobs"):
        job_service.message_of({"custom_jobs": {}})


def test_only_gpus_are_offered():
    """TPUs are offered, for which the image has no TensorFlow."""
    names = job_service.accelerator_names()
    assert "NVIDIA_TESLA_T4" in names and "NVIDIA_L4" in names
    assert all(name.startswith("NVIDIA_") for name in names)


def test_a_missing_library_is_named_with_its_extra(monkeypatch):
    """ModuleNotFoundError, and no word on what to install."""
    monkeypatch.setitem(sys.modules, "google.cloud.aiplatform_v1", None)
    with pytest.raises(ValueError, match=r"residua\[tune\]"):
        job_service.accelerator_names()
