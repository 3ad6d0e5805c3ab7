"""One training run: its data, its phases, its folder."""

import contextlib
import datetime
import functools
import json
import logging
import shlex
from typing import Any

import keras
import numpy as np

from trainer import result_table, variables
from trainer.arrays import in_order, numbered
from trainer.checkpoints import Checkpoint
from trainer.command_line import Config
from trainer.config import PHASES
from trainer.detector import Detector
from trainer.export import export
from trainer.phase_runs import PhaseRuns
from trainer.preemption import Preemption
from trainer.recovery import Recovery
from trainer.resuming import differing
from trainer.run_folder import RunFolder
from trainer.schema import Schema
from trainer.tensorboard import TrainingLogs
from trainer.training_data import TrainingData
from trainer.workers import LOST_WORKER_ERRORS, Workers

__all__ = ["Training"]

_SAMPLE_WINDOWS = 64

_logger = logging.getLogger(__name__)


class Training:
    """Runs the phases that a configuration asks for, or what is left of them.

    Args:
        config: resolved.
        schema: of the data set.
        command: the command line, kept with the result.
        workers: who trains together; all run the same.
        preemption: requests to end.
        reports_metric: whether a tuning service waits for the metric.
    """

    def __init__(
        self,
        config: Config,
        schema: Schema,
        command: str,
        workers: Workers,
        preemption: Preemption,
        reports_metric: bool = False,
    ):
        self._config = config
        self._settings = config.run
        self._schema = schema
        self._workers = workers
        self._preemption = preemption
        self._reports_metric = reports_metric and workers.is_chief
        self._folder = RunFolder(config, schema.hash(), command)
        is_logged = config.run.tensorboard and workers.is_chief
        self._logs = TrainingLogs(self._folder.log_dir if is_logged else "")
        self._metrics: dict[str, Any] = {}
        self._is_done = False

    def run(self) -> None:
        """Runs the phases; the last of the three exports the model.

        Raises:
            OSError: a file cannot be read or written.
            ValueError: the data or the order of phases is wrong, or what
                `output_dir` holds is of another run.
        """
        with contextlib.closing(self._logs), contextlib.ExitStack() as stack:
            if self._workers.num_workers > 1:
                # The others must hear of it, which needs an exchange.
                stack.enter_context(self._preemption.deferred())
            with self._workers.strategy.scope():
                detector = self._run_phases()
            try:
                self._workers.from_chief(lambda: self._export_if_due(detector))
            except LOST_WORKER_ERRORS:
                if not self._is_done:
                    raise
                _logger.warning(
                    "Another worker is gone, after its last work: nothing is "
                    "missing."
                )
        if self._workers.is_chief:
            result_table.show(self._metrics, self._settings.log_format)
            if not self._settings.reports_itself:
                _logger.info("Next: %s", self._next_step())

    def _next_step(self) -> str:
        """What people do after this command."""
        mode = self._settings.training_mode
        if mode not in ("all", PHASES[-1]):
            following = PHASES[PHASES.index(mode) + 1]
            files = ""
            if self._settings.train_file_pattern:
                files = " and the files of that phase"
            return f"this command with --training_mode={following}{files}"
        model = f"--model={self._folder.model_dir}"
        command = ["python", "-m", "evaluation.report", model]
        if self._schema.splits["test"].rows:
            return shlex.join([*command, f"--data={self._settings.data_dir}"])
        command[2] = "inference.predict"
        return shlex.join([*command, "--input=FILES", "--output=scores.csv"])

    def _run_phases(self) -> Detector:
        self._check_same_run()
        start = self._start()
        num_done = start.state["phases_done"] if start else 0
        keras.utils.set_random_seed(self._settings.seed)
        detector = Detector(
            self._schema.to_json(), self._config.detector_config()
        )
        self._data = TrainingData(
            self._settings,
            self._schema,
            detector.learning_length,
            detector.scoring_length,
            detector.stride,
        )
        steps = PhaseRuns(
            self._config,
            self._schema,
            self._data,
            self._workers,
            self._logs,
            self._reports_metric,
        )
        if num_done:
            arrays = in_order("variable", start.arrays)
            variables.assign(detector.state_variables, arrays)
            self._metrics = dict(start.state["metrics"])
            # Its file may have gone.
            steps.report_metric(self._metrics[PHASES[0]])
        phases = self._phases_left(num_done)
        if not phases and not self._is_export_due:
            _logger.info(
                "All that this command asks for is done already. To train "
                "anew, add --resume=false."
            )
        run_phase = {
            PHASES[0]: functools.partial(
                steps.reconstruction, recovery=self._recovery(start)
            ),
            PHASES[1]: steps.error_statistics,
            PHASES[2]: steps.threshold_tuning,
        }
        num_series = self._schema.splits["train"].series
        is_pooled = self._schema.label_kind != "sequence" and num_series > 1
        if phases and is_pooled and not self._settings.series:
            _logger.info(
                "One detector for all %d series. For one each: --series=ID, "
                "or python -m evaluation.compare.",
                num_series,
            )
        for phase in phases:
            _logger.info("Phase %s", phase, extra={"fields": {"phase": phase}})
            for stale in PHASES[PHASES.index(phase) :]:
                self._metrics.pop(stale, None)
            with self._safe_to_end(phase, detector.network.is_closed_form):
                self._metrics[phase] = run_phase[phase](detector)
                self._save_phase(detector, PHASES.index(phase) + 1)
        return detector

    def _check_same_run(self) -> None:
        """Raises ValueError where workers were started otherwise."""
        text = json.dumps(self._folder.identity, sort_keys=True).encode()
        told = self._workers.gather({"run": np.frombuffer(text, np.uint8)})
        runs = [json.loads(each["run"].tobytes()) for each in told]
        for index, run in enumerate(runs):
            if run != runs[0]:
                words = "by the chief", f"by worker {index + 1} of {len(runs)}"
                told = differing(runs[0]["settings"], run["settings"], *words)
                raise ValueError(
                    "All workers must be started with the same command and "
                    "data set. Received: other values of "
                    f"{told or '`data_dir`'}. Start all of them with the "
                    "chief's."
                )

    def _safe_to_end(
        self, phase: str, is_closed_form: bool
    ) -> contextlib.AbstractContextManager:
        """Training saves before it ends; single passes begin anew."""
        if phase == PHASES[0] and not is_closed_form:
            return self._preemption.deferred()
        return contextlib.nullcontext()

    @property
    def has_written(self) -> bool:
        """Whether this process has saved something to go on from."""
        return self._folder.has_written

    def _phases_left(self, num_done: int) -> list[str]:
        if not self._settings.begins_at_first_phase:
            return [self._settings.training_mode]
        asked_for = (
            PHASES if self._settings.training_mode == "all" else PHASES[:1]
        )
        return list(asked_for[num_done:])

    def _start(self) -> Checkpoint | None:
        """The checkpoint to go on from, the same on all workers."""

        def read() -> dict[str, np.ndarray]:
            start = self._folder.start()
            return start.packed() if start else {}

        arrays = self._workers.from_chief(read)
        return Checkpoint.unpacked(arrays) if arrays else None

    def _save(self, checkpoint: Checkpoint) -> None:
        self._folder.save(checkpoint, self._metrics)

    def _recovery(self, start: Checkpoint | None) -> Recovery:
        return Recovery(
            save=self._save if self._workers.is_chief else None,
            start=start,
            seconds=self._settings.checkpoint_seconds,
            preemption=self._preemption,
        )

    def _save_phase(self, detector: Detector, num_done: int) -> None:
        arrays = variables.read(detector.state_variables)
        checkpoint = Checkpoint(
            numbered("variable", arrays), {"phases_done": num_done}
        )
        self._workers.from_chief(functools.partial(self._save, checkpoint))

    @property
    def _is_export_due(self) -> bool:
        """Whether this is the last phase, and its model is still missing."""
        is_last = self._settings.training_mode in ("all", PHASES[-1])
        is_there = self._folder.has_model and not self._folder.has_written
        return is_last and not is_there

    def _export_if_due(self, detector: Detector) -> None:
        """Exports after the last phase, unless an earlier process did."""
        if self._is_export_due:
            self._export(detector)
        self._is_done = True

    def _export(self, detector: Detector) -> None:
        # A copy: of one replica, as SavedModels can hold it, and without the
        # optimizer, which a resumed run no longer has.
        arrays = variables.read(detector.state_variables)
        detector = Detector(
            detector.schema_text, self._config.detector_config()
        )
        variables.assign(detector.state_variables, arrays)
        _logger.info("Exporting the model")
        now = datetime.datetime.now(datetime.UTC)
        statistics, tuning = (self._metrics[phase] for phase in PHASES[1:])
        origin = {
            "learned": self._metrics,
            "settings": self._config.identity(),
            "series": self._settings.series,
            "calibration": {
                "statistics": statistics["split"],
                "tuning": tuning["split"],
                "rule": " and ".join(
                    dict.fromkeys(
                        tuning[f"{view}_rule"] for view in detector.views
                    )
                ),
            },
        }
        windows = self._data.windows(tuning["split"])
        sample = windows.sample(_SAMPLE_WINDOWS)
        # As long as served ones: repeated where the phases read shorter ones.
        rows = np.arange(detector.window_length) % sample.shape[1]
        sample = sample[:, rows]
        version = now.strftime("%Y%m%dT%H%M%SZ")
        export(
            detector,
            self._folder.model_dir,
            version,
            sample,
            origin,
            self._settings.fusion,
        )
        _logger.info("Model written to %s", self._folder.model_dir)
