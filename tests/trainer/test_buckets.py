import math
import os
import random
import signal
import threading
import time

import pytest
from bucket_emulator import bucket_emulator

from trainer import bucket_client, buckets, storage

STATUSES = (429, 500, 502, 503, 504)


def plan(bucket, fault, **where):
    """Two faults of a kind; a number is a status."""
    if isinstance(fault, int):
        bucket.faults.answer(fault, times=2, **where)
    else:
        getattr(bucket.faults, fault)(times=2, **where)


@pytest.mark.parametrize("fault", [*STATUSES, "cut", "cut_answer"])
def test_listing_is_retried(bucket, fault):
    """A job that ends because the service was busy for a second."""
    bucket.put("data/a.csv", b"1")
    plan(bucket, fault, method="GET", part="prefix=data/")
    assert len(storage.glob_files(bucket.url("data/*"))) == 1
    assert bucket.faults.hits == 2


@pytest.mark.parametrize("fault", [*STATUSES, "cut"])
@pytest.mark.parametrize("part", ["/download/", "/o/a?projection"])
def test_reading_is_retried(bucket, fault, part):
    """Half a file taken for all of it; a job ended by a short outage."""
    data = random.Random(1).randbytes(200_000)
    bucket.put("a", data)
    plan(bucket, fault, method="GET", part=part)
    with storage.open_binary(bucket.url("a")) as file:
        assert file.read() == data
    assert bucket.faults.hits == 2


def test_reading_goes_on_where_it_broke(bucket, monkeypatch):
    """Bytes doubled or left out after a connection broke in mid-file."""
    monkeypatch.setattr(buckets, "READ_BYTES", 30_000)
    data = random.Random(2).randbytes(200_000)
    bucket.put("a", data)
    for times in (3, 1):
        bucket.faults.clear()
        bucket.faults.cut_answer(times=times, method="GET", part="/download/")
        read = b""
        with storage.open_binary(bucket.url("a")) as file:
            while piece := file.read(7_000):
                read += piece
        assert read == data
        assert bucket.faults.hits == times


def test_downloads_go_on_where_they_broke(bucket):
    """A shard cut in the middle that TensorFlow then calls damaged."""
    data = random.Random(3).randbytes(300_000)
    bucket.put("a", data)
    bucket.faults.cut_answer(times=3, method="GET", part="/download/")
    bucket.faults.answer(503, method="GET", part="/download/")
    with storage.local_files([bucket.url("a")]) as (path,):
        with open(path, "rb") as file:
            assert file.read() == data
    assert bucket.faults.hits == 4


@pytest.mark.parametrize("num_read", [0, 1000])
def test_a_replaced_object_is_no_mixture(bucket, monkeypatch, num_read):
    """The head of one version joined to the tail of another."""
    monkeypatch.setattr(buckets, "READ_BYTES", 1000)
    bucket.put("a", b"1" * 5000)
    with storage.open_binary(bucket.url("a")) as file:
        assert file.read(num_read) == b"1" * num_read
        bucket.put("a", b"2" * 6000)
        with pytest.raises(OSError, match="replaced or deleted"):
            file.read()


@pytest.mark.parametrize(
    "fault", [*STATUSES, "cut", "cut_request", "lose_answer", "cut_answer"]
)
@pytest.mark.parametrize("num_bytes", [0, 100_000, 9 << 20])
def test_uploads_are_retried(bucket, fault, num_bytes):
    """Half an object under its final name; a result lost after hours."""
    data = random.Random(4).randbytes(num_bytes)
    plan(bucket, fault, part="/upload/")
    with storage.binary_written_whole(bucket.url("a")) as file:
        file.write(data)
    assert bucket.get("a") == data
    assert bucket.faults.hits == 2


def test_a_large_upload_broken_in_its_parts(bucket, monkeypatch):
    """Parts that are lost or doubled where one of them was sent again."""
    monkeypatch.setattr(buckets, "_UPLOAD_BYTES", 1 << 20)
    data = random.Random(5).randbytes((9 << 20) + 17)
    bucket.faults.cut_request(times=3, method="PUT")
    bucket.faults.answer(503, times=2, method="PUT")
    with storage.binary_written_whole(bucket.url("a")) as file:
        file.write(data)
    assert bucket.get("a") == data
    assert bucket.faults.hits == 5


@pytest.mark.parametrize(
    ("status", "headers"),
    [(308, {}), (308, {"Range": "bytes=0-262143"}), (410, {})],
)
def test_a_lost_upload_starts_again(bucket, status, headers):
    """An upload given up because the service lost what it had of it."""
    data = random.Random(6).randbytes(9 << 20)
    bucket.faults.answer(status, times=2, method="PUT", headers=headers)
    with storage.binary_written_whole(bucket.url("a")) as file:
        file.write(data)
    assert bucket.get("a") == data
    assert bucket.faults.hits == 2


@pytest.mark.parametrize("fault", [*STATUSES, "cut", "lose_answer"])
def test_deleting_is_retried(bucket, fault):
    """Files of an older version that stay; a deleted one taken for an error."""
    for name in ("a", "b"):
        bucket.put(name, b"1")
    plan(bucket, fault, method="DELETE")
    storage.delete_files([bucket.url("a"), bucket.url("b")])
    assert bucket.names() == []
    assert bucket.faults.hits == 2


def test_a_late_answer_is_waited_for(bucket):
    """An answer that comes late taken for none."""
    bucket.put("a", b"1")
    bucket.faults.delay(0.3, times=2)
    with storage.open_binary(bucket.url("a")) as file:
        assert file.read() == b"1"


def write(path):
    storage.write_text(path, "1")


def read(path):
    with storage.open_binary(path) as file:
        file.read()


def fetch(path):
    with storage.local_files([path]):
        pass


def search(path):
    storage.glob_files(f"{path}*")


def delete(path):
    storage.delete_files([path])


ACTIONS = [write, read, fetch, search, delete, storage.is_file]


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("status", [401, 403])
def test_denied_access_is_told_at_once(bucket, action, status):
    """Minutes of retries for what only an administrator can change."""
    bucket.put("a", b"1")
    bucket.faults.answer(status, times=math.inf)
    started = time.monotonic()
    with pytest.raises(
        PermissionError, match="No .*gs://bucket/a.*gcloud auth"
    ):
        action(bucket.url("a"))
    assert bucket.faults.hits == 1
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("fault", [503, "cut"])
def test_the_deadline_ends_retries(action, fault):
    """A job that waits for ever; an error from the depths of a library."""
    with bucket_emulator(deadline_seconds=0.5) as bucket:
        bucket.put("a", b"1")
        storage.is_file(bucket.url("a"))
        if fault == 503:
            bucket.faults.answer(503, times=math.inf)
        else:
            bucket.faults.cut(times=math.inf)
        with pytest.raises(TimeoutError, match="gs://bucket/a.*0.5s"):
            action(bucket.url("a"))
        assert bucket.faults.hits > 1


def test_a_bucket_that_is_not_there(bucket):
    """A misspelt bucket taken for an empty one."""
    with pytest.raises(FileNotFoundError, match="no such bucket"):
        storage.glob_files("gs://missing/data/*.csv")
    with pytest.raises(FileNotFoundError, match="no such bucket"):
        storage.write_text("gs://missing/a", "1")


def test_no_credentials(monkeypatch, tmp_path):
    """A stack of Google's errors, after minutes, for a missing login."""
    for name in ("STORAGE_EMULATOR_HOST", "GOOGLE_APPLICATION_CREDENTIALS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setattr("google.auth.compute_engine._metadata._NO_GCE_CHECK", 1)
    bucket_client.forget_client()
    started = time.monotonic()
    with pytest.raises(PermissionError, match="No credentials.*gcloud auth"):
        storage.is_file("gs://bucket/a")
    assert time.monotonic() - started < 10


def test_one_client_for_all_threads(bucket, monkeypatch):
    """A login, and a pool of connections, for each thread or file."""
    from google.cloud import storage as service

    made = []
    make = service.Client
    monkeypatch.setattr(
        service, "Client", lambda **kw: made.append(1) or make(**kw)
    )
    for number in range(20):
        bucket.put(str(number), b"1")
    threads = [
        threading.Thread(target=read, args=(bucket.url(str(number)),))
        for number in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [1]


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_process_has_its_own_client(bucket):
    """Two processes that read each other's answers from one connection."""
    bucket.put("a", b"1")
    read(bucket.url("a"))
    before = id(bucket_client.get_client())
    with bucket_client._lock:
        # Held by another thread at the time of the fork.
        child = os.fork()
        if child == 0:
            code = 1
            # A lock that stays closed must not stop the tests.
            signal.alarm(20)
            try:
                read(bucket.url("a"))
                code = 0 if id(bucket_client.get_client()) != before else 2
            finally:
                os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
