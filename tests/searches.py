"""Searches whose trials are fake."""

import json
import sys
from pathlib import Path

import hptuning
from hptuning import trial_process
from hptuning.checking import Defaults
from hptuning.parameter import Parameter
from hptuning.running import Room, run_trials
from hptuning.study import Study
from hptuning.trials import Trials

FOLDER = Path(hptuning.__file__).parent
FILES = sorted(FOLDER.glob("*.yaml"))
PROGRAM = (sys.executable, str(Path(__file__).with_name("fake_trainer.py")))
DEFAULTS = Defaults({"learning_rate": 0.001}, {"latent": 0})


def study(**changes):
    """Two parameters; the default of the second one is out of bounds."""
    return Study(
        **{
            "metric": "val_loss",
            "parameters": (
                Parameter("learning_rate", (1e-4, 1e-2), is_log=True),
                Parameter("latent", (1, 8)),
            ),
            "arguments": ("--preset=fake",),
            "is_grid": False,
            "is_random": False,
            "takes_best": False,
            "stops_by_median": False,
            "max_trials": 3,
            "num_parallel": 1,
            "max_failed": 0,
            **changes,
        }
    )


def plan(monkeypatch, **plans):
    """Tells the fake trainer what to do; `others` in all other trials."""
    others = plans.pop("others", {})
    plans = {name.removeprefix("trial_"): each for name, each in plans.items()}
    monkeypatch.setenv("FAKE_TRAINER", json.dumps({"": others, **plans}))
    monkeypatch.setattr(trial_process, "PROGRAM", PROGRAM)


def trials_in(folder, wanted, seed=1, **identity):
    return Trials(str(folder), wanted, DEFAULTS, identity, seed)


def search(folder, wanted, **others):
    """Runs to the end; rows in the order in which they ended."""
    with open(folder / "lock", "w") as held:
        room = Room(str(folder), (), wanted.num_parallel, 1, held.fileno())
        trials = trials_in(folder, wanted, **others)
        return list(run_trials(wanted, trials, room))


def starts(folder, number):
    """What the trainer was given, start by start."""
    lines = (folder / str(number) / "starts").read_text().splitlines()
    return [json.loads(line) for line in lines]
