import json

import pytest

from trainer.cluster import Cluster
from trainer.environment import Environment

TF_CONFIG = {
    "cluster": {"chief": ["a:2222"], "worker": ["b:2222"]},
    "task": {"type": "worker", "index": 0, "trial": "4"},
}


def read(**variables):
    return Environment.read(
        {
            name: value if isinstance(value, str) else json.dumps(value)
            for name, value in variables.items()
        }
    )


def test_nothing_set():
    """A laptop that is taken for a worker of a cluster."""
    environment = read()
    assert environment == Environment()
    assert environment.cluster.num_workers == 1
    assert environment.cluster.is_chief
    assert environment == read(TF_CONFIG="", CLUSTER_SPEC="", AIP_MODEL_DIR="")


def test_folders_lose_their_last_slash():
    """Objects named `model//saved_model.pb`, or a path that is rewritten."""
    environment = read(
        AIP_MODEL_DIR="gs://bucket/job/model/",
        AIP_CHECKPOINT_DIR="/gcs/bucket/job/checkpoints/",
        AIP_TENSORBOARD_LOG_DIR="/",
    )
    assert environment.model_dir == "gs://bucket/job/model"
    assert environment.checkpoint_dir == "/gcs/bucket/job/checkpoints"
    assert environment.log_dir == "/"


def test_cluster():
    """Workers that are told of their peers, and train alone all the same."""
    environment = read(TF_CONFIG=TF_CONFIG, AIP_MODEL_DIR="gs://bucket/model")
    assert environment.cluster == Cluster(("a:2222", "b:2222"), 1)
    assert environment.model_dir == "gs://bucket/model"


@pytest.mark.parametrize(
    ("variables", "trial"),
    [
        ({"CLOUD_ML_TRIAL_ID": "7", "TF_CONFIG": TF_CONFIG}, "7"),
        ({"TF_CONFIG": TF_CONFIG}, "4"),
        ({"TF_CONFIG": {"task": {"trial": 3}}}, "3"),
        ({"CLUSTER_SPEC": {"task": {"trial": "5"}}}, "5"),
    ],
)
def test_trial(variables, trial):
    """A trial that reports no metric: the tuning service waits for it."""
    environment = read(**variables)
    assert environment.trial == trial
    assert environment.reports_metric


def test_metric_file_asks_for_the_metric():
    """A local tuning run, which names no trial, without its metric."""
    environment = read(CLOUD_ML_HP_METRIC_FILE="metrics")
    assert environment.reports_metric
    assert environment.trial == ""
