"""What a training run keeps, and where."""

import glob
import json
import logging
import os
from collections.abc import Mapping
from typing import Any

from trainer import storage
from trainer.checkpoints import Checkpoint, Checkpoints
from trainer.command_line import CONFIG_FILE, Config
from trainer.config import MODEL_MARKER
from trainer.resuming import read_start, run_identity

__all__ = ["RunFolder"]

_logger = logging.getLogger(__name__)

_METRICS_FILE = "metrics.json"
# What evaluation.report writes beside the model, and a file that shows it.
_REPORTS, _REPORT_MARKER = "report*", "report.md"


class RunFolder:
    """The folders of one run, local or in a bucket.

    Args:
        config: names them.
        schema_hash: of the data set.
        command: the command line, kept with the result.

    Attributes:
        model_dir: of the SavedModel.
        log_dir: of TensorBoard logs.
        identity: what makes it this run, JSON values.
        has_written: whether this process has saved something.
    """

    def __init__(self, config: Config, schema_hash: str, command: str):
        self._config = config
        self._output_dir = config.run.output_dir
        self.identity = run_identity(config, schema_hash)
        self._description = {
            "command": command,
            "schema_hash": schema_hash,
            "settings": config.flat(),
        }
        self.model_dir = config.run.model_dir or self._path("model")
        self.log_dir = config.run.log_dir or self._path("logs")
        self._checkpoints = Checkpoints(
            config.run.checkpoint_dir or self._path("checkpoints")
        )
        self.has_written = False

    @property
    def has_model(self) -> bool:
        """Whether the model is there, whole."""
        return storage.is_file(os.path.join(self.model_dir, MODEL_MARKER))

    def start(self) -> Checkpoint | None:
        """The checkpoint to go on from; None = the run begins.

        Raises:
            OSError: it cannot be read.
            ValueError: it is damaged, or of another run.
        """
        return read_start(self._checkpoints, self._config, self.identity)

    def save(
        self, checkpoint: Checkpoint, metrics: Mapping[str, Mapping[str, Any]]
    ) -> None:
        """Writes a checkpoint; what describes the run only if it changed.

        Args:
            checkpoint: within the first phase, or after a phase: then its
                state holds `phases_done`.
            metrics: numbers of the phases that are done.

        Raises:
            OSError: it cannot be written.
        """
        state = {
            **self.identity,
            "phases_done": 0,
            "metrics": metrics,
            **checkpoint.state,
        }
        if state["phases_done"] or not self.has_written:
            # Before: what a kill leaves undone, the next start does again.
            self._describe(metrics)
        self._checkpoints.save(Checkpoint(checkpoint.arrays, state))
        if not self.has_written:
            # Of an earlier run: what it made is not this detector's.
            self._forget_results()
        self.has_written = True

    def _forget_results(self) -> None:
        if self.has_model:
            _logger.warning(
                "The earlier model in %s is deleted: it is not of this run.",
                self.model_dir,
            )
        storage.delete_result(self.model_dir, MODEL_MARKER)
        folder = glob.escape(self._output_dir)
        pattern = os.path.join(folder, _REPORTS, _REPORT_MARKER)
        for marker in storage.glob_files(pattern):
            storage.delete_result(os.path.dirname(marker), _REPORT_MARKER)

    def _describe(self, metrics: Mapping[str, Mapping[str, Any]]) -> None:
        for name, content in (
            (CONFIG_FILE, self._description),
            (_METRICS_FILE, metrics),
        ):
            text = json.dumps(content, indent=1) + "\n"
            storage.write_text(self._path(name), text)

    def _path(self, name: str) -> str:
        return os.path.join(self._output_dir, name)
