"""Objects of Google Cloud Storage: list, read, write, delete."""

import contextlib
import gzip
import io
import os
import shutil
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, BinaryIO

from trainer.bucket_client import (
    SCHEME,
    Place,
    blob_of,
    get_client,
    place_of,
    retry,
)
from trainer.bucket_errors import explained, is_lost_upload

__all__ = [
    "SCHEME",
    "Place",
    "delete_objects",
    "download",
    "has_objects",
    "list_names",
    "object_size",
    "open_object",
    "place_of",
    "upload",
]

READ_BYTES = 8 << 20
_UPLOAD_BYTES = 32 << 20
_DELETES_AT_ONCE = 8


def list_names(place: Place) -> Iterator[str]:
    """Names of all objects that begin with `place.name`, folder marks not.

    Raises:
        OSError: the bucket cannot be listed.
    """
    with explained(place):
        for blob in get_client().list_blobs(
            place.bucket,
            prefix=place.name or None,
            fields="items(name),nextPageToken",
            retry=retry(),
        ):
            if not blob.name.endswith("/"):
                yield blob.name


def has_objects(place: Place) -> bool:
    """Whether the name of any object begins with `place.name`."""
    with explained(place):
        blobs = get_client().list_blobs(
            place.bucket,
            prefix=place.name or None,
            max_results=1,
            fields="items(name)",
            retry=retry(),
        )
        return next(iter(blobs), None) is not None


def object_size(place: Place) -> int | None:
    """Bytes of an object as stored; None where there is no such object."""
    blob = _find(place)
    return None if blob is None else blob.size


def open_object(place: Place) -> BinaryIO:
    """Opens an object to read and seek in it.

    All reads are of the one version that was there at first: where it is
    replaced meanwhile, reading fails and does not mix two versions.

    Raises:
        OSError: there is none, or it cannot be read.
    """
    blob = _find(place)
    if blob is None:
        raise FileNotFoundError(
            f"A file must be there to be read. Received: {place}, which does "
            "not exist. Check the name."
        )
    reader = io.BufferedReader(_ObjectReader(place, blob), READ_BYTES)
    if _is_packed(place, blob):
        return gzip.open(reader)  # type: ignore[return-value]
    return reader


def download(place: Place, path: str) -> None:
    """Copies an object to the local file `path`.

    Raises:
        OSError: there is none, or it cannot be read or stored.
    """
    with explained(place):
        blob = blob_of(place)
        blob.download_to_filename(path, raw_download=True, retry=retry())
    if _is_packed(place, blob):
        packed = path + ".gz"
        os.replace(path, packed)
        with gzip.open(packed) as source, open(path, "wb") as target:
            shutil.copyfileobj(source, target)
        os.unlink(packed)


def upload(path: str, place: Place, content_type: str) -> None:
    """Copies a local file to an object, which appears whole or not at all.

    Raises:
        OSError: it cannot be read or stored.
    """
    with explained(place):
        blob = blob_of(place)
        blob.chunk_size = _UPLOAD_BYTES

        def put() -> None:
            blob.upload_from_filename(
                path, content_type, retry=retry(), checksum="crc32c"
            )

        retry().with_predicate(is_lost_upload)(put)()


def delete_objects(places: Iterable[Place]) -> None:
    """Deletes objects; those that are not there count as deleted.

    Raises:
        OSError: one cannot be deleted.
    """
    with ThreadPoolExecutor(_DELETES_AT_ONCE) as pool:
        for _ in pool.map(_delete, places):
            pass


class _ObjectReader(io.RawIOBase):
    """Reads one version of an object, a range of bytes at a time."""

    def __init__(self, place: Place, blob: Any) -> None:
        self.name = str(place)
        self._place = place
        # Of this version only; a link that the service made for the object
        # would leave the choice of the version to it.
        self._blob = blob_of(place, blob.generation)
        self._size = blob.size
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        origin = {
            os.SEEK_SET: 0,
            os.SEEK_CUR: self._position,
            os.SEEK_END: self._size,
        }[whence]
        self._position = max(0, origin + offset)
        return self._position

    def readinto(self, buffer: Any) -> int:
        data = self._read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def readall(self) -> bytes:
        return self._read(self._size)

    def _read(self, num_bytes: int) -> bytes:
        end = min(self._position + num_bytes, self._size)
        if self._position >= end:
            return b""
        with explained(self._place, is_version=True):
            data = self._blob.download_as_bytes(
                start=self._position,
                end=end - 1,
                raw_download=True,
                checksum=None,
                retry=retry(),
            )
        if len(data) != end - self._position:
            raise OSError(
                f"Of {self._place}, {end - self._position} bytes from "
                f"{self._position} on were asked for. Received: {len(data)}. "
                "Start again."
            )
        self._position = end
        return data


def _find(place: Place) -> Any:
    """The object with what is known of it, or None."""
    if not place.name or place.name.endswith("/"):
        # Such objects stand for folders.
        return None
    with explained(place):
        bucket = get_client().bucket(place.bucket)
        return bucket.get_blob(place.name, retry=retry())


def _delete(place: Place) -> None:
    from google.api_core.exceptions import NotFound

    with explained(place), contextlib.suppress(NotFound):
        blob_of(place).delete(retry=retry())


def _is_packed(place: Place, blob: Any) -> bool:
    """Whether what is stored is not the file, but the file in gzip."""
    return blob.content_encoding == "gzip" and not place.name.endswith(".gz")
