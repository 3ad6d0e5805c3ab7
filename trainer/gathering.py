"""Waiting until all workers of a cluster have been started."""

import contextlib
import logging
import socket
import time
from collections.abc import Callable, Sequence

from trainer.cluster import Cluster, check_port_free

__all__ = ["wait_for_all"]

_PAUSE_SECONDS = 1.0
_CONNECT_SECONDS = 1.0
_REMINDER_SECONDS = 60.0

_logger = logging.getLogger(__name__)


def wait_for_all(
    cluster: Cluster,
    seconds: float = 3600.0,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], object] = time.sleep,
) -> None:
    """Waits until each other worker has answered once.

    TensorFlow waits too, but within C++: no signal would end it, and it does
    not say who is missing. A worker answers while it waits here, and again
    as soon as TensorFlow listens on the same port: one that goes on first is
    still found by the others. After the return the port is free.

    Args:
        cluster: the processes; nothing happens where it has no addresses.
        seconds: time limit.
        clock: gives the time in seconds.
        sleep: waits for that many seconds.

    Raises:
        ValueError: this worker's port is taken, or the time is over.
    """
    check_port_free(cluster)
    if not cluster.addresses:
        return
    own = cluster.addresses[cluster.index]
    missing = [each for each in cluster.addresses if each != own]
    start = next_word = clock()
    with _listener(own) as listener:
        while missing := [each for each in missing if not _answers(each)]:
            _answer_waiting(listener)
            now = clock()
            if now - start >= seconds:
                raise ValueError(
                    f"All {cluster.num_workers} workers must be there within "
                    f"{seconds:g} s. Received: no answer from "
                    f"{', '.join(missing)}. Start the same command there, or "
                    "unset `TF_CONFIG` and `CLUSTER_SPEC` to train in one "
                    "process."
                )
            if now >= next_word:
                _tell(cluster, missing)
                next_word = now + _REMINDER_SECONDS
            sleep(_PAUSE_SECONDS)
    _logger.info("All %d workers are there.", cluster.num_workers)


def _tell(cluster: Cluster, missing: Sequence[str]) -> None:
    _logger.info(
        "Worker %d of %d: waiting for %d %s: %s. Start the same command there.",
        cluster.index + 1,
        cluster.num_workers,
        len(missing),
        "other" if len(missing) == 1 else "others",
        ", ".join(missing),
    )


def _listener(address: str) -> socket.socket:
    """Listens on the port of `host:port`; a call for an answer never waits."""
    port = int(address.rpartition(":")[2])
    if socket.has_dualstack_ipv6():
        listener = socket.create_server(
            ("", port), family=socket.AF_INET6, dualstack_ipv6=True
        )
    else:
        listener = socket.create_server(("", port))
    listener.setblocking(False)
    return listener


def _answer_waiting(listener: socket.socket) -> None:
    """Closes what has connected, so that the queue never fills."""
    # An error says that nobody waits, or that the caller is gone again.
    with contextlib.suppress(OSError):
        while True:
            listener.accept()[0].close()


def _answers(address: str) -> bool:
    """Whether somebody listens at `host:port`."""
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection(
            (host.strip("[]"), int(port)), timeout=_CONNECT_SECONDS
        ) as connection:
            # On one machine a free port may be given to the caller itself.
            return connection.getsockname() != connection.getpeername()
    except OSError:
        # Not started yet, or its name is not known yet.
        return False
