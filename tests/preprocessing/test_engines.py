"""One pipeline, three engines: the same data set, byte by byte."""

import contextlib
import json
import pathlib
import socket
import subprocess
import sys
import time

import numpy as np
import pytest
from main_job import call, succeed

from preprocessing import engines, task

NUM_FILES = 5
SETUP = pathlib.Path(__file__).parents[2] / "setup.py"


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    """Five files of two series that go on from file to file, one bad row."""
    folder = tmp_path_factory.mktemp("raw")
    generator = np.random.default_rng(1)
    for number in range(NUM_FILES):
        lines = ["time,machine,x,y,label"]
        for row in range(300):
            second = 60 * (300 * number + row)
            x, y = generator.normal(size=2).round(3)
            lines += [
                f"{second},a,{x},{y},{int(row % 100 > 90)}",
                f"{second},b,{y},{x},",
            ]
        if number == 2:
            lines[100] = "6000,a,text,0,0"
        text = "".join(f"{line}\n" for line in lines)
        (folder / f"part-{number}.csv").write_text(text)
    return folder


def _flags(raw, output):
    return [
        f"--input={raw}/*.csv",
        "--format=csv",
        f"--output={output}",
        "--timestamp_column=time",
        "--series_column=machine",
        "--label_column=label",
        "--max_window_length=50",
    ]


def _content(folder):
    """Every file, but what the command line itself changes."""
    found = {path.name: path.read_bytes() for path in folder.iterdir()}
    schema = json.loads(found.pop("schema.json"))
    return found, schema | {"command": "", "hash": "", "checksum": ""}


@pytest.fixture(scope="module")
def direct(raw, tmp_path_factory):
    output = tmp_path_factory.mktemp("direct") / "data"
    succeed(task.main, *_flags(raw, output))
    files, schema = _content(output)
    assert schema["splits"]["train"]["rows"] > 1000
    assert b"text" in files["dead_letters.jsonl"]
    return files, schema


@pytest.fixture(scope="module")
def cluster():
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=True,
        dashboard_address=None,
    ) as cluster:
        yield cluster


def _run_on(cluster, *flags):
    """Preprocesses on the cluster; Beam's runner leaves its client open."""
    address = f"--dask_client_address={cluster.scheduler_address}"
    try:
        succeed(task.main, *flags, "--runner=DaskRunner", address)
    finally:
        sys.modules["distributed"].default_client().close()


def test_dask_on_two_processes(raw, direct, cluster, tmp_path):
    """Catches steps that only work where all share one memory."""
    output = tmp_path / "data"
    _run_on(cluster, *_flags(raw, output))
    assert _content(output) == direct


def test_labels_by_life_on_two_processes(raw, cluster, tmp_path):
    """Catches lives that are not sent, and series that each worker deals."""
    flags = [flag for flag in _flags(raw, "") if "label" not in flag]
    flags += [
        "--ignored_columns=label",
        "--normal_life_fraction=0.3",
        "--anomalous_life_fraction=0.2",
        "--validation_fraction=0",
        "--statistics_fraction=0",
        "--test_fraction=0",
    ]
    succeed(task.main, *flags, f"--output={tmp_path}/direct")
    _run_on(cluster, *flags, f"--output={tmp_path}/dask")
    direct = _content(tmp_path / "direct")
    assert _content(tmp_path / "dask") == direct
    splits = direct[1]["splits"]
    # One of the 1,500 rows of `a` is refused.
    assert splits["train"]["rows"] in (1199, 1200)
    assert splits["tuning"]["anomalous"] == 300


def test_partitions_that_are_given_stay(cluster):
    """Catches a flag of the user's that is overridden, and one task for all."""
    address = f"--dask_client_address={cluster.scheduler_address}"
    found = engines.named_in_full(["--runner=DaskRunner", address])
    assert found[-1] == "--dask_npartitions=2"
    for given in ("--dask_npartitions=7", "--dask_partition_size=3"):
        found = engines.named_in_full(["--runner", "DaskRunner", given])
        assert found[0] == "--runner" and found[1].endswith(".DaskRunner")
        assert found[2:] == [given]


def test_a_scheduler_that_does_not_answer(raw, tmp_path, monkeypatch):
    """Catches half a minute of waiting that ends without a way out."""
    monkeypatch.setattr(engines, "_ANSWER_SECONDS", 0.5)
    result = call(
        task.main,
        *_flags(raw, tmp_path / "data"),
        "--runner=DaskRunner",
        "--dask_client_address=tcp://127.0.0.1:9",
    )
    assert result.code == 2
    assert "Start one with `dask scheduler`" in result.errors


@contextlib.contextmanager
def _job_server(folder):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "apache_beam.runners.portability.local_job_service_main",
            f"--port={port}",
            f"--staging_dir={folder}",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(300):
            with contextlib.suppress(OSError), socket.socket() as probe:
                probe.connect(("127.0.0.1", port))
                break
            assert process.poll() is None
            time.sleep(0.1)
        yield f"localhost:{port}"
    finally:
        process.terminate()
        process.wait()


def test_a_portable_job_server(raw, direct, tmp_path):
    """Catches steps that cannot be submitted."""
    output = tmp_path / "data"
    with _job_server(tmp_path / "staging") as endpoint:
        succeed(
            task.main,
            *_flags(raw, output),
            "--runner=PortableRunner",
            f"--job_endpoint={endpoint}",
            "--environment_type=LOOPBACK",
        )
    assert _content(output) == direct


def test_dataflow_as_far_as_the_job_graph(raw, tmp_path, monkeypatch):
    """Catches flags that Dataflow's job does not get, and steps it refuses."""
    from apache_beam.runners.dataflow import dataflow_runner

    jobs = []
    run_pipeline = dataflow_runner.DataflowRunner.run_pipeline

    def recorded(self, *arguments, **options):
        result = run_pipeline(self, *arguments, **options)
        jobs.append(result.job)
        return result

    monkeypatch.setattr(
        dataflow_runner.DataflowRunner, "run_pipeline", recorded
    )
    output = tmp_path / "data"
    result = call(
        task.main,
        *_flags(raw, output),
        "--runner=DataflowRunner",
        "--project=project",
        "--region=europe-west4",
        "--temp_location=gs://bucket/temp",
        "--sdk_container_image=europe-docker.pkg.dev/project/images/residua",
        f"--setup_file={SETUP}",
        "--no_auth",
        "--dry_run=True",
    )
    assert result.code == 0, result.errors
    assert "nothing was run" in result.printed
    assert not output.exists()
    (job,) = jobs
    names = {
        transform.unique_name
        for transform in job.proto_pipeline.components.transforms.values()
    }
    for name in ("Count rows", "Plan groups", "Write shards", "Write summary"):
        assert any(found.startswith(name) for found in names), name
    images = {
        environment.payload
        for environment in (job.proto_pipeline.components.environments.values())
    }
    assert any(b"project/images/residua" in image for image in images)
