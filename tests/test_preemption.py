"""A spot machine that goes away: nothing outlives it but the bucket."""

import signal

import pytest
from training_process import (
    TrainingProcess,
    differences,
    finished,
    newest_number,
    write_data_set,
)

FLAGS = (
    "--window_length=24",
    "--preset=talk_dense",
    "--encoder_units=64",
    "--decoder_units=64",
    "--epochs=4",
    "--driver=jit",
    "--checkpoint_seconds=0",
)

THIRD = "run/checkpoints/checkpoint-00000003.npz"


@pytest.fixture
def machine(tmp_path):
    """Makes folders that only one process knows: work, home, tmp."""

    def make(name):
        folders = [tmp_path / name / each for each in ("work", "home", "tmp")]
        for folder in folders:
            folder.mkdir(parents=True)
        return folders

    return make


def run_on(machine, log, data, output):
    """Starts training on a machine of its own."""
    work, home, temporary = machine
    return TrainingProcess(
        [f"--data_dir={data}", f"--output_dir={output}", *FLAGS],
        log,
        folder=work,
        variables={"TMPDIR": str(temporary), "HOME": str(home)},
    )


def test_another_machine_goes_on_from_the_bucket(bucket, machine, tmp_path):
    """Catches state that is left on a disk, or named by a local path."""
    local = write_data_set(tmp_path / "raw", 4000)
    with run_on(
        machine("alone"), tmp_path / "alone.log", local, tmp_path / "run"
    ) as process:
        process.succeed()
    data = bucket.put_folder("data", local)
    output = bucket.url("run")

    def has_third():
        # Asked of the emulator itself: its service is busy with training.
        return any(
            THIRD <= name < "run/checkpoints/d" for name in bucket.names()
        )

    first = machine("first")
    with run_on(first, tmp_path / "first.log", data, output) as process:
        process.wait_for(has_third)
        process.kill(signal.SIGTERM)
        assert process.wait() == 143, process.log
    assert not any(name.startswith("run/model/") for name in bucket.names())
    assert newest_number(output) >= 3

    second = machine("second")
    with run_on(second, tmp_path / "second.log", data, output) as process:
        process.succeed()
    assert not differences(finished(output), finished(tmp_path / "run"))
    # A killed machine may leave files behind; one that ends leaves none.
    work, _, temporary = second
    assert not list(work.iterdir())
    assert not list(temporary.iterdir())
    assert any(name.startswith("run/logs/") for name in bucket.names())
