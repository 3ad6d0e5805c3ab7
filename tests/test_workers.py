"""Several worker processes on this machine against one with the same batches.

The batch divides by neither number of workers, the tail of an epoch leaves
workers without a window, and cells are missing, so that shares of a batch
differ in what they count for.
"""

import contextlib
import json
import signal
import socket

import main_job
import pytest
from training_process import (
    TrainingProcess,
    checkpoints_in,
    cluster,
    differences,
    finished,
    newest_number,
    write_data_set,
)

from trainer import task
from trainer.config import PHASES

BATCH_SIZE = 35
FLAGS = (
    f"--batch_size={BATCH_SIZE}",
    "--window_length=12",
    "--preset=talk_dense",
    "--encoder_units=16",
    "--decoder_units=16",
    "--epochs=5",
    "--driver=graph",
    "--tensorboard=false",
    "--checkpoint_seconds=0",
)
RELATIVE = 1e-5
REPLICAS = f"{PHASES[0]}/replicas"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("workers")
    return write_data_set(folder, 2006, missing_fraction=0.05)


@pytest.fixture(scope="module")
def alone(data, tmp_path_factory):
    """What one worker ends with."""
    output = tmp_path_factory.mktemp("alone")
    with start(data, output, output.with_suffix(".log")) as process:
        process.succeed()
    return finished(output)


def expect_same(output, alone):
    """Compares a result with that of one worker."""
    found = finished(output)
    assert found.pop(REPLICAS) > 1
    expected = {name: each for name, each in alone.items() if name != REPLICAS}
    assert not differences(found, expected, RELATIVE)


def flags(data, output, *more):
    return [f"--data_dir={data}", f"--output_dir={output}", *FLAGS, *more]


def start(data, output, log, *more, **options):
    return TrainingProcess(flags(data, output, *more), log, **options)


class Cluster:
    """Workers of one job, each with an output folder of its own."""

    def __init__(self, data, folder, num_workers):
        self._data, self._folder = data, folder
        self.variables = cluster(num_workers)
        self.outputs = [folder / f"{index}" for index in range(num_workers)]

    def start(self, index):
        return start(
            self._data,
            self.outputs[index],
            self._folder / f"{index}.log",
            variables=self.variables[index],
        )

    @contextlib.contextmanager
    def running(self):
        """Starts all workers."""
        with contextlib.ExitStack() as stack:
            yield [
                stack.enter_context(self.start(index))
                for index in range(len(self.outputs))
            ]

    def expect_end_of(self, alone):
        """Compares what the chief wrote; the others wrote nothing."""
        chief, *others = self.outputs
        expect_same(chief, alone)
        for output in others:
            assert not list(output.glob("*"))


def test_the_data_can_tell(alone):
    """Catches shares that happen to be even."""
    for num_workers in (2, 3):
        assert BATCH_SIZE % num_workers
    # One window is left for the last batch of an epoch.
    assert alone[f"{PHASES[0]}/train_windows"] % BATCH_SIZE == 1
    assert alone[f"{PHASES[0]}/validation_windows"] % 3


def test_workers_equal_one(data, alone, tmp_path):
    """Catches gradients or moments that are not weighted by what was seen.

    Of two workers the tests of killed ones say the same.
    """
    workers = Cluster(data, tmp_path, 3)
    with workers.running() as processes:
        for process in processes:
            process.succeed()
    workers.expect_end_of(alone)


def test_replicas_equal_one(data, alone, tmp_path):
    """Catches the same within one process, as on a machine with two GPUs."""
    output, log = tmp_path / "run", tmp_path / "log"
    with start(data, output, log, "--num_replicas=2") as process:
        process.succeed()
    expect_same(output, alone)


def test_workers_of_different_runs(data, tmp_path):
    """Catches a model that is neither the one's nor the other's."""
    workers = Cluster(data, tmp_path, 2)
    with contextlib.ExitStack() as stack:
        for index, more in enumerate(([], ["--seed=2"])):
            output, log = workers.outputs[index], tmp_path / f"{index}.log"
            variables = workers.variables[index]
            process = start(data, output, log, *more, variables=variables)
            stack.enter_context(process)
        assert process.wait() == 2
        assert "(1 by the chief, 2 by worker 2 of 2)" in process.log


def test_sigterm_to_one_ends_all(data, tmp_path):
    """Catches workers that wait for ever for the one that is gone.

    How they go on from the checkpoint is tested below.
    """
    workers = Cluster(data, tmp_path, 2)
    with workers.running() as processes:
        wait_for_steps(workers, processes[0])
        processes[1].kill(signal.SIGTERM)
        for process in processes:
            assert process.wait() == 143, process.log
    assert checkpoints_in(workers.outputs[0])
    assert not list(workers.outputs[1].glob("*"))


def test_sigterm_while_waiting_for_the_others(data, tmp_path):
    """Catches a worker that waits where no handler runs, and goes on so."""
    with Cluster(data, tmp_path, 2).start(0) as process:
        process.wait_for(process.says("waiting for 1 other"))
        process.kill(signal.SIGTERM)
        assert process.wait() == 143


@pytest.mark.parametrize("killed", [0, 1])
def test_a_killed_worker_comes_back(data, alone, tmp_path, killed):
    """Catches survivors that end, hang, or go on with other weights."""
    workers = Cluster(data, tmp_path, 2)
    with workers.running() as processes:
        wait_for_steps(workers, processes[0])
        processes[killed].kill(signal.SIGKILL)
        assert processes[killed].wait() == -signal.SIGKILL
        survivor = processes[1 - killed]
        assert survivor.is_running
        with workers.start(killed) as again:
            again.succeed()
            survivor.succeed()
    workers.expect_end_of(alone)


def wait_for_steps(workers, chief):
    """Waits until some steps are in a checkpoint, and some are to come."""
    chief.wait_for(lambda: newest_number(workers.outputs[0]) >= 2)
    assert PHASES[1] not in chief.log


@pytest.mark.parametrize(
    "text, told",
    [
        ("{", "TF_CONFIG"),
        ('{"cluster": {"ps": ["a:1"], "worker": ["a:2"]}}', "ps"),
    ],
)
def test_a_cluster_that_cannot_be_read(data, tmp_path, monkeypatch, text, told):
    """Catches a worker that trains alone what it was to train with others."""
    monkeypatch.setenv("TF_CONFIG", text)
    result = main_job.call(task.main, *flags(data, tmp_path / "run"))
    assert result.code == 2
    assert told in result.errors
    assert "Traceback" not in result.errors
    assert not (tmp_path / "run" / "model").exists()


def test_a_taken_port(data, tmp_path, monkeypatch):
    """Catches workers that wait in silence for one that cannot listen."""
    variables = cluster(2)[1]
    address = json.loads(variables["TF_CONFIG"])["cluster"]["worker"][0]
    host, port = address.split(":")
    monkeypatch.setenv("TF_CONFIG", variables["TF_CONFIG"])
    with socket.create_server((host, int(port))):
        result = main_job.call(task.main, *flags(data, tmp_path / "run"))
    assert result.code == 2
    assert address in result.errors
    assert "Traceback" not in result.errors
