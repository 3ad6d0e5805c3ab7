"""Each phase of a run on its splits."""

import functools
import logging
from collections.abc import Mapping
from typing import Any

from trainer.command_line import Config
from trainer.config import PHASES, load
from trainer.dataset import Windows
from trainer.detector import Detector
from trainer.metric_lines import MetricLines
from trainer.phases import (
    alarm_check,
    closed_form,
    error_statistics,
    reconstruction,
    threshold_tuning,
)
from trainer.progress import TrainingProgress, progress_bar
from trainer.recovery import Recovery
from trainer.schema import Schema
from trainer.tensorboard import TrainingLogs
from trainer.thresholds import RULES
from trainer.thresholds.wanted_alarms import WantedAlarms
from trainer.training_data import TrainingData
from trainer.tuning_metric import TuningMetric
from trainer.workers import Workers

__all__ = ["PhaseRuns"]

_logger = logging.getLogger(__name__)


class PhaseRuns:
    """Gives each phase its splits, settings and progress bar.

    Each method returns numbers for metrics.json.

    Args:
        config: resolved.
        schema: of the data set.
        data: its windows.
        workers: who trains together.
        logs: for TensorBoard.
        reports_metric: whether a tuning service waits for the metric.
    """

    def __init__(
        self,
        config: Config,
        schema: Schema,
        data: TrainingData,
        workers: Workers,
        logs: TrainingLogs,
        reports_metric: bool,
    ):
        self._config = config
        self._settings = config.run
        self._schema = schema
        self._data = data
        self._workers = workers
        self._logs = logs
        self._reports_metric = reports_metric
        self._is_jitted = config.run.driver != "graph"

    def reconstruction(
        self, detector: Detector, recovery: Recovery
    ) -> dict[str, Any]:
        """Learns the network's weights, by steps or in one pass."""
        self._check_series()
        if detector.network.is_closed_form:
            return self._closed_form(detector)
        validation = self._data.learning_windows("validation")
        train = self._data.learning_windows("train", self._settings.stride)
        lines = self._metric_lines(train)
        numbers = reconstruction.run(
            detector,
            train,
            validation,
            self._settings,
            [*self._callbacks(train), *lines],
            self._workers,
            recovery,
            self._logs,
            self._reports_metric,
        )
        for each in lines:
            each.tell_last()
        return numbers

    def _metric_lines(self, train: Windows) -> list[MetricLines]:
        if not (self._settings.metric_lines and self._workers.is_chief):
            return []
        valid = self._data.metric_windows(self._settings.stride)
        return [MetricLines(train, valid)]

    def _closed_form(self, detector: Detector) -> dict[str, Any]:
        num_rows = self._schema.splits["train"].rows
        share = num_rows // self._workers.num_workers
        stream = functools.partial(
            self._data.stream, share=self._workers.position
        )
        with progress_bar("statistics of train", share, PHASES[0]) as advance:
            numbers = closed_form.run(
                detector,
                stream("train", self._settings.stride),
                functools.partial(stream, "validation", 1),
                advance,
                self._workers,
                self._logs,
            )
        self.report_metric(numbers)
        return numbers

    def report_metric(self, numbers: Mapping[str, Any]) -> None:
        """Reports the first phase's metric, where a service waits for it."""
        if not self._reports_metric:
            return
        if "watched" not in numbers:
            _logger.warning(
                "Nothing is reported to the tuning service: the validation "
                "split holds no window."
            )
            return
        watched = numbers["watched"]
        TuningMetric(watched).report(numbers[watched], numbers["epochs"])

    def _check_series(self) -> None:
        missing = self._data.missing_series("train")
        if missing:
            raise ValueError(
                "`series` must name series of the train split. Received: "
                f"{', '.join(missing)}, which it does not hold. The "
                "table of preprocessing counts them; ids are those of the "
                "input."
            )

    def error_statistics(self, detector: Detector) -> dict[str, Any]:
        """Learns how large errors are on normal data."""
        if not detector.scorer.num_passes:
            detector.start_phase("reconstruction", PHASES[0])
            detector.finish_phase("statistics")
            return {"split": "statistics"}
        split = self._data.calibration_split("statistics")
        windows = self._data.normal_windows(split)
        passes = detector.scorer.num_passes
        with self._progress(
            PHASES[1], "error statistics", windows, passes
        ) as advance:
            return {"split": split} | error_statistics.run(
                detector, windows, advance, self._is_jitted, self._workers
            )

    def threshold_tuning(self, detector: Detector) -> dict[str, Any]:
        """Chooses thresholds, and counts their alarms on other data."""
        split = self._data.calibration_split("tuning")
        windows = self._data.windows(split)
        kinds = {
            None: ("threshold_rule", "label_free_threshold_rule"),
            True: ("threshold_rule",),
            False: ("label_free_threshold_rule",),
        }
        rules = {
            getattr(self._settings, kind): _rule(self._config, kind)
            for kind in kinds[self._settings.uses_labels]
        }
        steps_per_day = self._schema.steps_per_day
        with self._progress(PHASES[2], "thresholds", windows) as advance:
            numbers = {"split": split, "windows": len(windows)} | (
                threshold_tuning.run(
                    detector,
                    windows,
                    rules,
                    advance,
                    self._is_jitted,
                    self._workers,
                    self._logs,
                    steps_per_day,
                    self._settings.given_thresholds,
                )
            )
        self._note_unused_wish(numbers)
        unseen = self._data.windows("validation")
        if not len(unseen):
            return numbers
        with self._progress(PHASES[2], "alarm rate", unseen) as advance:
            alarms = alarm_check.run(
                detector,
                unseen,
                advance,
                self._is_jitted,
                self._workers,
                steps_per_day,
                {
                    view: rules[numbers[f"{view}_rule"]]
                    for view in detector.views
                    if numbers[f"{view}_rule"] in rules
                },
            )
        return numbers | {"alarms_on_unseen": "validation"} | alarms

    def _note_unused_wish(self, numbers: Mapping[str, Any]) -> None:
        """Says where labels made a wanted rate of alarms meaningless."""
        settings = self._config.label_free_threshold_rule
        chosen = self._settings.threshold_rule
        is_wanted = isinstance(settings, WantedAlarms) and (
            settings.alarms_per_day or settings.alarms_per_1000_steps
        )
        needs_labels = load(RULES, chosen, "threshold rule").needs_labels
        if is_wanted and needs_labels and chosen in numbers.values():
            _logger.warning(
                "The wanted rate of alarms has no effect: the tuning split has "
                "labels of both classes, so the rule is %s. For the rate add "
                "--threshold_rule=%s.",
                chosen,
                self._settings.label_free_threshold_rule,
            )

    def _progress(
        self, phase: str, text: str, windows: Windows, num_passes: int = 1
    ) -> Any:
        """A bar over this worker's share."""
        share = self._workers.share(windows.starts)
        return progress_bar(text, num_passes * len(share), phase)

    def _callbacks(self, train: Windows) -> list[Any]:
        if not self._workers.is_chief:
            return []
        steps = -(-len(train) // self._settings.batch_size)
        return [
            TrainingProgress(
                steps, self._settings.epochs, self._settings.max_steps
            )
        ]


def _rule(config: Config, kind: str) -> Any:
    rule = load(RULES, getattr(config.run, kind), "threshold rule")
    return rule(getattr(config, kind))
