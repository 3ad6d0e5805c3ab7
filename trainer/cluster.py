"""The processes that train together, as the environment describes them."""

import dataclasses
import json
import socket
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["Cluster", "check_port_free", "read_descriptions"]

# Roles that train, first the chief's, for each way to describe a cluster.
# The first variable that names a cluster counts.
_TRAINING_ROLES = {
    "TF_CONFIG": ("chief", "master", "worker"),
    "CLUSTER_SPEC": ("workerpool0", "workerpool1"),
}
_HIGHEST_PORT = 65535


@dataclasses.dataclass(frozen=True)
class Cluster:
    """The processes that train one detector together.

    Attributes:
        addresses: `host:port` of each worker, the chief first; none where
            one process trains alone.
        index: of this process in `addresses`.
    """

    addresses: tuple[str, ...] = ()
    index: int = 0

    @property
    def num_workers(self) -> int:
        """Number of processes, this one too."""
        return max(1, len(self.addresses))

    @property
    def is_chief(self) -> bool:
        """Whether this process is the one that writes."""
        return self.index == 0

    @classmethod
    def of(
        cls, descriptions: Mapping[str, Mapping[str, Mapping[str, Any]]]
    ) -> "Cluster":
        """The first cluster that is described; none = one process alone.

        Args:
            descriptions: as `read_descriptions` gives them.

        Raises:
            ValueError: it is none that this program can train on.
        """
        for name, each in descriptions.items():
            if each["cluster"]:
                return _read_cluster(name, each["cluster"], each["task"])
        for name, each in descriptions.items():
            index = each["task"].get("index")
            if str(index or 0) != "0":
                raise _refusal(
                    name,
                    "hold a `cluster` with all workers",
                    f"index={index!r}",
                )
        return cls()


def read_descriptions(
    variables: Mapping[str, str],
) -> dict[str, dict[str, dict[str, Any]]]:
    """Reads the variables that may describe a cluster.

    Args:
        variables: the environment; empty values count as not set.

    Returns:
        For each of `TF_CONFIG` and `CLUSTER_SPEC` that is set its `cluster`,
        role to addresses, and its `task`; both may be empty.

    Raises:
        ValueError: one of them has another form.

    References:
        Google Cloud, Vertex AI, "Distributed training": the formats of
        CLUSTER_SPEC and TF_CONFIG.
    """
    return {
        name: _parsed(name, variables[name])
        for name in _TRAINING_ROLES
        if variables.get(name)
    }


def check_port_free(cluster: Cluster) -> None:
    """Checks that this worker can listen where the others expect it.

    TensorFlow shares ports with whoever listens already, so a taken port
    would show as workers that wait for each other.

    Raises:
        ValueError: the port is taken, or must not be used.
    """
    if not cluster.addresses:
        return
    address = cluster.addresses[cluster.index]
    try:
        socket.create_server(("", _port_of(address))).close()
    except OSError as error:
        raise ValueError(
            "This worker's port in `TF_CONFIG` or `CLUSTER_SPEC` must be free. "
            f"Received: {address} ({error.strerror or error}). End the "
            "process that listens there, or give all workers a `TF_CONFIG` "
            "with another port."
        ) from error


def _parsed(name: str, text: str) -> dict[str, dict[str, Any]]:
    """The object that a variable holds, `cluster` and `task` checked."""
    try:
        value = json.loads(text)
    except ValueError as error:
        raise _refusal(name, "be JSON", f"{text[:80]!r} ({error})") from error
    if not isinstance(value, dict):
        raise _refusal(name, "be a JSON object", repr(text[:80]))
    value = {
        "cluster": value.get("cluster") or {},
        "task": value.get("task") or {},
    }
    for key, part in value.items():
        if not isinstance(part, dict):
            raise _refusal(name, f"hold an object as `{key}`", repr(part))
    for role, addresses in value["cluster"].items():
        if not isinstance(addresses, list):
            raise _refusal(
                name,
                "hold a list of addresses for each role",
                f"{role}={addresses!r}",
            )
    filled = {role: each for role, each in value["cluster"].items() if each}
    return {"cluster": filled, "task": value["task"]}


def _read_cluster(
    name: str, roles: Mapping[str, list[str]], task: Mapping[str, Any]
) -> Cluster:
    known = _TRAINING_ROLES[name]
    role = task.get("type")
    foreign = sorted({*roles, str(role or known[0])}.difference(known))
    if foreign:
        raise ValueError(
            f"`{name}` must have no other roles than {', '.join(known)}: all "
            "processes train, none is a parameter server or an evaluator. "
            f"Received: {', '.join(foreign)}. Leave those worker pools out."
        )
    workers = [
        (kind, str(position), address)
        for kind in known
        for position, address in enumerate(roles.get(kind, ()))
    ]
    addresses = tuple(address for _, _, address in workers)
    _check_addresses(name, addresses)
    tasks = [(kind, position) for kind, position, _ in workers]
    mine = (role, str(task.get("index")))
    if mine not in tasks:
        raise _refusal(
            name,
            "hold a `task` with type and index of a worker: "
            + ", ".join(map(" ".join, tasks)),
            f"type={role!r}, index={task.get('index')!r}",
        )
    if len(addresses) == 1:
        return Cluster()
    return Cluster(addresses, tasks.index(mine))


def _check_addresses(name: str, addresses: Sequence[Any]) -> None:
    for address in addresses:
        if not isinstance(address, str) or not _port_of(address):
            raise _refusal(
                name, "hold addresses of the form host:port", repr(address)
            )
    if len(set(addresses)) < len(addresses):
        raise _refusal(name, "name each address once", ", ".join(addresses))


def _port_of(address: str) -> int:
    """The port of `host:port`; 0 where there is none."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or int(port) > _HIGHEST_PORT:
        return 0
    return int(port)


def _refusal(name: str, rule: str, received: str) -> ValueError:
    return ValueError(
        f"`{name}` must {rule}. Received: {received}. Mend it, or unset it to "
        "train in one process."
    )
