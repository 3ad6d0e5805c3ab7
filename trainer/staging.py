"""Objects of buckets as local files, for libraries that read only those."""

import contextlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from trainer import buckets
from trainer.files import folder_place, is_remote, resolved

__all__ = ["local_files", "local_folder"]

_DOWNLOADS_AT_ONCE = 8


@contextlib.contextmanager
def local_files(paths: Sequence[str]) -> Iterator[list[str]]:
    """Yields local paths of files, in the same order.

    What lies in a bucket is copied to a temporary folder, which goes away
    at the end.

    Raises:
        OSError: a file cannot be read or stored.
    """
    remote = [position for position, p in enumerate(paths) if is_remote(p)]
    found = [resolved(path) for path in paths]
    with contextlib.ExitStack() as stack:
        if remote:
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            for position in remote:
                # Files of one name may come from several folders.
                below = os.path.join(folder, str(position))
                os.mkdir(below)
                name = os.path.basename(paths[position])
                found[position] = os.path.join(below, name)
            _download_all(
                [buckets.place_of(paths[position]) for position in remote],
                [found[position] for position in remote],
            )
        yield found


@contextlib.contextmanager
def local_folder(path: str) -> Iterator[str]:
    """Yields the local path of a folder, with all that lies below it.

    Raises:
        OSError: a file cannot be read or stored.
        ValueError: names in the bucket cannot be names of files.
    """
    if not is_remote(path):
        yield resolved(path)
        return
    bucket, prefix = folder_place(path)
    names = list(buckets.list_names(buckets.Place(bucket, prefix)))
    with tempfile.TemporaryDirectory() as folder:
        targets = [
            os.path.join(folder, _checked(name.removeprefix(prefix), path))
            for name in names
        ]
        for target in targets:
            os.makedirs(os.path.dirname(target), exist_ok=True)
        _download_all([buckets.Place(bucket, name) for name in names], targets)
        yield folder


def _checked(name: str, path: str) -> str:
    """Refuses names that would lead out of the folder."""
    if {"", ".", ".."} & set(name.split("/")):
        raise ValueError(
            f"Files below {path} must have plain names. Received: {name}. "
            "Rename or delete that object."
        )
    return name


def _download_all(
    places: Sequence[buckets.Place], targets: Sequence[str]
) -> None:
    with ThreadPoolExecutor(_DOWNLOADS_AT_ONCE) as pool:
        running = [
            pool.submit(buckets.download, place, target)
            for place, target in zip(places, targets, strict=True)
        ]
        try:
            for each in running:
                each.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
