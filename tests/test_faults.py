"""Training that is killed, cut short or led astray, and started again.

Each run is a process of its own and ends bit for bit as one that nothing
disturbed. `make bench-faults` kills at many more moments.
"""

import dataclasses
import json
import random
import shutil
import signal
import time
from pathlib import Path

import main_job
import numpy as np
import pytest
from training_process import (
    TrainingProcess,
    checkpoints_in,
    differences,
    finished,
    newest_number,
    variables_of,
    write_data_set,
)

from trainer import checkpoints, task
from trainer.config import PHASES
from trainer.schema import Schema

BATCH_SIZE, EPOCHS = 8, 12
FLAGS = (
    f"--batch_size={BATCH_SIZE}",
    "--window_length=24",
    "--preset=talk_dense",
    "--encoder_units=128",
    "--decoder_units=128",
    "--learning_rate=0.03",
    f"--epochs={EPOCHS}",
    "--patience=2",
    "--driver=graph",
    "--tensorboard=false",
    "--checkpoint_seconds=0",
)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_data_set(tmp_path_factory.mktemp("faults"), 8000)


@pytest.fixture(scope="module")
def undisturbed(data, tmp_path_factory):
    """What a run ends with that nothing stops."""
    output = tmp_path_factory.mktemp("undisturbed")
    with start(data, output) as process:
        process.succeed()
    return finished(output)


@pytest.fixture(scope="module")
def preempted(data, tmp_path_factory):
    """Output folder, log and exit code of a run that got SIGTERM."""
    output = tmp_path_factory.mktemp("preempted") / "run"
    with start(data, output) as process:
        process.wait_for(lambda: newest_number(output) >= 8)
        process.kill(signal.SIGTERM)
        code = process.wait()
    shutil.copytree(output, output.with_name("kept"))
    return output, process.log, code


@pytest.fixture
def output(preempted):
    """The folder of the run that got SIGTERM, as it was left."""
    output, _, _ = preempted
    shutil.rmtree(output)
    shutil.copytree(output.with_name("kept"), output)
    return output


def command(data, output, *more):
    return [f"--data_dir={data}", f"--output_dir={output}", *FLAGS, *more]


def start(data, output, **options):
    Path(output).mkdir(exist_ok=True)
    log = Path(output).with_suffix(".log")
    return TrainingProcess(command(data, output), log, **options)


def expect_undisturbed_end(data, output, undisturbed):
    """Starts the same command again and compares; returns its log."""
    with start(data, output) as process:
        log = process.succeed()
    assert not differences(finished(output), undisturbed)
    return log


def best_epoch(undisturbed):
    return int(undisturbed[f"{PHASES[0]}/best_epoch"])


def test_the_undisturbed_run_can_tell(undisturbed):
    """Catches tests that pass because nothing is there to be lost.

    Best weights and patience count only where training stops early, and the
    best epoch is neither the first nor the last.
    """
    epochs = undisturbed[f"{PHASES[0]}/epochs"]
    assert 1 < best_epoch(undisturbed) < epochs < EPOCHS
    windows = undisturbed[f"{PHASES[0]}/train_windows"]
    # An epoch is several blocks, each with a checkpoint.
    assert windows > 200 * BATCH_SIZE
    assert all(
        np.isfinite(undisturbed[f"{PHASES[2]}/{view}_threshold"])
        for view in ("time", "feature")
    )


def test_sigterm_saves_where_it_is(preempted):
    """Catches an exit code of 0, which the cloud takes for the end."""
    output, log, code = preempted
    assert code == 143, log
    assert "SIGTERM" in log
    assert says_phase(1) not in log
    assert len(checkpoints_in(output)) == 2
    assert not (output / "model").exists()


def test_killed_again_and_again(output, data, undisturbed):
    """Catches whatever is not in a checkpoint, in any phase.

    After SIGTERM the newest checkpoint is damaged: the one before it leads
    on. SIGKILL comes in mid-epoch when one epoch was no better already (best
    weights and patience count), then in the second phase, then in the third
    or in the export, which follows at once.
    """
    whole, damaged = checkpoints_in(output)
    damage(damaged)
    generator = random.Random(1)
    in_vain = f"epoch {best_epoch(undisturbed) + 1}/{EPOCHS}"

    def kill_after(text, num_checkpoints, most_seconds):
        with start(data, output) as process:
            process.wait_for(process.says(text))
            number = newest_number(output) + num_checkpoints
            process.wait_for(lambda: newest_number(output) >= number)
            time.sleep(generator.uniform(0, most_seconds))
            process.kill()
            assert process.wait() == -signal.SIGKILL
            return process.log

    log = kill_after(in_vain, 2, 0.1)
    assert f"{damaged} is damaged" in log
    assert whole not in log
    assert says_phase(1) not in log
    assert says_phase(0) in kill_after(says_phase(1), 0, 0.1)
    log = kill_after(says_phase(2), 0, 1.0)
    assert says_phase(0) not in log
    assert not (output / "model").exists()
    log = expect_undisturbed_end(data, output, undisturbed)
    assert says_phase(0) not in log


def says_phase(number):
    """The line in the log when a phase begins."""
    return f"Phase {PHASES[number]}"


def test_checkpoints_at_the_end_of_an_epoch(
    tmp_path_factory, tmp_path, monkeypatch
):
    """Catches a place from which training goes on otherwise.

    A checkpoint may lie before the tail of an epoch, after it, or between
    epochs; jit compiles full batches only.
    """
    monkeypatch.setattr(checkpoints, "_NUM_KEPT", 1000)
    data = write_data_set(tmp_path_factory.mktemp("small"), 2000)
    small = [
        f"--data_dir={data}",
        f"--training_mode={PHASES[0]}",
        "--window_length=12",
        "--preset=talk_dense",
        "--encoder_units=8",
        "--decoder_units=8",
        "--epochs=2",
        "--driver=jit",
        "--tensorboard=false",
        "--checkpoint_seconds=0",
    ]
    whole = tmp_path / "whole"
    main_job.succeed(task.main, f"--output_dir={whole}", *small)
    *within, last = checkpoints_in(whole)
    by_step = {step_of(path): path for path in reversed(within)}
    # 909 windows are 28 batches of 32 and a tail.
    for step in (28, 29, 0):
        output = tmp_path / str(step)
        (output / "checkpoints").mkdir(parents=True)
        shutil.copy(by_step[step], output / "checkpoints")
        main_job.succeed(task.main, f"--output_dir={output}", *small)
        found = variables_of(checkpoints_in(output)[-1])
        assert not differences(found, variables_of(last)), step


def step_of(path):
    """Steps of its epoch that are done at a checkpoint."""
    with np.load(path, allow_pickle=False) as stored:
        return json.loads(stored["state"].tobytes())["position"]["step"]


def damage(path):
    """Cuts the last third of a file off."""
    content = Path(path).read_bytes()
    Path(path).write_bytes(content[: 2 * len(content) // 3])


def test_only_damaged_checkpoints_are_refused(output, data):
    """Catches training that silently starts anew."""
    paths = checkpoints_in(output)
    assert len(paths) == 2
    for path in paths:
        damage(path)
    result = main_job.call(task.main, *command(data, output))
    assert result.code == 2
    for path in paths:
        assert Path(path).name in result.errors
    assert "--resume=false" in result.errors
    assert "Traceback" not in result.errors


@pytest.mark.parametrize(
    "flag", ["--learning_rate=0.01", "--seed=2", "--encoder_units=32"]
)
def test_a_checkpoint_of_other_settings_is_refused(output, data, flag):
    """Catches one run that goes on with the state of another."""
    before = contents(output)
    result = main_job.call(task.main, *command(data, output, flag))
    assert result.code == 2
    assert flag[2:].split("=")[0] in result.errors
    assert "--resume=false" in result.errors
    assert contents(output) == before


def test_a_changed_data_set_is_refused(output, data):
    """Catches weights that saw one data set, statistics of another."""
    before = contents(output)
    path = Path(data) / "schema.json"
    text = path.read_text()
    schema = Schema.from_json(text)
    first, *others = schema.features
    first = dataclasses.replace(first, mean=first.mean + 1)
    changed = dataclasses.replace(schema, features=(first, *others))
    try:
        path.write_text(changed.to_json())
        result = main_job.call(task.main, *command(data, output))
    finally:
        path.write_text(text)
    assert result.code == 2
    assert data in result.errors
    assert "--resume=false" in result.errors
    assert contents(output) == before


def contents(folder):
    return {
        path: path.read_bytes()
        for path in Path(folder).rglob("*")
        if path.is_file()
    }


def test_a_full_disk(output, data):
    """Catches a half checkpoint that takes the place of a whole one.

    What is left is what was there: the run that goes on is tested above.
    """
    before = contents(output / "checkpoints")
    most_bytes = min(map(len, before.values())) // 2
    with start(data, output, most_bytes=most_bytes) as process:
        assert process.wait() == 2, process.log
    assert "checkpoint" in process.log
    assert "start the same command again" in process.log
    assert "Traceback" not in process.log
    assert contents(output / "checkpoints") == before
