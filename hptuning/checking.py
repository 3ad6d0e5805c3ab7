"""Holds a search against the flags of the trainer that it sets."""

import concurrent.futures
import dataclasses
import multiprocessing
from collections.abc import Sequence
from typing import Any, NamedTuple

from hptuning.parameter import Parameter, Value
from hptuning.study import Study
from trainer.command_line import Config, parse
from trainer.config import PHASES, RunSettings, load
from trainer.flags import given_names
from trainer.models import NETWORKS
from trainer.presets import PRESETS

__all__ = ["Defaults", "check", "check_apart"]


class Defaults(NamedTuple):
    """What the trainer takes without the flags that are searched.

    Attributes:
        inside: parameter to its default, where the search could come to it.
        outside: parameter to its default, where it could not.
    """

    inside: dict[str, Value]
    outside: dict[str, Value]


def check(study: Study, flags: Sequence[str]) -> Defaults:
    """Checks every parameter and bound as the trainer itself would.

    Args:
        study: what is searched.
        flags: of the trainer, beside those of the study.

    Returns:
        The defaults of all parameters.

    Raises:
        ValueError: a trial would be refused, or report another metric.
    """
    arguments = [*study.arguments, *flags]
    try:
        config = parse(arguments)
    except ValueError as error:
        raise ValueError(
            f"For trainer.task, from `args` and after `--`: {error}"
        ) from error
    if config.run.training_mode != PHASES[0]:
        raise ValueError(
            "`training_mode` must be that of the phase that reports a metric. "
            f"Received: {config.run.training_mode}. Add "
            f"--training_mode={PHASES[0]} to `args`."
        )
    metric = load(NETWORKS, config.run.network, "network").watched
    if study.metric != metric:
        raise ValueError(
            f"`metricId` must be {metric}, which {config.run.network} "
            f"reports. Received: {study.metric or 'nothing'}. Correct it."
        )
    inside: dict[str, Value] = {}
    outside: dict[str, Value] = {}
    aliases = load(PRESETS, config.run.preset, "preset").aliases
    for parameter in study.parameters:
        field = aliases.get(parameter.name, parameter.name)
        taken = _taken(parameter, field, arguments)
        default = _number(config.flat()[field])
        found = [
            value for value, each in taken.items() if _number(each) == default
        ]
        if parameter.bounds and isinstance(default, int | float):
            low, high = parameter.bounds
            found = [default] if low <= default <= high else []
        if found:
            inside[parameter.name] = found[0]
        else:
            outside[parameter.name] = _value(default)
    return Defaults(inside, outside)


def check_apart(study: Study, flags: Sequence[str]) -> Defaults:
    """Like `check`, in a process of its own, for networks load TensorFlow."""
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(1, context) as pool:
        return pool.submit(check, study, flags).result()


def _taken(
    parameter: Parameter, field: str, arguments: Sequence[str]
) -> dict[Value, Any]:
    """What the trainer makes of the bounds or choices of a parameter."""
    name = parameter.name
    if name in given_names(arguments):
        raise ValueError(
            f"Parameter `{name}` must be left to the trials. Received: "
            f"--{name} for all of them. Leave it out after `--`."
        )
    taken = {}
    for value in parameter.limits:
        try:
            config = parse([*arguments, parameter.flag(value)])
        except ValueError as error:
            raise ValueError(
                f"Parameter `{name}` must be a flag of the trainer, with "
                f"values that it takes. Received: {parameter.flag(value)}. "
                f"{error}"
            ) from error
        if not _has_effect(config, field):
            raise ValueError(
                f"Parameter `{name}` must make another model. Received: "
                f"--{name}, which does not. Leave it out."
            )
        taken[value] = config.flat()[field]
        if not parameter.is_countable and isinstance(taken[value], int):
            raise ValueError(
                f"Parameter `{name}` must have whole numbers. Received: "
                "doubleValueSpec. Use integerValueSpec."
            )
    return taken


def _has_effect(config: Config, field: str) -> bool:
    without = {
        each.name
        for each in dataclasses.fields(RunSettings)
        if not each.metadata["affects_result"]
    }
    return field in config.flat() and field not in without


def _number(value: Any) -> Any:
    """The one element of a list of one, of which a search may set bounds."""
    is_one = isinstance(value, tuple) and len(value) == 1
    return value[0] if is_one else value


def _value(default: Any) -> Value:
    if isinstance(default, int | float):
        return default
    parts = default if isinstance(default, tuple) else (default,)
    return " ".join(map(str, parts))
