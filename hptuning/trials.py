"""The trials of a search, kept in a file that outlives the process."""

import dataclasses
import json
import math
import os
from collections.abc import Mapping
from typing import Any

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, Trial, TrialState

from hptuning.checking import Defaults
from hptuning.grid import shuffled_grid
from hptuning.median_stopping import is_worse_than_median
from hptuning.row import Row
from hptuning.study import Study

__all__ = ["Trials"]

STUDY_FILE = "study.journal"
_STATES = {
    TrialState.RUNNING: "running",
    TrialState.COMPLETE: "done",
    TrialState.PRUNED: "stopped",
    TrialState.FAIL: "failed",
}


class Trials:
    """Chooses trials and remembers what came of them.

    Args:
        folder: of the file; what an earlier process left there goes on.
        study: what is searched.
        defaults: of its parameters; the first trial takes them.
        identity: name to JSON value of what the trials depend on beside the
            study.
        seed: of the search.

    Raises:
        ValueError: the file is of another search.
    """

    def __init__(
        self,
        folder: str,
        study: Study,
        defaults: Defaults,
        identity: Mapping[str, Any],
        seed: int,
    ):
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._wanted = study
        self._defaults = defaults
        file = JournalFileBackend(os.path.join(folder, STUDY_FILE))
        self._study = optuna.create_study(
            study_name="study",
            storage=JournalStorage(file),
            load_if_exists=True,
        )
        self._check_same(
            {"config": _identity(study), **identity, "seed": seed}, folder
        )
        self._enqueue(seed)
        all_trials = self._study.get_trials(deepcopy=False)
        # One seed for each start: else it would choose the same points again.
        seed += sum(each.state != TrialState.WAITING for each in all_trials)
        self._study.sampler = (
            optuna.samplers.RandomSampler(seed)
            if study.is_random
            else optuna.samplers.TPESampler(seed=seed, constant_liar=True)
        )
        self._interrupted = [
            Trial(self._study, each._trial_id)
            for each in all_trials
            if each.state == TrialState.RUNNING
        ]

    @property
    def num_wanted(self) -> int:
        """Trials in all, when all are done."""
        if self._wanted.is_grid:
            return min(self._wanted.max_trials, len(self._study.trials))
        return max(self._wanted.max_trials, len(self.rows()))

    def next(self) -> Trial | None:
        """The next trial to be run; None when there are enough."""
        if self._interrupted:
            return self._interrupted.pop(0)
        if len(self.rows()) >= self.num_wanted:
            return None
        trial = self._study.ask()
        self.flags(trial)
        return trial

    def flags(self, trial: Trial) -> list[str]:
        """The flags of a trial; chosen when asked for the first time."""
        left_out = self._defaults.outside if _is_default(trial) else {}
        return [
            each.flag(each.suggest(trial))
            for each in self._wanted.parameters
            if each.name not in left_out
        ]

    def report(self, trial: Trial, curve: Mapping[int, float]) -> bool:
        """Takes down what a trial has reported; whether any of it is new."""
        known = self._frozen(trial).intermediate_values
        fresh = sorted(curve.keys() - known)
        for step in fresh:
            trial.report(curve[step], step)
        return bool(fresh)

    def is_hopeless(self, trial: Trial) -> bool:
        """Whether the median rule stops a trial; False without that rule."""
        if not self._wanted.stops_by_median:
            return False
        finished = self._study.get_trials(states=(TrialState.COMPLETE,))
        return is_worse_than_median(
            self._frozen(trial).intermediate_values,
            [each.intermediate_values for each in finished],
        )

    def end(
        self,
        trial: Trial,
        seconds: float,
        *,
        metric: float | None = None,
        reason: str = "",
    ) -> Row:
        """Takes down how a trial ended.

        Args:
            trial: that is over.
            seconds: that it took.
            metric: its result; None = it was stopped, or failed.
            reason: why it failed; empty = it did not.
        """
        trial.set_user_attr("seconds", seconds)
        trial.set_user_attr("reason", reason)
        state = TrialState.FAIL if reason else TrialState.PRUNED
        state = state if metric is None else TrialState.COMPLETE
        self._study.tell(trial, metric, state)
        return self._row(self._frozen(trial))

    def rows(self) -> list[Row]:
        """All trials that have begun, in their order."""
        return [
            self._row(each)
            for each in self._study.get_trials(deepcopy=False)
            if each.state != TrialState.WAITING
        ]

    def _frozen(self, trial: Trial) -> FrozenTrial:
        return self._study.get_trials(deepcopy=False)[trial.number]

    def _row(self, trial: FrozenTrial) -> Row:
        is_default = _is_default(trial)
        chosen = self._defaults.outside if is_default else {}
        chosen = {**chosen, **trial.params}
        # Of a stopped one, what it reported last.
        value = None if trial.state == TrialState.FAIL else trial.value
        return Row(
            trial.number + 1,
            _STATES[trial.state],
            math.nan if value is None else value,
            trial.user_attrs.get("seconds", math.nan),
            is_default,
            {
                each.name: chosen[each.name]
                for each in self._wanted.parameters
                if each.name in chosen
            },
            trial.user_attrs.get("reason", ""),
        )

    def _enqueue(self, seed: int) -> None:
        """Puts down the trials that nothing has to be learned for."""
        points = [self._defaults.inside]
        if self._wanted.is_grid:
            points += [
                point
                for point in shuffled_grid(self._wanted.parameters, seed)
                if point != self._defaults.inside
            ]
        there = len(self._study.trials)
        for position in range(there, min(len(points), self._wanted.max_trials)):
            self._study.enqueue_trial(
                points[position], {"is_default": position == 0}
            )

    def _check_same(self, identity: Mapping[str, Any], folder: str) -> None:
        wanted = json.loads(json.dumps(identity))
        stored = self._study.user_attrs.get("identity")
        if stored is None:
            self._study.set_user_attr("identity", wanted)
            return
        others = [name for name in wanted if stored[name] != wanted[name]]
        if others:
            raise ValueError(
                "A search is only resumed as it began. Received: another "
                f"{', another '.join(others)} than that of {folder}. Name "
                "another --output_dir."
            )


def _identity(study: Study) -> dict[str, Any]:
    counts = ("max_trials", "num_parallel", "max_failed")
    fields = dataclasses.asdict(study)
    return {name: fields[name] for name in fields if name not in counts}


def _is_default(trial: Trial | FrozenTrial) -> bool:
    return bool(trial.user_attrs.get("is_default"))
