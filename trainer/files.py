"""Single files, local or in a bucket."""

import contextlib
import io
import mimetypes
import os
import re
import shutil
import tempfile
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, TextIO

from trainer import buckets

__all__ = [
    "MOUNT_ROOT",
    "binary_written_whole",
    "check_local",
    "check_writable",
    "delete_files",
    "file_written_whole",
    "folder_place",
    "is_file",
    "is_folder",
    "is_remote",
    "is_same_folder",
    "is_within",
    "open_binary",
    "put_file",
    "resolved",
    "write_text",
]

# Managed training mounts all buckets here.
MOUNT_ROOT = "/gcs"
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


def check_local(path: str) -> str:
    """Returns `path`, refusing a bucket where only local files will do.

    Raises:
        ValueError: the path names a bucket.
    """
    if "://" in path:
        raise ValueError(
            "Paths must be local: mount the bucket and give the mounted "
            f"path (on Vertex AI, /gcs/BUCKET/...). Received: {path}"
        )
    return path


def resolved(path: str) -> str:
    """The mounted path of `gs://bucket/name` where the bucket is mounted.

    Raises:
        ValueError: the path is neither local nor in a bucket.
    """
    if not _SCHEME.match(path):
        return path
    if not path.startswith(buckets.SCHEME):
        raise ValueError(
            f"Paths must be local or begin with gs://. Received: {path}"
        )
    mount = os.path.join(MOUNT_ROOT, buckets.place_of(path).bucket)
    if os.path.isdir(mount):
        return os.path.join(mount, buckets.place_of(path).name)
    return path


def is_remote(path: str) -> bool:
    """Whether `path` is reached through the service, not the file system."""
    return resolved(path).startswith(buckets.SCHEME)


def is_file(path: str) -> bool:
    """Whether `path` is a file."""
    if is_remote(path):
        return buckets.object_size(buckets.place_of(path)) is not None
    return os.path.isfile(resolved(path))


def is_folder(path: str) -> bool:
    """Whether `path` is a folder; in a bucket, whether objects are below."""
    if not is_remote(path):
        return os.path.isdir(resolved(path))
    place = folder_place(path)
    return not place.name or buckets.has_objects(place)


def is_same_folder(one: str, other: str) -> bool:
    """Whether two paths name one folder, which need not exist."""
    if is_remote(one) or is_remote(other):
        return one.rstrip("/") == other.rstrip("/")
    return os.path.realpath(resolved(one)) == os.path.realpath(resolved(other))


def is_within(path: str, folder: str) -> bool:
    """Whether `path` is `folder` or lies below it; neither need exist."""
    if is_remote(path) or is_remote(folder):
        return f"{path.rstrip('/')}/".startswith(f"{folder.rstrip('/')}/")
    inner, outer = (os.path.realpath(resolved(each)) for each in (path, folder))
    return os.path.commonpath([inner, outer]) == outer


def folder_place(path: str) -> buckets.Place:
    """What the names of all objects below the folder `path` begin with."""
    bucket, name = buckets.place_of(path)
    name = name.rstrip("/")
    return buckets.Place(bucket, f"{name}/" if name else "")


def open_binary(path: str) -> BinaryIO:
    """Opens a file to read its bytes.

    Raises:
        OSError: there is none, or it cannot be read.
    """
    if is_remote(path):
        return buckets.open_object(buckets.place_of(path))
    return open(resolved(path), "rb")


def delete_files(paths: Iterable[str]) -> None:
    """Deletes files; those that are not there count as deleted."""
    places = []
    for path in paths:
        if is_remote(path):
            places.append(buckets.place_of(path))
            continue
        with contextlib.suppress(FileNotFoundError):
            os.unlink(resolved(path))
    if places:
        buckets.delete_objects(places)


def check_writable(path: str, name: str) -> None:
    """Makes the folder `path`, so that a failure comes before any work.

    Args:
        path: the folder.
        name: of the argument, for the message.

    Raises:
        ValueError: it cannot be made, or nothing can be written into it.
    """
    try:
        if is_remote(path):
            trial = os.path.join(path, f".{uuid.uuid4().hex}.temporary")
            with binary_written_whole(trial):
                pass
            delete_files([trial])
            return
        os.makedirs(resolved(path), exist_ok=True)
        with tempfile.TemporaryFile(dir=resolved(path)):
            pass
    except OSError as error:
        raise ValueError(
            f"`{name}` must be a folder that can be written. Received: "
            f"{path} ({error.strerror or error}). Name another folder."
        ) from error


@contextlib.contextmanager
def binary_written_whole(path: str) -> Iterator[BinaryIO]:
    """Yields a temporary file that becomes `path` when all went well."""
    is_upload = is_remote(path)
    target = Path(resolved(path))
    folder = None
    if not is_upload:
        folder = target.parent
        check_writable(str(folder), "output")
    handle, temporary = tempfile.mkstemp(dir=folder, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
        if is_upload:
            place = buckets.place_of(path)
            buckets.upload(temporary, place, content_type_of(path))
            os.unlink(temporary)
        else:
            os.chmod(temporary, 0o644)
            os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


@contextlib.contextmanager
def file_written_whole(path: str) -> Iterator[TextIO]:
    """Yields a temporary text file that becomes `path` when all went well."""
    with binary_written_whole(path) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="")
        yield text
        text.flush()
        text.detach()


def put_file(local_path: str, path: str) -> None:
    """Copies a local file to `path` in one step."""
    with open(local_path, "rb") as file, binary_written_whole(path) as target:
        shutil.copyfileobj(file, target)


def write_text(path: str, text: str) -> None:
    """Writes `text` to `path` in one step."""
    with file_written_whole(path) as file:
        file.write(text)


def content_type_of(path: str) -> str:
    """The media type that goes with a file's name."""
    kind, encoding = mimetypes.guess_type(os.path.basename(path))
    if encoding:
        return f"application/{encoding}"
    return kind or "application/octet-stream"
