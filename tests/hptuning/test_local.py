"""The command that runs a tuning job here."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest
from searches import FOLDER, PROGRAM, plan

from hptuning import checking, local
from trainer.command_line import parse
from trainer.config import PLACES

# Beside what `tests` needs, as in an installed tree.
ROOT = str(FOLDER.parent)
RUNNER = (
    "import sys; from hptuning import checking, local, trial_process;"
    f"trial_process.PROGRAM = {PROGRAM!r};"
    "local.check_apart = lambda *_: checking.Defaults({}, {});"
    "sys.exit(local.main(sys.argv[1:]))"
)


@pytest.fixture
def fake(monkeypatch):
    """Fake trials; their flags are checked, in this process."""
    monkeypatch.setattr(local, "check_apart", checking.check)
    return lambda **plans: plan(monkeypatch, **plans)


def words(data, folder, *flags, file="dense_autoencoder"):
    return [
        f"--config={FOLDER / file}.yaml",
        f"--data_dir={data}",
        f"--output_dir={folder}",
        *flags,
    ]


def table(folder):
    with open(folder / "trials.csv") as file:
        return list(csv.DictReader(file))


def test_all_that_a_search_leaves(fake, tmp_path, capfd, sequence_data_set):
    """A file that is missing; the best trial's settings mixed with places."""
    fake(trial_2={"values": [0.25]}, trial_3={"exit_code": 1, "says": "x < y"})
    arguments = words(sequence_data_set[0], tmp_path, "--max_trials=4")
    assert local.main([*arguments, "--parallel=2", "--", "--epochs=3"]) == 0
    rows = {row["trial"]: row for row in table(tmp_path)}
    assert rows["2"]["val_loss"] == "0.25"
    assert rows["3"]["state"] == "failed"
    assert rows["3"]["val_loss"] == ""
    assert rows["3"]["reason"] == "x < y"
    assert [row["is_default"] for row in rows.values()] == ["1", "0", "0", "0"]
    best = json.loads((tmp_path / "best_config.json").read_text())
    assert best["settings"]["epochs"] == "3"
    assert best["settings"]["learning_rate"] == rows["2"]["learning_rate"]
    assert not {"output_dir", "data_dir"} & best["settings"].keys()
    assert best["tuned"]["trial"] == 2
    page = (tmp_path / "trials.html").read_text()
    assert "x &lt; y" in page
    assert not re.search(r"<(script|link|img)[^>]+(src|href)=", page)
    said = capfd.readouterr().out
    assert "The best is trial 2: val_loss 0.25." in said
    assert "Trial 1, the default, has 0.5." in said
    assert f"--config={tmp_path}/best_config.json" in said


def test_nothing_but_failures(fake, tmp_path, capfd, sequence_data_set):
    """A search that ends as if something had been found."""
    fake(others={"exit_code": 2, "says": "error: no such column"})
    arguments = words(sequence_data_set[0], tmp_path, "--max_trials=2")
    assert local.main(arguments) == 2
    assert "error: no such column" in capfd.readouterr().err
    assert [row["state"] for row in table(tmp_path)] == ["failed"] * 2


@pytest.mark.parametrize(
    "flags, told",
    [
        (["--config=no.yaml"], "no.yaml"),
        (["--data_dir=nowhere"], "nowhere"),
        (["--", "--output_dir=x"], "must be left to the trials"),
        (["--", "--epoch=3"], "Did you mean --epochs"),
        (["--epochs=3"], "before `--`"),
    ],
)
def test_what_is_to_be_mended(
    fake, tmp_path, capfd, sequence_data_set, flags, told
):
    """A trial that begins before all is checked."""
    fake()
    assert local.main(words(sequence_data_set[0], tmp_path, *flags)) == 2
    assert told in capfd.readouterr().err
    assert not (tmp_path / "trials").exists()


def test_the_runner_is_light():
    """TensorFlow in the process that only waits, beside each of its trials."""
    code = (
        "import sys, hptuning.local;"
        "sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    )
    assert (
        subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0
    )


def start(data, folder, *flags):
    """A search in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", RUNNER, *words(data, folder, *flags)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def wait_for(path):
    deadline = time.monotonic() + 60
    while not (path.exists() and path.read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize(
    "number, exit_code", [(signal.SIGTERM, 143), (signal.SIGINT, 130)]
)
def test_a_signal_ends_the_trials_too(
    fake, tmp_path, sequence_data_set, number, exit_code
):
    """Trials that go on alone; a search that cannot be resumed."""
    fake(others={"values": [1.0] * 600, "seconds": 0.1})
    runner = start(sequence_data_set[0], tmp_path, "--max_trials=2")
    for trial in "12":
        wait_for(tmp_path / "trials" / trial / "starts")
    os.killpg(runner.pid, number)
    said = runner.communicate(timeout=60)[0]
    assert runner.returncode == exit_code, said
    with local._alone_in(str(tmp_path)):
        pass
    fake()
    again = start(sequence_data_set[0], tmp_path, "--max_trials=2")
    said = again.communicate(timeout=60)[0]
    assert again.returncode == 0, said
    for trial in "12":
        starts = (tmp_path / "trials" / trial / "starts").read_text()
        assert starts.count("\n") == 2, said
        first, second = map(json.loads, starts.splitlines())
        assert first["flags"] == second["flags"]
        # Once from the terminal, once from the search: the second one would
        # end a trainer that is writing its checkpoint.
        assert not (tmp_path / "trials" / trial / "interrupted").exists()


def test_a_kill_of_the_runner(fake, tmp_path, sequence_data_set):
    """Two trainers in one folder: a trial outlives the search for a while."""
    fake(trial_1={}, others={"values": [1.0] * 30, "seconds": 0.1})
    flags = "--max_trials=3", "--parallel=1"
    runner = start(sequence_data_set[0], tmp_path, *flags)
    wait_for(tmp_path / "trials" / "2" / "starts")
    os.kill(runner.pid, signal.SIGKILL)
    runner.communicate(timeout=60)
    fake()
    again = start(sequence_data_set[0], tmp_path, *flags)
    said = again.communicate(timeout=60)[0]
    assert again.returncode == 0, said
    assert "this waits for them" in said
    assert "1 of 3 trials were over before" in said
    assert [row["state"] for row in table(tmp_path)] == ["done"] * 3
    lines = (tmp_path / "trials" / "2" / "starts").read_text().splitlines()
    orphan_ended = 30 * 0.1 + json.loads(lines[0])["began"]
    assert json.loads(lines[1])["began"] >= orphan_ended
    assert (
        len((tmp_path / "trials" / "1" / "starts").read_text().split("\n")) == 2
    )


def test_two_real_trials(tmp_path, sequence_data_set):
    """A flag, a file or a metric that the trainer knows by another name."""
    done = subprocess.run(
        [sys.executable, "-m", "hptuning.local"]
        + words(sequence_data_set[0], tmp_path, "--max_trials=2")
        + ["--parallel=2", "--", "--epochs=2", "--driver=graph"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    rows = table(tmp_path)
    assert rows[0]["state"] == "done", rows
    best = json.loads((tmp_path / "best_config.json").read_text())
    metrics = json.loads(
        (tmp_path / "trials" / "1" / "metrics.json").read_text()
    )
    value = metrics["reconstruction"]["val_loss"]
    assert float(rows[0]["val_loss"]) == pytest.approx(value, rel=1e-6)
    names = parse(["--preset=talk_dense"]).flat().keys()
    assert best["settings"].keys() == names - {
        *PLACES,
        "training_mode",
        "resume",
        "log_format",
    }
