"""What a training run writes, and where."""

import glob
import json
import os
from collections.abc import Mapping
from typing import Any

from trainer import storage
from trainer.checkpoints import Checkpoints
from trainer.command_line import CONFIG_FILE
from trainer.config import RunSettings
from trainer.export import MARKER

__all__ = ["RunFolder"]

_METRICS_FILE = "metrics.json"
# What evaluation.report writes beside the model.
_REPORT_FILES = ("report*.html", "figures*.json")


class RunFolder:
    """The folders of one run, local or in a bucket.

    Args:
        settings: names them.

    Attributes:
        model_dir: of the SavedModel.
        log_dir: of TensorBoard logs.
        checkpoints: of the run.
    """

    def __init__(self, settings: RunSettings):
        self._output_dir = settings.output_dir
        self.model_dir = settings.model_dir or self._path("model")
        self.log_dir = settings.log_dir or self._path("logs")
        self.checkpoints = Checkpoints(
            settings.checkpoint_dir or self._path("checkpoints")
        )

    @property
    def has_model(self) -> bool:
        """Whether the model is there, whole."""
        return storage.is_file(os.path.join(self.model_dir, MARKER))

    def forget_results(self) -> None:
        """Deletes model and reports: of an earlier run, or other weights."""
        storage.delete_folder(self.model_dir, MARKER)
        folder = glob.escape(self._output_dir)
        for pattern in _REPORT_FILES:
            storage.delete_files(
                storage.glob_files(os.path.join(folder, pattern))
            )

    def describe(
        self, config: Mapping[str, Any], metrics: Mapping[str, Any]
    ) -> None:
        """Writes config.json and metrics.json."""
        for name, content in (
            (CONFIG_FILE, config),
            (_METRICS_FILE, metrics),
        ):
            text = json.dumps(content, indent=1) + "\n"
            storage.write_text(self._path(name), text)

    def _path(self, name: str) -> str:
        return os.path.join(self._output_dir, name)
