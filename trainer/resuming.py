"""Which checkpoint a run goes on from, and whether it is of the same run."""

import logging
from collections.abc import Mapping
from typing import Any

from trainer.checkpoints import Checkpoint, Checkpoints
from trainer.command_line import Config
from trainer.config import PHASES

__all__ = ["differing", "read_start", "run_identity"]

_logger = logging.getLogger(__name__)


def run_identity(config: Config, schema_hash: str) -> dict[str, Any]:
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
        wanted: the run's `run_identity`.

    Raises:
        OSError: it cannot be read.
        ValueError: it is damaged, or of another run, or a phase is asked for
            before its turn.
    """
    mode = config.run.training_mode
    is_first = config.run.begins_at_first_phase
    if is_first and not config.run.resume:
        return None
    checkpoint = checkpoints.latest()
    if checkpoint is None:
        if is_first:
            _logger.info(
                "No checkpoint in %s: training begins.", checkpoints.folder
            )
            return None
        raise ValueError(
            f"--training_mode={mode} starts from what the reconstruction "
            f"phase left. Received: {checkpoints.folder}, which holds no "
            "checkpoint; run --training_mode=reconstruction first, or name "
            "its --output_dir."
        )
    anew = "--resume=false"
    if not is_first:
        anew = f"--training_mode={PHASES[0]} {anew}"
    missing = sorted({*wanted, "phases_done"} - checkpoint.state.keys())
    if missing:
        raise ValueError(
            f"The checkpoint in {checkpoints.folder} must be of this program. "
            f"Received: one without {', '.join(missing)}. Name another "
            f"--output_dir, or train anew with {anew}, which replaces it."
        )
    if checkpoint.state["schema_hash"] != wanted["schema_hash"]:
        raise ValueError(
            "`data_dir` must hold the data set that the checkpoint in "
            f"{checkpoints.folder} was trained on. Received: "
            f"data_dir={config.run.data_dir}, which has another hash: it "
            f"changed. Name another --output_dir, or train anew with {anew}, "
            "which replaces that run."
        )
    if is_first:
        _check_settings(checkpoint.state, checkpoints.folder, wanted)
    else:
        _check_order(checkpoint.state, checkpoints.folder, mode)
        _check_detector(checkpoint.state, checkpoints.folder, wanted)
    return checkpoint


def differing(
    one: Mapping[str, Any], other: Mapping[str, Any], *words: str
) -> str:
    """Names the settings that differ, with both values.

    Args:
        one: name to value.
        other: the same.
        words: two, which say whose value it is.
    """
    first, second = words
    return ", ".join(
        f"`{name}` ({one.get(name, 'not used')} {first}, "
        f"{other.get(name, 'not used')} {second})"
        for name in {**one, **other}
        if one.get(name) != other.get(name)
    )


def _check_settings(
    state: Mapping[str, Any], folder: str, wanted: Mapping[str, Any]
) -> None:
    told = differing(state["settings"], wanted["settings"], "before", "now")
    if told:
        raise ValueError(
            "A run is only resumed with the settings that it began with. "
            f"Received: other values of {told} than the checkpoint in "
            f"{folder}. Name another --output_dir, or start "
            "anew with --resume=false, which replaces that run; thresholds "
            "alone are changed by --training_mode=tune_anomaly_thresholds."
        )


def _check_order(state: Mapping[str, Any], folder: str, mode: str) -> None:
    if state["phases_done"] == 0:
        raise ValueError(
            "Phases run in order. Received: "
            f"--training_mode={mode}, while the reconstruction phase in "
            f"{folder} has not finished. Start its command again: it goes "
            "on where it stopped."
        )
    before = PHASES[PHASES.index(mode) - 1]
    if state["phases_done"] < PHASES.index(mode):
        raise ValueError(
            f"Phases run in order. Received: --training_mode={mode}, while "
            f"{before} in {folder} has not been run. Run "
            f"--training_mode={before} first."
        )


def _check_detector(
    state: Mapping[str, Any], folder: str, wanted: Mapping[str, Any]
) -> None:
    stored, now = state["detector_config"], wanted["detector_config"]
    told = differing(stored, now, "before", "now")
    if told:
        raise ValueError(
            "A later phase must describe the detector of the first one. "
            f"Received: other values of {told} than the checkpoint in "
            f"{folder}. Leave these flags out, or train anew "
            "with --training_mode=reconstruction --resume=false."
        )
