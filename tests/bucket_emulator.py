"""A bucket on this machine, behind a proxy that fails as asked.

    with bucket_emulator() as bucket:
        bucket.put("data/a.csv", b"x,y")
        bucket.faults.answer(503, times=2, method="GET")
        storage.glob_files(bucket.url("data/*.csv"))

`fault_proxy` says what can fail.
"""

import base64
import contextlib
import functools
import hashlib
import logging
import threading
import time
from http.server import HTTPServer
from pathlib import Path

import google_crc32c
import pytest
from fault_proxy import FaultProxy, Faults
from gcp_storage_emulator.handlers.buckets import create_bucket
from gcp_storage_emulator.server import RequestHandler
from gcp_storage_emulator.storage import Storage

from trainer import bucket_client

__all__ = ["Bucket", "bucket_emulator"]

NAME = "bucket"


class Bucket:
    """The bucket `NAME`, empty at first.

    Attributes:
        name: of the bucket.
        faults: to inject.
        host: what STORAGE_EMULATOR_HOST is while the emulator runs.
        requests: method and path, unquoted, of all requests so far.
        done_uploads: path to answer of uploads in parts.
    """

    name = NAME

    def __init__(self, stored, host):
        self._storage = stored
        self.faults = Faults()
        self.host = host
        self.requests = []
        self.done_uploads = {}

    def url(self, name=""):
        """The `gs://` name of an object or folder."""
        return f"gs://{NAME}/{name}"

    def put(self, name, data, encoding=None):
        """Stores an object past the proxy; a new version if it is there."""
        generation = str(time.time_ns())
        resource = {
            "kind": "storage#object",
            "id": f"{NAME}/{name}/{generation}",
            "name": name,
            "bucket": NAME,
            "generation": generation,
            "metageneration": "1",
            "contentType": "application/octet-stream",
            "size": str(len(data)),
            "crc32c": _text(google_crc32c.Checksum(data).digest()),
            "md5Hash": _text(hashlib.md5(data).digest()),
        }
        if encoding:
            resource["contentEncoding"] = encoding
        self._storage.create_file(NAME, name, data, resource)

    def put_folder(self, name, folder):
        """Stores all files below a local folder; returns the `gs://` name."""
        for path in Path(folder).rglob("*"):
            if path.is_file():
                below = path.relative_to(folder).as_posix()
                self.put(f"{name}/{below}", path.read_bytes())
        return self.url(name)

    def announce(self, name):
        """Lists an object whose name the emulator cannot store."""
        self.put("announced", b"")
        announced = self._storage.objects[NAME].pop("announced")
        self._storage.objects[NAME][name] = announced | {"name": name}

    def get(self, name):
        """The bytes of an object; KeyError if there is none."""
        self.about(name)
        return self._storage.get_file(NAME, name)

    def about(self, name):
        """What the service knows of an object."""
        return self._storage.objects[NAME][name]

    def delete(self, name):
        """Deletes an object past the proxy."""
        self._storage.delete_file(NAME, name)

    def names(self):
        """Names of all objects, sorted."""
        return sorted(self._storage.objects.get(NAME, {}))


@contextlib.contextmanager
def bucket_emulator(deadline_seconds=20.0):
    """Runs the emulator and leads google-cloud-storage to it; waits are short.

    Yields:
        the bucket.
    """
    # The emulator tells of each object that is not there.
    for name in ("api.object", "api.bucket", "gcp_storage_emulator"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    stored = Storage(use_memory_fs=True)
    create_bucket(NAME, stored)
    emulator = _Emulator(
        ("127.0.0.1", 0), functools.partial(RequestHandler, stored)
    )
    proxy = FaultProxy(emulator.server_address)
    host = f"http://127.0.0.1:{proxy.server_address[1]}"
    proxy.bucket = Bucket(stored, host)
    with (
        _serving(emulator),
        _serving(proxy),
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("STORAGE_EMULATOR_HOST", host)
        patch.setattr(bucket_client, "FIRST_WAIT_SECONDS", 0.01)
        patch.setattr(bucket_client, "LONGEST_WAIT_SECONDS", 0.05)
        patch.setattr(bucket_client, "DEADLINE_SECONDS", deadline_seconds)
        bucket_client.forget_client()
        try:
            yield proxy.bucket
        finally:
            bucket_client.forget_client()


@contextlib.contextmanager
def _serving(server):
    thread = threading.Thread(
        target=server.serve_forever, args=(0.01,), daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Emulator(HTTPServer):
    # Those that have to wait for a place try again after a whole second.
    request_queue_size = 64


def _text(digest):
    return base64.b64encode(digest).decode()
