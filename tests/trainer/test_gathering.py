import contextlib
import logging
import signal
import socket
import threading

import pytest

from trainer.cluster import Cluster
from trainer.gathering import wait_for_all


@pytest.fixture(autouse=True)
def _log(caplog):
    caplog.set_level(logging.INFO, "trainer.gathering")


def free_addresses(count):
    with contextlib.ExitStack() as stack:
        servers = [
            stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            for _ in range(count)
        ]
        return tuple(f"127.0.0.1:{each.getsockname()[1]}" for each in servers)


def listen(address, **how):
    return socket.create_server(
        ("127.0.0.1", int(address.rpartition(":")[2])), **how
    )


class Time:
    """A clock that only sleeping moves; `events` happen on the way."""

    def __init__(self, **events):
        self.now = 1000.0
        self.sleeps = 0
        self._events = events

    def clock(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds
        self.sleeps += 1
        self._events.get(f"sleep_{self.sleeps}", lambda: None)()

    @property
    def injected(self):
        return {"clock": self.clock, "sleep": self.sleep}


def test_two_workers_meet():
    """A worker that cannot see one which has already gone on."""
    addresses = free_addresses(2)
    servers, errors = [], []
    pause = threading.Event().wait

    def run(index):
        try:
            wait_for_all(
                Cluster(addresses, index), 30, sleep=lambda _: pause(0.01)
            )
            # As TensorFlow does, on the same port.
            servers.append(listen(addresses[index], reuse_port=True))
        except Exception as error:  # The test's own thread raises it.
            errors.append(error)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    for each in servers:
        each.close()
    assert not errors
    assert len(servers) == 2


def test_late_worker(caplog):
    """Waiting for one that is there, or silence about who is not."""
    own, early, late = free_addresses(3)
    with contextlib.ExitStack() as stack:
        stack.enter_context(listen(early))
        time = Time(sleep_70=lambda: stack.enter_context(listen(late)))
        wait_for_all(Cluster((own, early, late), 0), **time.injected)
    assert time.sleeps == 70
    waiting = (
        f"Worker 1 of 3: waiting for 1 other: {late}. "
        "Start the same command there."
    )
    assert caplog.messages == [waiting, waiting, "All 3 workers are there."]


def test_worker_that_answered_once_may_be_gone():
    """Asking again, while TensorFlow starts there and nobody listens."""
    first, own, last = free_addresses(3)
    with contextlib.ExitStack() as stack:
        early = stack.enter_context(listen(first))
        time = Time(
            sleep_1=early.close,
            sleep_2=lambda: stack.enter_context(listen(last)),
        )
        wait_for_all(Cluster((first, own, last), 1), 9, **time.injected)
    assert time.sleeps == 2


def test_time_limit(caplog):
    """Waiting for ever, or a refusal that leaves out who is missing."""
    first, own, there, last = free_addresses(4)
    time = Time()
    with listen(there), pytest.raises(ValueError, match="within 5 s") as late:
        wait_for_all(Cluster((first, own, there, last), 1), 5, **time.injected)
    assert f"Received: no answer from {first}, {last}. Start" in str(late.value)
    assert "unset `TF_CONFIG`" in str(late.value)
    assert caplog.messages == [
        f"Worker 2 of 4: waiting for 2 others: {first}, {last}. "
        "Start the same command there."
    ]
    assert time.sleeps == 5


@pytest.mark.parametrize("error", [SystemExit(143), OSError("handler")])
def test_signal_ends_the_wait(error):
    """A signal's exception taken for a worker that does not answer."""
    addresses = free_addresses(2)

    def stop(number, frame):
        raise error

    before = signal.signal(signal.SIGTERM, stop)
    try:
        time = Time(sleep_2=lambda: signal.raise_signal(signal.SIGTERM))
        with pytest.raises(type(error)):
            wait_for_all(Cluster(addresses, 0), 9, **time.injected)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert time.sleeps == 2
    listen(addresses[0]).close()


def test_port_is_free_afterwards():
    """A port that TensorFlow cannot take, since callers were answered."""
    own, other = free_addresses(2)
    host, _, port = own.rpartition(":")
    with contextlib.ExitStack() as stack:

        def call():
            stack.enter_context(socket.create_connection((host, int(port))))

        def come():
            call()
            stack.enter_context(listen(other))

        time = Time(sleep_1=call, sleep_2=come)
        wait_for_all(Cluster((own, other), 0), 9, **time.injected)
        listen(own).close()
        listen(own, reuse_port=True).close()


def test_callers_are_let_go():
    """A queue of callers that fills, until workers cannot reach this one."""
    own, other = free_addresses(2)
    host, _, port = own.rpartition(":")
    received = []
    with contextlib.ExitStack() as stack:
        callers = []

        def call():
            for _ in range(3):
                caller = socket.create_connection((host, int(port)), 5)
                callers.append(stack.enter_context(caller))

        def hang_up():
            received.extend(each.recv(1) for each in callers)
            stack.enter_context(listen(other))

        time = Time(sleep_1=call, sleep_2=hang_up)
        wait_for_all(Cluster((own, other), 0), 9, **time.injected)
    assert received == [b""] * 3


def test_taken_port_comes_first():
    """Waiting for others who could never reach this worker."""
    own, other = free_addresses(2)
    time = Time()
    with listen(own), pytest.raises(ValueError, match="must be free"):
        wait_for_all(Cluster((own, other), 0), 9, **time.injected)
    assert time.sleeps == 0


def test_one_process_waits_for_nobody(caplog):
    """A word about workers where there are none."""
    wait_for_all(Cluster())
    assert not caplog.messages


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="needs IPv6")
def test_ipv6_address():
    """Brackets taken for a part of the host."""
    own, other = (
        address.replace("127.0.0.1", "[::1]") for address in free_addresses(2)
    )
    port = int(other.rpartition(":")[2])
    try:
        server = socket.create_server(("::1", port), family=socket.AF_INET6)
    except OSError:
        pytest.skip("no IPv6 address here")
    time = Time()
    with server:
        wait_for_all(Cluster((own, other), 0), 3, **time.injected)
    assert time.sleeps == 0
