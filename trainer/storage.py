"""Paths, globs and atomic writes. Knows no framework."""

import contextlib
import glob
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, TextIO

__all__ = [
    "check_local",
    "check_writable",
    "directory_written_whole",
    "file_written_whole",
    "glob_files",
    "matching_files",
    "open_binary",
    "write_text",
]


def check_local(path: str) -> str:
    """Returns `path`, refusing what this version cannot read or write.

    Raises:
        ValueError: the path names a bucket.
    """
    if "://" in path:
        raise ValueError(
            "Paths must be local: mount the bucket and give the mounted "
            f"path (on Vertex AI, /gcs/BUCKET/...). Received: {path}"
        )
    return path


def glob_files(pattern: str) -> list[str]:
    """Lists the files that `pattern` names, sorted; there may be none.

    Args:
        pattern: a file, a folder (all files below it) or a glob; several,
            separated by commas.
    """
    found: set[str] = set()
    for part in filter(None, pattern.split(",")):
        check_local(part)
        if os.path.isdir(part):
            part = os.path.join(glob.escape(part), "**", "*")
        found.update(
            path
            for path in glob.glob(part, recursive=True)
            if os.path.isfile(path)
        )
    return sorted(found)


def matching_files(pattern: str) -> list[str]:
    """Like `glob_files`, where there must be some.

    Raises:
        ValueError: nothing matches.
    """
    found = glob_files(pattern)
    if not found:
        raise ValueError(
            f"No file matches `{pattern}`: check the path, and quote the "
            "pattern so that the shell does not expand it."
        )
    return found


def open_binary(path: str) -> BinaryIO:
    """Opens a file to read its bytes."""
    return open(check_local(path), "rb")


def check_writable(path: str, name: str) -> None:
    """Makes the folder `path`, so that a failure comes before any work.

    Args:
        path: the folder.
        name: of the argument, for the message.

    Raises:
        ValueError: it cannot be made, or nothing can be written into it.
    """
    try:
        os.makedirs(check_local(path), exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise ValueError(
            f"`{name}` must be a folder that can be written. Received: "
            f"{path} ({error.strerror}). Name another folder."
        ) from error


@contextlib.contextmanager
def file_written_whole(path: str) -> Iterator[TextIO]:
    """Yields a temporary text file that becomes `path` when all went well."""
    target = Path(check_local(path))
    check_writable(str(target.parent), "output")
    handle, temporary = tempfile.mkstemp(
        dir=target.parent, prefix=f".{target.name}."
    )
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            yield file
        os.chmod(temporary, 0o644)
        os.replace(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise


def write_text(path: str, text: str) -> None:
    """Writes `text` to `path` in one step."""
    with file_written_whole(path) as file:
        file.write(text)


@contextlib.contextmanager
def directory_written_whole(path: str, marker: str) -> Iterator[str]:
    """Yields a temporary folder that becomes `path` when all went well.

    An older folder at `path` is replaced only where it holds the file
    `marker`, which shows that it is an earlier result of the same kind.

    Args:
        path: the folder to write.
        marker: name of a file that every finished folder holds.

    Raises:
        ValueError: `path` holds something else.
    """
    target = Path(check_local(path))
    is_occupied = target.exists() and (
        not target.is_dir() or any(target.iterdir())
    )
    if is_occupied and not (target / marker).is_file():
        raise ValueError(
            f"`{path}` exists and holds no {marker}, so it is not replaced: "
            "name an empty or a new folder."
        )
    check_writable(str(target.parent), "output")
    temporary = Path(
        tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}.")
    )
    try:
        temporary.chmod(0o755)
        yield str(temporary)
        old = temporary.with_name(temporary.name + ".old")
        if target.exists():
            target.rename(old)
        try:
            temporary.rename(target)
        except OSError:
            old.rename(target)
            raise
        shutil.rmtree(old, ignore_errors=True)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
