import json
import socket

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from trainer.cluster import Cluster, check_port_free, read_descriptions

# As the documentation of Vertex AI shows them.
CLUSTER_SPEC = {
    "cluster": {
        "workerpool0": ["training-workerpool0-ab-0:2222"],
        "workerpool1": [
            "training-workerpool1-ab-0:2222",
            "training-workerpool1-ab-1:2222",
        ],
    },
    "environment": "cloud",
    "task": {"type": "workerpool1", "index": 1},
    "job": {"worker_pool_specs": []},
}
TF_CONFIG = {
    "cluster": {
        "worker": ["b:2222", "c:2222"],
        "chief": ["a:2222"],
    },
    "environment": "cloud",
    "task": {"cloud": "x", "type": "worker", "index": 0, "trial": "4"},
}


def read(**variables):
    descriptions = read_descriptions(
        {
            name: value if isinstance(value, str) else json.dumps(value)
            for name, value in variables.items()
        }
    )
    return Cluster.of(descriptions)


def of(cluster, **task):
    return {"cluster": cluster, "task": task}


def test_cluster_spec():
    """Workers in another order than on their peers, or two chiefs."""
    first, second, third = (
        read(
            CLUSTER_SPEC=CLUSTER_SPEC | {"task": {"type": kind, "index": index}}
        )
        for kind, index in (
            ("workerpool0", 0),
            ("workerpool1", 0),
            ("workerpool1", 1),
        )
    )
    assert first.addresses == second.addresses == third.addresses
    assert first.addresses == (
        "training-workerpool0-ab-0:2222",
        "training-workerpool1-ab-0:2222",
        "training-workerpool1-ab-1:2222",
    )
    assert [each.index for each in (first, second, third)] == [0, 1, 2]
    assert [each.is_chief for each in (first, second, third)] == [
        True,
        False,
        False,
    ]
    assert first.num_workers == 3


def test_tf_config_counts_before_cluster_spec():
    """A cluster put together from both variables."""
    cluster = read(TF_CONFIG=TF_CONFIG, CLUSTER_SPEC=CLUSTER_SPEC)
    assert cluster == Cluster(("a:2222", "b:2222", "c:2222"), 1)


def test_cluster_spec_beside_a_tf_config_without_cluster():
    """Each worker training alone and writing over the others."""
    cluster = read(TF_CONFIG="{}", CLUSTER_SPEC=CLUSTER_SPEC)
    assert cluster.num_workers == 3


@given(st.integers(0, 3), st.integers(0, 4), st.data())
def test_every_worker_has_its_own_index(num_chiefs, num_workers, data):
    """An index that is counted within a role, not over all workers."""
    cluster = {
        "chief": [f"chief{i}:1" for i in range(num_chiefs)],
        "worker": [f"worker{i}:1" for i in range(num_workers)],
    }
    places = [
        (role, index) for role in cluster for index in range(len(cluster[role]))
    ]
    assume(len(places) > 1)
    role, index = data.draw(st.sampled_from(places))
    found = read(TF_CONFIG=of(cluster, type=role, index=index))
    assert found.addresses[found.index] == f"{role}{index}:1"
    assert len(found.addresses) == len(places)


@pytest.mark.parametrize(
    "variables",
    [
        {"TF_CONFIG": of({"chief": ["a:1"]}, type="chief", index=0)},
        {"TF_CONFIG": of({"worker": ["a:1"]}, type="worker", index="0")},
        {"TF_CONFIG": {"task": {"type": "chief", "index": 0}}},
        {"TF_CONFIG": {"environment": "cloud", "cluster": None}},
        {
            "CLUSTER_SPEC": of(
                {"workerpool0": ["a:2222"], "workerpool1": []},
                type="workerpool0",
                index=0,
            )
        },
    ],
)
def test_one_worker_is_no_cluster(variables):
    """A strategy of several workers for one."""
    assert read(**variables) == Cluster()


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"TF_CONFIG": "{'cluster'"}, "`TF_CONFIG` must be JSON"),
        ({"CLUSTER_SPEC": "[1]"}, "`CLUSTER_SPEC` must be a JSON object"),
        ({"TF_CONFIG": {"task": [1]}}, "hold an object as `task`"),
        ({"TF_CONFIG": {"cluster": ["a:1"]}}, "hold an object as `cluster`"),
        (
            {"TF_CONFIG": {"cluster": {"worker": "a:1"}}},
            "hold a list of addresses",
        ),
        (
            {"TF_CONFIG": {"task": {"type": "worker", "index": 1}}},
            "`cluster` with all workers",
        ),
        ({"TF_CONFIG": of({"worker": ["a:1", "b:1"]})}, "hold a `task`"),
        (
            {"TF_CONFIG": of({"worker": ["a:1", "b:1"]}, type="chief")},
            "worker 0, worker 1. Received: type='chief'",
        ),
        (
            {
                "TF_CONFIG": of(
                    {"worker": ["a:1", "b:1"]}, type="worker", index=2
                )
            },
            "index=2",
        ),
        (
            {
                "TF_CONFIG": of(
                    {"worker": ["a:1", "b:1"]}, type="worker", index=-1
                )
            },
            "index=-1",
        ),
        (
            {
                "TF_CONFIG": of(
                    {"worker": ["a:1"], "ps": ["b:1"]}, type="worker", index=0
                )
            },
            "Received: ps. Leave those worker pools out",
        ),
        (
            {
                "TF_CONFIG": of(
                    {"chief": ["a:1"], "worker": ["b:1"]},
                    type="evaluator",
                    index=0,
                )
            },
            "Received: evaluator",
        ),
        (
            {
                "CLUSTER_SPEC": of(
                    {"workerpool0": ["a:1"], "workerpool2": ["b:1"]},
                    type="workerpool0",
                    index=0,
                )
            },
            "Received: workerpool2",
        ),
        (
            {
                "TF_CONFIG": of(
                    {"worker": ["a:1", "a:1"]}, type="worker", index=0
                )
            },
            "name each address once",
        ),
    ],
)
def test_what_cannot_be_trained_on(variables, message):
    """A worker that trains alone, or waits for peers that never come."""
    with pytest.raises(ValueError, match="Received: ") as refused:
        read(**variables)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    "address", ["host", "host:", ":2222", "host:0", "host:70000", "host:x", 7]
)
def test_addresses_need_a_port(address):
    """TensorFlow's own message, minutes later, from another thread."""
    config = of({"worker": ["a:1", address]}, type="worker", index=0)
    with pytest.raises(ValueError, match="form host:port"):
        read(TF_CONFIG=config)


def test_ipv6_address():
    """Colons of the host taken for the port's."""
    config = of({"worker": ["[::1]:21", "[::1]:22"]}, type="worker", index=0)
    assert read(TF_CONFIG=config).num_workers == 2


def test_taken_port():
    """Two programs on one port: TensorFlow shares it, and both hang."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = f"127.0.0.1:{server.getsockname()[1]}"
        cluster = Cluster((taken, "127.0.0.1:1"), 0)
        with pytest.raises(ValueError, match=f"(?s)TF_CONFIG.*{taken}.*End"):
            check_port_free(cluster)
    check_port_free(cluster)
    check_port_free(cluster)
    check_port_free(Cluster())


def test_port_that_its_listener_shares():
    """gRPC listens with SO_REUSEPORT: asking the same way always succeeds."""
    with socket.create_server(("", 0), reuse_port=True) as server:
        cluster = Cluster((f"a:{server.getsockname()[1]}", "b:1"), 0)
        with pytest.raises(ValueError, match="must be free"):
            check_port_free(cluster)
