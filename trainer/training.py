"""One training run: its data, its phases, its folder."""

import dataclasses
import datetime
import functools
import json
import logging
import os
import shutil
from pathlib import Path
from typing import Any

import keras
from rich.console import Console
from rich.table import Table

from trainer import storage
from trainer.command_line import CONFIG_FILE, Config
from trainer.config import PHASES, load
from trainer.dataset import Windows, load_windows
from trainer.detector import Detector, DetectorConfig
from trainer.export import export
from trainer.phases import error_statistics, reconstruction, threshold_tuning
from trainer.progress import TrainingProgress, progress_bar
from trainer.schema import Schema
from trainer.thresholds import RULES

__all__ = ["Training"]

METRICS_FILE = "metrics.json"
CHECKPOINT = os.path.join("checkpoints", "detector.keras")
MODEL = "model"
# What evaluation.report writes beside the model.
REPORT_FILES = ("report*.html", "figures*.json")
# Fewer steps make poor statistics: train's are used instead.
MINIMUM_CALIBRATION_STEPS = 100
SAMPLE_WINDOWS = 64

_logger = logging.getLogger(__name__)


class Training:
    """Runs the phases that a configuration asks for.

    Args:
        config: resolved.
        schema: of the data set.
        command: the command line, kept with the result.
    """

    def __init__(self, config: Config, schema: Schema, command: str):
        self._config = config
        self._settings = config.run
        self._schema = schema
        self._command = command
        self._metrics: dict[str, Any] = {}
        self._is_jitted = config.run.driver != "graph"
        self._windows = functools.cache(self._read_windows)

    def run(self) -> None:
        """Runs the phases; the last of the three exports the model.

        Raises:
            ValueError: the data or the order of phases is wrong.
        """
        mode = self._settings.training_mode
        phases = PHASES if mode == "all" else (mode,)
        if phases[0] == PHASES[0]:
            detector = self._new_detector()
        else:
            detector = self._stored_detector(phases[0])
        run_phase = {
            PHASES[0]: self._reconstruction,
            PHASES[1]: self._error_statistics,
            PHASES[2]: self._threshold_tuning,
        }
        for phase in phases:
            _logger.info("Phase %s", phase)
            for stale in PHASES[PHASES.index(phase) :]:
                self._metrics.pop(stale, None)
            self._metrics[phase] = run_phase[phase](detector)
            self._save(detector)
        if phases[-1] == PHASES[2]:
            self._export(detector)
        self._print_table()

    def _detector_config(self) -> dict[str, Any]:
        config = DetectorConfig(
            network=self._settings.network,
            network_settings=dataclasses.asdict(self._config.network),
            scorer=self._settings.scorer,
            scorer_settings=dataclasses.asdict(self._config.scorer),
            window_length=self._settings.window_length,
            seed=self._settings.seed,
        )
        # As a saved detector gives it back: lists for tuples.
        return json.loads(json.dumps(dataclasses.asdict(config)))

    def _new_detector(self) -> Detector:
        keras.utils.set_random_seed(self._settings.seed)
        return Detector(self._schema.to_json(), self._detector_config())

    def _stored_detector(self, phase: str) -> Detector:
        path = self._path(CHECKPOINT)
        if not os.path.isfile(path):
            raise ValueError(
                f"--training_mode={phase} starts from what the reconstruction "
                "phase left in `output_dir`. Received: "
                f"{self._settings.output_dir}, which holds no {CHECKPOINT}; "
                "run --training_mode=reconstruction first."
            )
        self._metrics = self._read_metrics()
        detector = keras.models.load_model(path)
        stored = detector.get_config()["config"]
        differing = [
            name
            for name, value in self._detector_config().items()
            if stored[name] != value
        ]
        if detector.schema.hash() != self._schema.hash():
            raise ValueError(
                "The data set must be the one that the detector in "
                f"{self._settings.output_dir} was trained on. Received: "
                f"data_dir={self._settings.data_dir}, which has another hash. "
                "Run --training_mode=reconstruction again."
            )
        if differing:
            raise ValueError(
                f"The detector in {self._settings.output_dir} was made with "
                f"other values of: {', '.join(differing)}. Leave these flags "
                "out, or run --training_mode=reconstruction again."
            )
        return detector

    def _reconstruction(self, detector: Detector) -> dict[str, Any]:
        train = self._normal_windows("train", self._settings.stride)
        missing = set(self._settings.series) - train.series_ids
        if missing:
            raise ValueError(
                "`series` must name series of the train split. Received: "
                f"{', '.join(sorted(missing))}, which it does not hold. The "
                "table of preprocessing counts them; ids are those of the "
                "input."
            )
        validation = self._normal_windows("validation")
        return reconstruction.run(
            detector, train, validation, self._settings, self._callbacks(train)
        )

    def _error_statistics(self, detector: Detector) -> dict[str, Any]:
        split = self._calibration_split("statistics")
        windows = self._normal_windows(split)
        with progress_bar("error statistics", len(windows)) as advance:
            return {"split": split} | error_statistics.run(
                detector, windows, advance, self._is_jitted
            )

    def _threshold_tuning(self, detector: Detector) -> dict[str, Any]:
        split = self._calibration_split("tuning")
        windows = self._windows(split)
        rules = {
            getattr(self._settings, kind): _rule(self._config, kind)
            for kind in ("threshold_rule", "label_free_threshold_rule")
        }
        with progress_bar("thresholds", len(windows)) as advance:
            return {"split": split, "windows": len(windows)} | (
                threshold_tuning.run(
                    detector, windows, rules, advance, self._is_jitted
                )
            )

    def _read_windows(self, split: str, stride: int = 1) -> Windows:
        windows = load_windows(
            self._settings.data_dir,
            self._schema,
            split,
            self._settings.window_length,
            stride,
            self._settings.series,
        )
        if windows.num_short_runs:
            _logger.warning(
                "%s: %d stretches without a gap are shorter than "
                "window_length=%d rows and left out.",
                split,
                windows.num_short_runs,
                windows.window_length,
            )
        return windows

    def _normal_windows(self, split: str, stride: int = 1) -> Windows:
        """Windows to learn normal behaviour from: no known anomaly in them."""
        windows = self._windows(split, stride)
        normal = windows.without_anomalies()
        if len(normal) < len(windows):
            _logger.warning(
                "%s: left out as labelled anomalous: %d of %d windows.",
                split,
                len(windows) - len(normal),
                len(windows),
            )
        return normal

    def _calibration_split(self, split: str) -> str:
        windows = self._windows(split)
        is_whole = self._schema.label_kind == "sequence"
        num_steps = len(windows) * (windows.window_length if is_whole else 1)
        if num_steps >= MINIMUM_CALIBRATION_STEPS:
            return split
        _logger.warning(
            "%s has %d steps to calibrate on, fewer than %d: the train split "
            "is used, so errors look smaller than they are.",
            split,
            num_steps,
            MINIMUM_CALIBRATION_STEPS,
        )
        return "train"

    def _callbacks(self, train: Windows) -> list[Any]:
        steps = -(-len(train) // self._settings.batch_size)
        callbacks = [TrainingProgress(steps, self._settings.epochs, len(train))]
        if self._settings.tensorboard:
            callbacks.append(keras.callbacks.TensorBoard(self._path("logs")))
        return callbacks

    def _save(self, detector: Detector) -> None:
        """Writes the checkpoint, then what describes it."""
        path = self._path(CHECKPOINT)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        temporary = path.replace(".keras", ".writing.keras")
        detector.save(temporary)
        os.replace(temporary, path)
        if os.path.isfile(self._path(CONFIG_FILE)):
            # Of an earlier run here: what it made is not this detector's.
            shutil.rmtree(self._path(MODEL), ignore_errors=True)
            for pattern in REPORT_FILES:
                for old in Path(self._settings.output_dir).glob(pattern):
                    old.unlink()
        config = {
            "command": self._command,
            "schema_hash": self._schema.hash(),
            "settings": self._config.flat(),
        }
        for name, content in (
            (CONFIG_FILE, config),
            (METRICS_FILE, self._metrics),
        ):
            text = json.dumps(content, indent=1) + "\n"
            storage.write_text(self._path(name), text)

    def _export(self, detector: Detector) -> None:
        now = datetime.datetime.now(datetime.UTC)
        statistics, tuning = (self._metrics[phase] for phase in PHASES[1:])
        origin = {
            "series": self._settings.series,
            "calibration": {
                "statistics": statistics["split"],
                "tuning": tuning["split"],
                "rule": tuning[f"{detector.views[0]}_rule"],
            },
        }
        windows = self._windows(tuning["split"])
        first = windows.starts[:SAMPLE_WINDOWS, None]
        sample = windows.values[first + range(windows.window_length)]
        path = self._path(MODEL)
        version = now.strftime("%Y%m%dT%H%M%SZ")
        export(detector, path, version, sample, origin)
        _logger.info("Model written to %s", path)

    def _read_metrics(self) -> dict[str, Any]:
        path = self._path(METRICS_FILE)
        if not os.path.isfile(path):
            return {}
        with open(path, encoding="utf-8") as file:
            try:
                return dict(json.load(file))
            except ValueError as error:
                raise ValueError(
                    f"{path} must be what the phase before wrote. Received: "
                    f"{error}. Run --training_mode=reconstruction again."
                ) from error

    def _path(self, name: str) -> str:
        return os.path.join(self._settings.output_dir, name)

    def _print_table(self) -> None:
        table = Table("phase", "", "", title="What was learned")
        for phase, numbers in self._metrics.items():
            for position, (name, value) in enumerate(numbers.items()):
                shown = f"{value:.4g}" if isinstance(value, float) else value
                table.add_row("" if position else phase, name, str(shown))
        Console().print(table)


def _rule(config: Config, kind: str) -> Any:
    rule = load(RULES, getattr(config.run, kind), "threshold rule")
    return rule(getattr(config, kind))
