"""What a job may be asked for."""

import dataclasses

import pytest
from cloud_job import SETTINGS

from trainer.cloud.job_settings import check_job, labels_of

ACCELERATORS = ("NVIDIA_L4", "NVIDIA_TESLA_T4")
BOARD = "projects/1/locations/europe-west4/tensorboards/23"


def check(**changes):
    check_job(dataclasses.replace(SETTINGS, **changes), ACCELERATORS)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"base_output_dir": ""},
        {"staging_dir": "gs://bucket"},
        {"region": "northamerica-northeast1"},
        {"image": "gcr.io/my-project/train"},
        {"image": "docker.io/org/train@sha256:" + "0" * 64},
        {"accelerator_type": "NVIDIA_L4"},
        {"accelerator_type": "NVIDIA_L4", "accelerator_count": 4},
        {"labels": ("team=pumps", "cost-center=", "größe=xl_1")},
        {
            "tensorboard": BOARD,
            "service_account": "runner@my-project.iam.gserviceaccount.com",
        },
    ],
)
def test_what_the_service_takes_passes(changes):
    """A check that is stricter than the service."""
    check(**changes)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"staging_dir": "/gcs/bucket/staging"}, "staging_dir"),
        ({"staging_dir": "gs:///staging"}, "gs://BUCKET/NAME"),
        ({"base_output_dir": "run"}, "base_output_dir"),
        ({"region": "europe-west4-a"}, "zone"),
        ({"region": "Europe"}, "region"),
        ({"image": "train"}, "image"),
        ({"image": "https://gcr.io/my-project/train"}, "image"),
        ({"image": "gcr.io/my-project/train latest"}, "image"),
        ({"display_name": ""}, "display_name"),
        ({"display_name": "x" * 129}, "display_name"),
        ({"service_account": "runner"}, "service_account"),
        ({"labels": ("team",)}, "'team'"),
        ({"labels": ("Team=pumps",)}, "'Team=pumps'"),
        ({"labels": ("1team=pumps",)}, "'1team=pumps'"),
        ({"labels": ("team=a.b",)}, "'team=a.b'"),
        ({"labels": ("=pumps",)}, "'=pumps'"),
        ({"labels": ("a=1", "a=2")}, "'a=2'"),
        ({"labels": ("a=" + "x" * 64,)}, "63"),
        ({"labels": tuple(f"a{i}=" for i in range(65))}, "64"),
        ({"accelerator_type": "T4"}, "NVIDIA_L4, NVIDIA_TESLA_T4"),
        ({"accelerator_count": 1}, "--accelerator_type"),
        ({"tensorboard": BOARD}, "--service_account"),
        (
            {
                "tensorboard": BOARD,
                "service_account": "a@b",
                "base_output_dir": "",
            },
            "--base_output_dir",
        ),
        (
            {
                "tensorboard": BOARD.replace("europe-west4", "us-central1"),
                "service_account": "a@b",
            },
            "region",
        ),
        (
            {"tensorboard": "my-board", "service_account": "a@b"},
            "projects/PROJECT/locations",
        ),
    ],
)
def test_what_the_service_refuses_is_refused_here(changes, named):
    """A mistake that shows only after minutes, or as a job that never runs."""
    with pytest.raises(ValueError, match="Received: ") as caught:
        check(**changes)
    assert named in str(caught.value)


def test_labels_are_read():
    """A value that holds = is cut, or an empty one lost."""
    settings = dataclasses.replace(SETTINGS, labels=("team=pumps", "kind="))
    assert labels_of(settings) == {"team": "pumps", "kind": ""}


@pytest.mark.parametrize(
    "changes",
    [{"num_workers": 0}, {"accelerator_count": -1}, {"restart": "sometimes"}],
)
def test_bounds_hold(changes):
    """A job of no workers."""
    with pytest.raises(ValueError, match="Received: "):
        dataclasses.replace(SETTINGS, **changes)
