"""The flags that a training container's variables stand for."""

import os
from collections.abc import Sequence
from typing import Any

from trainer.config import PHASES, Preset, load
from trainer.container import Container
from trainer.flags import Parser, given_names
from trainer.presets import PRESETS

__all__ = ["container_flags"]

# Each of them says what to learn from.
_INPUTS = {"input", "data_dir", "train_file_pattern"}


def container_flags(
    arguments: Sequence[str], container: Container
) -> list[str]:
    """Flags to put before those that were given, which thereby win.

    Args:
        arguments: the words after the program's name.
        container: what the environment says.

    Returns:
        None unless `--preset` names one that is run in such containers. A
        later phase alone is only told where the model is.
    """
    parser = Parser(add_help=False)
    parser.add_argument("--preset", default="")
    parser.add_argument("--training_mode", default="all")
    flags = parser.parse_known_args(arguments)[0]
    if flags.preset not in PRESETS:
        return []
    preset = load(PRESETS, flags.preset, "preset")
    if not preset.settings_with_channels:
        return []
    values: dict[str, Any] = {}
    if container.model_dir:
        # The folder above it holds all that the job writes.
        values["output_dir"] = os.path.dirname(container.model_dir) or "."
        values["model_dir"] = container.model_dir
    if flags.training_mode in ("all", PHASES[0]):
        if container.training and not _INPUTS & given_names(arguments):
            values |= _of_channels(preset, container)
        values |= _of_hyperparameters(preset, container)
    return [f"--{name}={value}" for name, value in values.items()]


def _of_channels(preset: Preset, container: Container) -> dict[str, Any]:
    channels = {
        "input": container.training,
        "metric_input": container.validation,
    }
    named = {name: folder for name, folder in channels.items() if folder}
    return {**preset.settings_with_channels, **named}


def _of_hyperparameters(preset: Preset, container: Container) -> dict[str, str]:
    """Canonical field names, where the reference system has others."""
    fields = {
        alias.replace("-", "_"): name for alias, name in preset.aliases.items()
    }
    return {
        fields.get(name, name): text
        for name, text in sorted(container.hyperparameters.items())
    }
