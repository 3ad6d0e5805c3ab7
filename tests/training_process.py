"""Training in processes of its own: started, followed, stopped, compared.

with TrainingProcess(flags, log) as process:
    assert process.wait_for(lambda: newest_number(output) >= 2)
    process.kill(signal.SIGTERM)
    assert process.wait() == 143
expect_same(finished(output), finished(undisturbed))
"""

import contextlib
import io
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import tensorflow as tf

from preprocessing import task as preprocessing_task
from trainer import storage

__all__ = [
    "TrainingProcess",
    "checkpoints_in",
    "cluster",
    "differences",
    "finished",
    "newest_number",
    "variables_of",
    "write_data_set",
]

ROOT = Path(__file__).parents[1]
PATIENCE_SECONDS = 120
POLL_SECONDS = 0.005
# One thread each: sums are then made in one order, run after run.
VARIABLES = {
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "TF_CPP_MIN_LOG_LEVEL": "2",
    "PYTHONPATH": str(ROOT),
    "PYTHONUNBUFFERED": "1",
}
# What a training process reads from its surroundings.
FOREIGN = re.compile(r"TF_CONFIG|CLUSTER_SPEC|AIP_|CLOUD_ML_")


class TrainingProcess:
    """One `python -m trainer.task`; ends with the block, if not before.

    Args:
        flags: of the command line.
        log: file that receives what it says, after what is there already.
        variables: environment variables beside `VARIABLES`.
        folder: working directory; default: this one's.
        most_bytes: of each file that it writes, as on a disk that is full.
    """

    def __init__(
        self, flags, log, *, variables=None, folder=None, most_bytes=None
    ):
        self._log = Path(log)
        self._begin = self._log.stat().st_size if self._log.exists() else 0
        command = [sys.executable, "-m", "trainer.task", *flags]
        if most_bytes is not None:
            # The shell counts in blocks of 512 bytes.
            limited = f"ulimit -f {most_bytes // 512} && exec "
            command = ["sh", "-c", limited + shlex.join(command)]
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not FOREIGN.match(name)
        }
        with open(self._log, "ab") as file:
            self._process = subprocess.Popen(
                command,
                cwd=folder,
                env=inherited | VARIABLES | (variables or {}),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
            )

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()

    @property
    def log(self):
        """What this process has said so far."""
        with open(self._log, "rb") as file:
            file.seek(self._begin)
            return file.read().decode(errors="replace")

    @property
    def is_running(self):
        return self._process.poll() is None

    @property
    def pid(self):
        return self._process.pid

    def says(self, text):
        """A condition for `wait_for`: `text` is in the log."""
        return lambda: text in self.log

    def wait_for(self, condition, seconds=PATIENCE_SECONDS):
        """Waits until `condition()` holds.

        Raises:
            AssertionError: after `seconds`, or if the process ends before.
        """
        give_up = time.monotonic() + seconds
        while not condition():
            assert self.is_running or condition(), f"it ended: {self.log}"
            assert time.monotonic() < give_up, f"waited in vain: {self.log}"
            time.sleep(POLL_SECONDS)

    def kill(self, number=signal.SIGKILL):
        """Sends a signal."""
        self._process.send_signal(number)

    def wait(self, seconds=PATIENCE_SECONDS):
        """Waits for the end; returns the exit code, -n for signal n."""
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"did not end: {self.log}") from None

    def succeed(self):
        """Waits for an end with exit code 0; returns the log."""
        code = self.wait()
        assert code == 0, f"exit code {code}: {self.log}"
        return self.log


def cluster(num_workers):
    """TF_CONFIG of each worker on free ports of this machine, chief first."""
    with contextlib.ExitStack() as stack:
        sockets = [
            stack.enter_context(socket.socket()) for _ in range(num_workers)
        ]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        addresses = [f"127.0.0.1:{each.getsockname()[1]}" for each in sockets]
    members = {"chief": addresses[:1], "worker": addresses[1:]}
    tasks = [{"type": "chief", "index": 0}] + [
        {"type": "worker", "index": index} for index in range(num_workers - 1)
    ]
    return [
        {"TF_CONFIG": json.dumps({"cluster": members, "task": task})}
        for task in tasks
    ]


def write_data_set(folder, num_rows, num_features=4, missing_fraction=0.0):
    """Preprocesses one series of waves, with anomalies near its end.

    Returns:
        The data set's folder.
    """
    generator = np.random.default_rng(7)
    steps = np.arange(num_rows)[:, None]
    periods = 7.0 + 3.0 * np.arange(num_features)
    values = np.sin(2 * np.pi * steps / periods)
    values += 0.3 * generator.standard_normal(values.shape)
    # Tuning and test are the last three tenths.
    label = (steps[:, 0] > 0.7 * num_rows) & (steps[:, 0] % 100 < 8)
    values[label] *= 3
    values[generator.random(values.shape) < missing_fraction] = np.nan
    names = [f"sensor_{position}" for position in range(num_features)]
    lines = [",".join([*names, "label"])]
    for row, is_anomaly in zip(values, label, strict=True):
        cells = ["" if np.isnan(cell) else f"{cell:.4f}" for cell in row]
        lines.append(",".join([*cells, str(int(is_anomaly))]))
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "series.csv").write_text("\n".join(lines) + "\n")
    data = folder / "data"
    code = preprocessing_task.main(
        [
            f"--input={folder / 'series.csv'}",
            f"--output={data}",
            "--format=csv",
            "--label_column=label",
        ]
    )
    assert code == 0
    return str(data)


def checkpoints_in(folder):
    """Paths of the checkpoints below an output folder, the newest last."""
    return storage.glob_files(
        os.path.join(folder, "checkpoints", "checkpoint-*.npz")
    )


def newest_number(folder):
    """Number of the newest checkpoint; 0 if there is none."""
    paths = checkpoints_in(folder)
    return int(re.findall(r"\d+", paths[-1])[-1]) if paths else 0


def finished(folder):
    """What a run ended with.

    Args:
        folder: its output folder, local or in a bucket.

    Returns:
        Name to array: the detector's variables from the newest checkpoint,
        the numbers and words of metrics.json, and what the exported model
        makes of a fixed sample.
    """
    folder = str(folder)
    arrays = variables_of(checkpoints_in(folder)[-1])
    assert arrays
    with storage.open_binary(os.path.join(folder, "metrics.json")) as file:
        metrics = json.load(file)
    for phase, numbers in metrics.items():
        for name, value in numbers.items():
            arrays[f"{phase}/{name}"] = np.asarray(value)
    with storage.local_folder(os.path.join(folder, "model")) as model:
        return arrays | _scores(model)


def variables_of(path):
    """The detector's variables in a checkpoint, by name."""
    with storage.open_binary(path) as file:
        content = io.BytesIO(file.read())
    with np.load(content, allow_pickle=False) as stored:
        return {
            name: stored[name]
            for name in stored.files
            if name.startswith("variable/")
        }


def _scores(model):
    loaded = tf.saved_model.load(model)
    serve = loaded.signatures["serving_default"]
    spec = serve.structured_input_signature[1]["values"]
    generator = np.random.default_rng(3)
    sample = generator.normal(size=(16, *spec.shape[1:]))
    sample[0, 0, 0] = np.nan
    outputs = serve(values=tf.constant(sample, spec.dtype))
    return {
        f"served/{name}": tensor.numpy()
        for name, tensor in outputs.items()
        # The time of the export.
        if name != "version"
    }


def differences(found, expected, relative=0.0):
    """What differs between two results of `finished`, in words.

    Args:
        found: the one.
        expected: the other.
        relative: gap allowed, as a part of an array's largest entry; words
            are compared only where it is 0.
    """
    told = [f"only one has {name}" for name in found.keys() ^ expected.keys()]
    for name in sorted(found.keys() & expected.keys()):
        actual, wanted = found[name], expected[name]
        if wanted.dtype.kind not in "fiub":
            if not relative and not np.array_equal(actual, wanted):
                told.append(f"{name}: {actual} instead of {wanted}")
        elif (actual.shape, actual.dtype) != (wanted.shape, wanted.dtype):
            told.append(f"{name}: other shape or type")
        elif not np.array_equal(np.isnan(actual), np.isnan(wanted)):
            told.append(f"{name}: NaN in other places")
        else:
            gap = _gap(actual, wanted)
            if gap > relative:
                told.append(f"{name}: {gap:.1e} of its largest entry")
    return told


def _gap(actual, wanted):
    """Largest gap, as a part of the largest entry."""
    gaps = np.abs(np.nan_to_num(actual) - np.nan_to_num(wanted).astype("f8"))
    largest = np.abs(np.nan_to_num(wanted)).max(initial=0.0)
    return float(gaps.max(initial=0.0) / (largest or 1.0))
