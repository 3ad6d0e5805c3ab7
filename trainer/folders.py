"""Folders that are written whole: a result, or a data set of many workers."""

import contextlib
import datetime
import logging
import os
import re
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from trainer import buckets, files

__all__ = [
    "OutputFolder",
    "below",
    "check_replaceable",
    "data_set_written_whole",
    "delete_result",
    "directory_written_whole",
]

_RUN = re.compile(r"run-\d{8}T\d{12}Z-[0-9a-f]{8}")
_TRIAL = re.compile(r"\.[0-9a-f]{32}\.temporary")


class OutputFolder(NamedTuple):
    """Where the files of a data set go.

    Attributes:
        folder: workers write their files below it.
        prefix: what the manifest puts before their names; "" or ends in "/".
        manifest_path: the manifest, to be written when all files are there.
    """

    folder: str
    prefix: str
    manifest_path: str


@contextlib.contextmanager
def directory_written_whole(path: str, marker: str) -> Iterator[str]:
    """Yields a temporary local folder that becomes `path` if all went well.

    An older folder at `path` is replaced only where it holds the file
    `marker`, which shows that it is an earlier result of the same kind. In
    a bucket, where nothing can be renamed, `marker` comes last and is gone
    while files are replaced.

    Args:
        path: the folder to write.
        marker: name of a file that every finished folder holds.

    Raises:
        ValueError: `path` holds something else.
    """
    if not _is_in_bucket(path):
        with _local_directory(path, marker) as temporary:
            yield temporary
        return
    _check_below_bucket(path)
    unfinished = _unfinished(marker)
    present = below(path)
    if _without_trials(present) or files.is_file(path.rstrip("/")):
        _check_ours(path, marker, bool({marker, unfinished} & set(present)))
    files.check_writable(path, "output")
    with tempfile.TemporaryDirectory() as temporary:
        yield temporary
        names = sorted(_local_names(temporary), key=lambda n: (n == marker, n))
        files.write_text(os.path.join(path, unfinished), "")
        files.delete_files([os.path.join(path, marker)])
        for name in names:
            files.put_file(
                os.path.join(temporary, name), os.path.join(path, name)
            )
        stale = {*present, unfinished} - set(names)
        files.delete_files(os.path.join(path, name) for name in stale)


@contextlib.contextmanager
def data_set_written_whole(path: str, manifest: str) -> Iterator[OutputFolder]:
    """Yields where to write a data set, whose manifest is written last.

    Locally the folder is replaced at the end, as by
    `directory_written_whole`. In a bucket each run writes a folder of its
    own, and the manifest says which one counts: until it is written, readers
    find the older data set whole. Then older runs are deleted; a run that
    ends without its manifest is deleted itself.

    Args:
        path: the folder of the data set.
        manifest: name of the file that readers trust.

    Raises:
        ValueError: `path` holds something else.
    """
    if not _is_in_bucket(path):
        with _local_directory(path, manifest) as temporary:
            manifest_path = os.path.join(temporary, manifest)
            yield OutputFolder(temporary, "", manifest_path)
        return
    _check_below_bucket(path)
    present = _without_trials(below(path))
    if present or files.is_file(path.rstrip("/")):
        is_left_over = present and all(map(_run_of, present))
        _check_ours(path, manifest, is_left_over or manifest in present)
    files.check_writable(path, "output")
    run = _new_run()
    output = OutputFolder(
        os.path.join(path, run), f"{run}/", os.path.join(path, manifest)
    )
    if not files.is_remote(path):
        os.makedirs(files.resolved(output.folder))
    older = _runs_named_in(output.manifest_path)
    try:
        yield output
    finally:
        _delete_losers(path, output, older)


def check_replaceable(path: str, marker: str) -> None:
    """Checks that a folder is free, or an earlier result.

    Args:
        path: the folder; it need not exist.
        marker: name of a file that every finished folder holds.

    Raises:
        ValueError: it holds something else, or is a whole bucket.
    """
    _check_below_bucket(path)
    present = _without_trials(below(path))
    if present or files.is_file(path.rstrip("/")):
        _check_ours(path, marker, {marker, _unfinished(marker)} & set(present))


def delete_result(path: str, marker: str) -> None:
    """Deletes an earlier result; a folder that is none is left alone.

    Args:
        path: the folder; it need not exist.
        marker: name of a file that every finished folder holds.
    """
    present = below(path)
    unfinished = _unfinished(marker)
    if not {marker, unfinished} & set(present):
        return
    if not _is_in_bucket(path):
        # In one step, so that a kill leaves no half of it there.
        doomed = tempfile.mkdtemp(dir=Path(path).parent, prefix=".deleted.")
        os.rename(path, os.path.join(doomed, "result"))
        shutil.rmtree(doomed)
        return
    files.write_text(os.path.join(path, unfinished), "")
    files.delete_files([os.path.join(path, marker)])
    others = set(present) - {unfinished}
    files.delete_files(os.path.join(path, name) for name in others)
    files.delete_files([os.path.join(path, unfinished)])
    if not files.is_remote(path):
        # Folders, which a mount has.
        shutil.rmtree(files.resolved(path))


def _unfinished(marker: str) -> str:
    """Shows that what is there was left by a process that was killed."""
    return f".{marker}.unfinished"


def below(path: str) -> list[str]:
    """Names of all files below a folder, relative to it, hidden ones too."""
    if not files.is_remote(path):
        return _local_names(files.resolved(path))
    bucket, prefix = files.folder_place(path)
    names = buckets.list_names(buckets.Place(bucket, prefix))
    return [name.removeprefix(prefix) for name in names]


def _is_in_bucket(path: str) -> bool:
    absolute = os.path.abspath(files.resolved(path))
    return files.is_remote(path) or absolute.startswith(
        os.path.join(files.MOUNT_ROOT, "")
    )


def _local_names(folder: str) -> list[str]:
    return [
        os.path.relpath(os.path.join(parent, name), folder)
        for parent, _, names in os.walk(folder)
        for name in names
    ]


def _without_trials(names: list[str]) -> list[str]:
    """Leaves out what an earlier `check_writable` was not let delete."""
    return [name for name in names if not _TRIAL.fullmatch(name)]


def _check_below_bucket(path: str) -> None:
    if re.fullmatch(r"gs://[^/]*/*", path):
        raise ValueError(
            "`output` must be a folder in a bucket, not the bucket itself. "
            f"Received: {path}. Add a name: {path.rstrip('/')}/data."
        )


def _check_ours(path: str, marker: str, is_ours: object) -> None:
    if not is_ours:
        raise ValueError(
            f"`{path}` exists and holds no {marker}, so it is not replaced: "
            "name an empty or a new folder."
        )


def _new_run(age: datetime.timedelta = datetime.timedelta()) -> str:
    now = datetime.datetime.now(datetime.UTC) - age
    return f"run-{now:%Y%m%dT%H%M%S%fZ}-{uuid.uuid4().hex[:8]}"


def _run_of(name: str) -> str:
    """The run to which a file of a data set belongs, or ""."""
    first, _, rest = name.partition("/")
    return first if rest and _RUN.fullmatch(first) else ""


def _delete_losers(path: str, output: OutputFolder, older: set[str]) -> None:
    """Deletes the runs in `older` if this one counts now, else this one.

    A run beside it may still be writing, and may count later; what one left
    that was killed goes after a day.
    """
    run = output.prefix.rstrip("/")
    yesterday = _new_run(datetime.timedelta(days=1))
    try:
        doomed = {run}
        if run in _runs_named_in(output.manifest_path):
            left_over = {
                each for each in map(_run_of, below(path)) if each < yesterday
            }
            doomed = (older | left_over) - {run, ""}
        _delete_runs(path, doomed)
    except OSError as error:
        # Only files that nobody reads are left, and an error that is under
        # way must not be hidden.
        logging.getLogger(__name__).warning(
            "Files of other runs are left below %s: %s", path, error
        )


def _runs_named_in(manifest_path: str) -> set[str]:
    if not files.is_file(manifest_path):
        return set()
    with files.open_binary(manifest_path) as file:
        return set(_RUN.findall(file.read().decode("utf-8", "replace")))


def _delete_runs(path: str, runs: set[str]) -> None:
    doomed = [name for name in below(path) if _run_of(name) in runs]
    files.delete_files(os.path.join(path, name) for name in doomed)
    if not files.is_remote(path):
        for run in runs:
            shutil.rmtree(files.resolved(os.path.join(path, run)))


@contextlib.contextmanager
def _local_directory(path: str, marker: str) -> Iterator[str]:
    """Yields a sibling of `path` that is renamed to it at the end."""
    target = Path(path)
    is_occupied = target.exists() and (
        not target.is_dir() or any(target.iterdir())
    )
    if is_occupied:
        _check_ours(path, marker, (target / marker).is_file())
    files.check_writable(str(target.parent), "output")
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
            if old.exists():
                old.rename(target)
            raise
        shutil.rmtree(old, ignore_errors=True)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
