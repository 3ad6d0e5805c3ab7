"""Local files and `gs://` buckets alike. Knows no framework.

All functions take local paths and `gs://bucket/name`; a bucket that is
mounted under `files.MOUNT_ROOT` is used through its mount.
"""

import fnmatch
import glob
import os
import re
from collections.abc import Iterator, Sequence

from trainer import buckets
from trainer.files import (
    binary_written_whole,
    check_local,
    check_writable,
    delete_files,
    file_written_whole,
    folder_place,
    is_file,
    is_folder,
    is_remote,
    is_same_folder,
    is_within,
    open_binary,
    put_file,
    resolved,
    write_text,
)
from trainer.folders import (
    OutputFolder,
    below,
    check_replaceable,
    data_set_written_whole,
    delete_result,
    directory_written_whole,
)
from trainer.staging import local_files, local_folder

__all__ = [
    "OutputFolder",
    "below",
    "binary_written_whole",
    "check_local",
    "check_replaceable",
    "check_writable",
    "data_set_written_whole",
    "delete_files",
    "delete_result",
    "directory_written_whole",
    "file_written_whole",
    "glob_files",
    "is_file",
    "is_folder",
    "is_remote",
    "is_same_folder",
    "is_within",
    "local_files",
    "local_folder",
    "matching_files",
    "open_binary",
    "put_file",
    "resolved",
    "write_text",
]

_WILDCARD = re.compile(r"[*?[]")
# Files that a writer of ours gives their names when they are whole.
_TEMPORARY = re.compile(r"\.[0-9a-f]{32}\.temporary$")


def glob_files(pattern: str) -> list[str]:
    """Lists the files that `pattern` names, sorted; there may be none.

    Names that begin with a dot are found only by patterns that spell it.

    Args:
        pattern: a file, a folder (all files below it) or a glob, where `**`
            stands for any folders; several, separated by commas.

    Raises:
        OSError: a bucket cannot be listed.
        ValueError: a path is neither local nor in a bucket.
    """
    found: set[str] = set()
    for part in filter(None, pattern.split(",")):
        found.update(_remote(part) if is_remote(part) else _local(part))
    return sorted(path for path in found if not _TEMPORARY.search(path))


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


def _local(pattern: str) -> Iterator[str]:
    local = resolved(pattern)
    if os.path.isfile(local):
        # As it is, though its name may have signs of a pattern.
        yield pattern
        return
    if os.path.isdir(local):
        local = os.path.join(glob.escape(local), "**", "*")
    for path in glob.glob(local, recursive=True):
        if os.path.isfile(path):
            yield (
                path
                if pattern == resolved(pattern)
                else _unmounted(path, pattern)
            )


def _unmounted(path: str, pattern: str) -> str:
    """The `gs://` name of a file that was found through the mount.

    Other machines may have to read it that have no such mount.
    """
    bucket = buckets.place_of(pattern).bucket
    root = resolved(f"{buckets.SCHEME}{bucket}/")
    return f"{buckets.SCHEME}{bucket}/{path.removeprefix(root)}"


def _remote(pattern: str) -> Iterator[str]:
    bucket, name = buckets.place_of(pattern)
    if is_file(pattern):
        yield pattern
        return
    if _WILDCARD.search(name):
        prefix = _WILDCARD.split(name)[0]
        parts = name.split("/")
    else:
        prefix = folder_place(pattern).name
        parts = [*prefix.split("/")[:-1], "**", "*"]
    for found in buckets.list_names(buckets.Place(bucket, prefix)):
        if _matches(found.split("/"), parts):
            yield str(buckets.Place(bucket, found))


def _matches(names: Sequence[str], patterns: Sequence[str]) -> bool:
    """Whether `glob.glob` would find the file of these folders and name."""
    if not names or not patterns:
        return not names and not patterns
    first, rest = patterns[0], patterns[1:]
    is_hidden = names[0].startswith(".")
    if first == "**":
        return (
            (bool(rest) and _matches(names, rest))
            or (not is_hidden and _matches(names[1:], patterns))
            or (not is_hidden and not rest and len(names) == 1)
        )
    if is_hidden and not first.startswith("."):
        return False
    return fnmatch.fnmatchcase(names[0], first) and _matches(names[1:], rest)
