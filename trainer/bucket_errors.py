"""What to do about errors of Google Cloud Storage, in words."""

import contextlib
from collections.abc import Iterator

__all__ = ["explained", "is_lost_upload"]


@contextlib.contextmanager
def explained(place: object, is_version: bool = False) -> Iterator[None]:
    """Turns the library's errors into OSErrors that say what to do.

    Args:
        place: the object, for the message.
        is_version: one version of it is read that was there before.
    """
    try:
        yield
    except Exception as error:
        told = _explanation(place, is_version, error)
        if told is None:
            raise
        raise told from error


def is_lost_upload(error: Exception) -> bool:
    """Whether only a new upload from the first byte on can help."""
    from google.api_core.exceptions import GoogleAPICallError
    from google.cloud.storage.exceptions import DataCorruption

    if isinstance(error, GoogleAPICallError):
        # The service kept nothing of a chunk, or forgot the upload.
        return error.code in (308, 410)
    # The library raises ValueError where the service kept a part of a chunk,
    # since what it reads next from the file is not what comes next.
    return isinstance(error, DataCorruption) or type(error) is ValueError


def _explanation(
    place: object, is_version: bool, error: Exception
) -> OSError | None:
    from google.api_core import exceptions
    from google.auth.exceptions import GoogleAuthError
    from google.cloud.storage.exceptions import DataCorruption

    if isinstance(error, exceptions.RetryError):
        return TimeoutError(
            f"{place} must answer, be it after some retries. Received: "
            f"{_first_line(error)}. Check the network and the service's "
            "status, then start again."
        )
    if isinstance(error, exceptions.Forbidden | exceptions.Unauthorized):
        return PermissionError(
            f"No access to {place}: give the account the role Storage Object "
            "Viewer to read, Storage Object User to write, or log in with "
            "`gcloud auth application-default login`. Received: "
            f"{_first_line(error)}"
        )
    if isinstance(error, GoogleAuthError):
        return PermissionError(
            f"No credentials for {place}: log in with `gcloud auth "
            "application-default login`, or name a key file in "
            f"GOOGLE_APPLICATION_CREDENTIALS. Received: {_first_line(error)}"
        )
    if isinstance(error, exceptions.NotFound):
        return FileNotFoundError(
            f"{place} was replaced or deleted while it was read: start again "
            "when nobody writes it."
            if is_version
            else f"There is nothing at {place}, or no such bucket: check "
            "the name."
        )
    if isinstance(error, exceptions.GoogleAPICallError | DataCorruption):
        return OSError(f"{place} failed. Received: {_first_line(error)}")
    return None


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [repr(error)])[0]
