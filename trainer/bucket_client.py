"""The way to Google Cloud Storage; its library is imported on first use."""

import os
import re
import threading
from typing import Any, NamedTuple

__all__ = [
    "SCHEME",
    "Place",
    "blob_of",
    "forget_client",
    "get_client",
    "place_of",
    "retry",
]

SCHEME = "gs://"
FIRST_WAIT_SECONDS = 1.0
LONGEST_WAIT_SECONDS = 30.0
# Retries end after this time; the service is rarely away for longer.
DEADLINE_SECONDS = 300.0
_BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]*")

_lock = threading.Lock()
_client: Any = None


class Place(NamedTuple):
    """Where an object lies.

    Attributes:
        bucket: name of the bucket.
        name: of the object, with its slashes; "" = the bucket itself.
    """

    bucket: str
    name: str

    def __str__(self) -> str:
        return f"{SCHEME}{self.bucket}/{self.name}"


def place_of(url: str) -> Place:
    """Splits `gs://bucket/name`.

    Raises:
        ValueError: it names no bucket.
    """
    bucket, _, name = url.removeprefix(SCHEME).partition("/")
    if not url.startswith(SCHEME) or not _BUCKET.fullmatch(bucket):
        raise ValueError(
            "A path in a bucket must have the form gs://BUCKET/NAME, without "
            f"wildcards in BUCKET. Received: {url}"
        )
    return Place(bucket, name)


def get_client() -> Any:
    """The client of this process, made at the first call.

    Raises:
        google.auth.exceptions.DefaultCredentialsError: there is no login.
    """
    global _client
    with _lock:
        if _client is None:
            from google.cloud import storage

            # Objects are read and written without naming a project.
            _client = storage.Client(project=None)
        return _client


def retry() -> Any:
    """When to ask again, for the library's own retries."""
    from google.cloud.storage.retry import DEFAULT_RETRY

    return DEFAULT_RETRY.with_delay(
        FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS
    ).with_timeout(DEADLINE_SECONDS)


def blob_of(place: Place, generation: int | None = None) -> Any:
    """A handle of an object, or of one version of it; asks nothing."""
    bucket = get_client().bucket(place.bucket)
    return bucket.blob(place.name, generation=generation)


def forget_client() -> None:
    """Lets the next call make a new client, as after a fork."""
    global _client, _lock
    _client, _lock = None, threading.Lock()


os.register_at_fork(after_in_child=forget_client)
