"""What a data set was made from: whether it has to be made again."""

import hashlib
import json
import os
from collections.abc import Iterable

from trainer import buckets, storage
from trainer.bucket_client import blob_of, retry
from trainer.bucket_errors import explained
from trainer.schema import Schema

__all__ = ["InputRecord"]


class InputRecord:
    """The file that says what the data set of a run was made from.

    Args:
        path: of the file.
        data_dir: folder of the data set.
        made_by: all that decides what is in it, but for the files.
        paths: of the files.

    Raises:
        OSError: a file is not there.
    """

    def __init__(
        self, path: str, data_dir: str, made_by: object, paths: Iterable[str]
    ):
        self._path = path
        self._data_dir = data_dir
        versions = [(each, _version(each)) for each in paths]
        text = repr((made_by, versions))
        self._fingerprint = hashlib.sha256(text.encode()).hexdigest()

    def is_current(self) -> bool:
        """Whether the data set is there, made from the same."""
        if not storage.is_file(self._path):
            return False
        try:
            wanted = self._content()
            with storage.open_binary(self._path) as file:
                return bool(json.loads(file.read()) == wanted)
        except ValueError:
            return False

    def write(self) -> None:
        """Says that the data set was made from this."""
        storage.write_text(self._path, json.dumps(self._content()) + "\n")

    def _content(self) -> dict[str, str]:
        schema_hash = Schema.load(self._data_dir).hash()
        return {"made_from": self._fingerprint, "schema_hash": schema_hash}


def _version(path: str) -> str:
    """Changes whenever the file does."""
    if not storage.is_remote(path):
        status = os.stat(storage.resolved(path))
        return f"{status.st_size} bytes at {status.st_mtime_ns}"
    place = buckets.place_of(path)
    with explained(place):
        blob = blob_of(place)
        blob.reload(retry=retry())
        return str(blob.generation)
