"""Which checkpoint a run goes on from, and whether it is of the same run."""

from collections.abc import Mapping
from typing import Any

from trainer.checkpoints import Checkpoint, Checkpoints
from trainer.command_line import Config
from trainer.config import PHASES

__all__ = ["identity", "read_start"]


def identity(config: Config, schema_hash: str) -> dict[str, Any]:
    """What a checkpoint tells of the run it is of; JSON values."""
    return {
        "settings": config.identity(),
        "detector_config": config.detector_config(),
        "schema_hash": schema_hash,
    }


def read_start(
    checkpoints: Checkpoints, config: Config, wanted: Mapping[str, Any]
) -> Checkpoint | None:
    """Reads the checkpoint that a run goes on from; None = it begins.

    Args:
        checkpoints: of the run's folder.
        config: of the run.
        wanted: the run's `identity`.

    Raises:
        OSError: it cannot be read.
        ValueError: it is damaged, or of another run, or a phase is asked for
            before its turn.
    """
    mode = config.run.training_mode
    is_first = mode in ("all", PHASES[0])
    if is_first and not config.run.resume:
        return None
    checkpoint = checkpoints.latest()
    if checkpoint is None:
        if is_first:
            return None
        raise ValueError(
            f"--training_mode={mode} starts from what the reconstruction "
            f"phase left in `output_dir`. Received: {config.run.output_dir}, "
            "which holds no checkpoint; run --training_mode=reconstruction "
            "first."
        )
    _check_data(checkpoint.state, config, wanted)
    if is_first:
        _check_settings(checkpoint.state, config, wanted)
    else:
        _check_detector(checkpoint.state, config, wanted)
    return checkpoint


def _check_data(
    state: Mapping[str, Any], config: Config, wanted: Mapping[str, Any]
) -> None:
    if state["schema_hash"] == wanted["schema_hash"]:
        return
    raise ValueError(
        "The data set must be the one that the checkpoint in "
        f"{config.run.output_dir} was trained on. Received: "
        f"data_dir={config.run.data_dir}, which has another hash: it changed. "
        "Name another --output_dir, or start anew with --resume=false "
        f"--training_mode={PHASES[0]} or all, which replaces that run."
    )


def _check_settings(
    state: Mapping[str, Any], config: Config, wanted: Mapping[str, Any]
) -> None:
    before, now = state["settings"], wanted["settings"]
    differing = [
        f"{name} ({before.get(name, 'not used')} before, "
        f"{now.get(name, 'not used')} now)"
        for name in {**before, **now}
        if before.get(name) != now.get(name)
    ]
    if differing:
        raise ValueError(
            "A run is only resumed with the settings that it began with. "
            f"Received: other values of {', '.join(differing)} than the "
            f"checkpoint in {config.run.output_dir}. Name another "
            "--output_dir, or start anew with --resume=false, which replaces "
            "that run."
        )


def _check_detector(
    state: Mapping[str, Any], config: Config, wanted: Mapping[str, Any]
) -> None:
    mode = config.run.training_mode
    if state["phases_done"] == 0:
        raise ValueError(
            "Phases run in order. Received: "
            f"--training_mode={mode}, while the reconstruction phase in "
            f"{config.run.output_dir} has not finished. Start its command "
            "again: it goes on where it stopped."
        )
    stored = state["detector_config"]
    differing = [
        name
        for name, value in wanted["detector_config"].items()
        if stored[name] != value
    ]
    if differing:
        raise ValueError(
            f"The detector in {config.run.output_dir} was made with "
            f"other values of: {', '.join(differing)}. Leave these flags "
            "out, or run --training_mode=reconstruction again."
        )
