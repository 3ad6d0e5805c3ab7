"""Reports the watched value of a tuning trial to the tuning service."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
from hypertune import HyperTune

__all__ = ["TuningMetric"]


class TuningMetric(keras.callbacks.Callback):
    """Reports the best value so far after each epoch.

    The service takes the last value that a trial reports, unless told
    otherwise; the weights that are kept are those of the best epoch.

    Args:
        watched: name of the value, smaller = better; also the metric's name
            in the tuning job.

    References:
        Google Cloud, Vertex AI API, `StudySpec.MeasurementSelectionType`:
        unspecified is LAST_MEASUREMENT.
    """

    def __init__(self, watched: str):
        super().__init__()
        self._watched = watched
        self._best = math.inf
        self._epoch = 0
        # It reads the file's path and the trial from the environment itself.
        self._service = HyperTune()

    def on_epoch_end(self, epoch, logs=None):
        """Reports under the number of the epoch, from 1 on."""
        # NaN is never the smaller of the two.
        best = min(self._best, float(logs[self._watched]))
        self.report(best, epoch + 1)

    def report(self, best: float, epoch: int) -> None:
        """Reports a best value, which later epochs have to beat.

        Args:
            best: of the watched values so far; infinite = there is none,
                and nothing is reported.
            epoch: number of epochs so far.
        """
        self._best, self._epoch = best, epoch
        if math.isfinite(best):
            self._service.report_hyperparameter_tuning_metric(
                self._watched, best, epoch
            )

    def get_state(self) -> tuple[list[np.ndarray], dict[str, Any]]:
        """No arrays; the best value so far and its epoch."""
        return [], {"best": self._best, "epoch": self._epoch}

    def set_state(
        self, arrays: Sequence[np.ndarray], state: Mapping[str, Any]
    ) -> None:
        """Takes over what `get_state` gave, and reports it again.

        The file that the service reads may have gone with the machine.
        """
        self.report(state["best"], state["epoch"])
