"""What a tuning job searches, and by what rules."""

import dataclasses
from typing import Any

from hptuning.parameter import Parameter, parameter_of
from trainer.config import PLACES
from trainer.flags import given_names

__all__ = ["Study", "study_of"]

_GRID = "GRID_SEARCH"


@dataclasses.dataclass(frozen=True)
class Study:
    """What is searched.

    Attributes:
        metric: name of what is to become small.
        parameters: flags that trials differ in.
        arguments: flags of `trainer.task` that all trials share.
        is_grid: all combinations are tried, in an order by chance.
        is_random: trials do not learn from earlier ones.
        takes_best: a trial counts by its best report, not by its last.
        stops_by_median: trials that do worse than most are stopped.
        max_trials: trials in all.
        num_parallel: trials at a time.
        max_failed: failed trials that end the search; 0 = any number.
    """

    metric: str
    parameters: tuple[Parameter, ...]
    arguments: tuple[str, ...]
    is_grid: bool
    is_random: bool
    takes_best: bool
    stops_by_median: bool
    max_trials: int
    num_parallel: int
    max_failed: int


def study_of(job: Any) -> Study:
    """Takes a job apart.

    Args:
        job: as `job.read_job` gives it.

    Raises:
        ValueError: it cannot be carried out.
    """
    spec = job.study_spec
    goals = [each.goal.name for each in spec.metrics]
    pools = job.trial_job_spec.worker_pool_specs
    if goals != ["MINIMIZE"]:
        raise ValueError(
            "`metrics` must be one metric with the goal MINIMIZE: the trainer "
            f"reports errors. Received: {', '.join(goals) or 'none'}. Mend "
            "the list."
        )
    if len(pools) != 1 or pools[0].replica_count > 1:
        raise ValueError(
            "`workerPoolSpecs` must be one pool of one replica with "
            f"`containerSpec.args`. Received: {len(pools)} pools of "
            f"{', '.join(str(each.replica_count) for each in pools)} replicas. "
            "More machines for a trial are --num_workers of hptuning.submit."
        )
    study = Study(
        metric=spec.metrics[0].metric_id,
        parameters=tuple(map(parameter_of, spec.parameters)),
        arguments=tuple(pools[0].container_spec.args),
        is_grid=spec.algorithm.name == _GRID,
        is_random=spec.algorithm.name == "RANDOM_SEARCH",
        takes_best=spec.measurement_selection_type.name == "BEST_MEASUREMENT",
        stops_by_median="median_automated_stopping_spec" in spec,
        max_trials=job.max_trial_count,
        num_parallel=job.parallel_trial_count,
        max_failed=job.max_failed_trial_count,
    )
    _check_counts(study)
    _check_names(study)
    for parameter in study.parameters:
        if study.is_grid and not parameter.is_countable:
            raise ValueError(
                f"Parameter `{parameter.name}` must have values that can be "
                f"counted for {_GRID}. Received: doubleValueSpec. Use "
                "discreteValueSpec, or leave `algorithm` out."
            )
    return study


def _check_counts(study: Study) -> None:
    if min(study.max_trials, study.num_parallel) < 1 or study.max_failed < 0:
        raise ValueError(
            "`maxTrialCount` and `parallelTrialCount` must be at least 1, "
            "`maxFailedTrialCount` at least 0. Received: "
            f"{study.max_trials}, {study.num_parallel}, {study.max_failed}. "
            "Correct them."
        )


def _check_names(study: Study) -> None:
    names = [each.name for each in study.parameters]
    if not names or len(set(names)) < len(names):
        raise ValueError(
            "`parameters` must name each flag that is searched, once. "
            f"Received: {', '.join(names) or 'none'}. Mend the list."
        )
    taken = given_names(study.arguments)
    taken &= {*PLACES, "resume", *names}
    if taken:
        raise ValueError(
            "`args` must leave folders to the command line, and what is "
            f"searched to the trials. Received: --{', --'.join(sorted(taken))}."
            " Leave it out."
        )
