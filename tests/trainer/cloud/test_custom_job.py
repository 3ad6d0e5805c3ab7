"""The fields of a request, one by one."""

import dataclasses

import pytest
from cloud_job import SETTINGS
from google.cloud.aiplatform_v1 import types

from trainer.cloud.custom_job import job_request

PACKAGE = "gs://bucket/staging/0123/residua-0.1.0.tar.gz"


def spec_of(**changes):
    """The typed job spec; fields that the service does not know raise."""
    settings = dataclasses.replace(SETTINGS, **changes)
    fields = job_request(settings, PACKAGE, ["--epochs=2"])
    return types.CreateCustomJobRequest(fields).custom_job.job_spec


@pytest.mark.parametrize("num_workers", [1, 2, 3, 9])
def test_the_chief_is_alone_in_the_first_pool(num_workers):
    """One machine too many, or a chief that is not alone."""
    pools = spec_of(num_workers=num_workers).worker_pool_specs
    assert pools[0].replica_count == 1
    assert sum(pool.replica_count for pool in pools) == num_workers
    assert len(pools) == (1 if num_workers == 1 else 2)
    for pool in pools:
        assert pool.container_spec == pools[0].container_spec
        assert pool.machine_spec == pools[0].machine_spec


def test_one_worker_is_asked_for_in_full():
    """Something that was not asked for goes along."""
    assert spec_of() == types.CustomJobSpec(
        worker_pool_specs=[
            types.WorkerPoolSpec(
                machine_spec=types.MachineSpec(machine_type="n1-standard-8"),
                replica_count=1,
                container_spec=types.ContainerSpec(
                    image_uri=SETTINGS.image,
                    command=spec_of()
                    .worker_pool_specs[0]
                    .container_spec.command,
                    args=["--epochs=2"],
                ),
            )
        ],
        scheduling=types.Scheduling(restart_job_on_worker_restart=False),
        base_output_directory=types.GcsDestination(
            output_uri_prefix="gs://bucket/run"
        ),
    )


def test_the_command_names_the_package_last():
    """The trainer's flags would come before the package."""
    container = spec_of().worker_pool_specs[0].container_spec
    shell, flag, script, name, package = container.command
    assert (shell, flag, package) == ("sh", "-c", PACKAGE)
    # $0 in the shell's own messages; flags begin at $2.
    assert name and "shift" in script
    assert 'exec python -m trainer.task "$@"' in script


@pytest.mark.parametrize(
    ("restart", "num_workers", "expected"),
    [
        ("auto", 1, False),
        ("auto", 2, True),
        ("true", 1, True),
        ("false", 2, False),
    ],
)
def test_restart_follows_the_number_of_workers(restart, num_workers, expected):
    """Workers that wait for one that is gone, though all could restart."""
    scheduling = spec_of(restart=restart, num_workers=num_workers).scheduling
    assert scheduling.restart_job_on_worker_restart is expected


def test_the_rest_is_where_it_belongs():
    """A flag that is read, and forgotten."""
    spec = spec_of(
        accelerator_type="NVIDIA_L4",
        accelerator_count=2,
        machine_type="g2-standard-24",
        boot_disk_gb=300,
        spot=True,
        timeout_seconds=90,
        service_account="runner@my-project.iam.gserviceaccount.com",
        tensorboard="projects/1/locations/europe-west4/tensorboards/23",
        num_workers=2,
    )
    for pool in spec.worker_pool_specs:
        machine = pool.machine_spec
        assert machine.machine_type == "g2-standard-24"
        assert machine.accelerator_type.name == "NVIDIA_L4"
        assert machine.accelerator_count == 2
        assert pool.disk_spec.boot_disk_size_gb == 300
    assert spec.scheduling.strategy.name == "SPOT"
    assert spec.scheduling.timeout.total_seconds() == 90
    assert spec.service_account.startswith("runner@")
    assert spec.tensorboard.endswith("/23")


def test_a_type_alone_is_one_accelerator():
    """A GPU type with a count of zero is a job without GPUs."""
    spec = spec_of(accelerator_type="NVIDIA_TESLA_T4")
    assert spec.worker_pool_specs[0].machine_spec.accelerator_count == 1


def test_no_output_folder_is_left_out():
    """The service would set folders below an empty name."""
    assert "base_output_directory" not in spec_of(base_output_dir="")


def test_parent_name_and_labels():
    """A job in another region than its service."""
    settings = dataclasses.replace(SETTINGS, labels=("team=pumps",))
    request = types.CreateCustomJobRequest(job_request(settings, PACKAGE, []))
    assert request.parent == "projects/my-project/locations/europe-west4"
    assert request.custom_job.display_name == "residua"
    assert dict(request.custom_job.labels) == {"team": "pumps"}
