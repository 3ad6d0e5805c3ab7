"""The talk's principal components, by the talk's own command lines."""

import os
import subprocess
import sys

import main_job
from talk_contract import (
    HELD_OUT,
    MIXED,
    NUM_HELD_OUT,
    TRAIN,
    TalkContract,
    words,
)

from trainer import task
from trainer.config import PHASES
from trainer.schema import Schema


class TestPrincipalComponents(TalkContract):
    """The number of components is chosen in the first run."""

    model_type = "pca"
    flags = ("--autotune_principal_components=False",)

    def test_the_second_search_has_nothing_to_do(self, trained, raw):
        """Catches a model that a further run of the talk's changes."""
        output, path = trained.output, raw / HELD_OUT
        before = (output / "metrics.json").read_text()
        flags = words(self, PHASES[0], output, path, path, 2000)
        flags = [
            each.replace("components=False", "components=True")
            for each in flags
        ]
        said = main_job.succeed(task.main, *flags)
        assert "has chosen the principal components" in said.errors
        assert (output / "metrics.json").read_text() == before

    def test_phases_are_processes_of_their_own(self, raw, tmp_path):
        """Catches state that only one process knows, this one or another."""
        small = tmp_path / "small.csv"
        lines = (raw / TRAIN).read_text().splitlines(keepends=True)
        small.write_text("".join(lines[:200]))
        held_out = tmp_path / "held_out.csv"
        held_out.write_text("".join(lines[200:400]))
        output = tmp_path / "run"

        def command(phase, train):
            return words(self, phase, output, train, held_out, 0)

        main_job.succeed(task.main, *command(PHASES[0], small))
        schema = Schema.load(str(output / "data"))
        assert schema.splits["validation"].series == 200
        second = command(PHASES[1], held_out)
        done = subprocess.run(
            [sys.executable, "-m", "trainer.task", *second],
            capture_output=True,
            text=True,
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        )
        assert done.returncode == 0, done.stderr
        third = command(PHASES[2], raw / MIXED["labeled"])
        main_job.succeed(task.main, *third)
        grown = Schema.load(str(output / "data"))
        assert grown.hash() == schema.hash()
        assert grown.splits["tuning"].anomalous == NUM_HELD_OUT
