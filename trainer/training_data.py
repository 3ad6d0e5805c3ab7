"""The windows that a run learns from, split by split."""

import functools
import logging
from collections.abc import Iterator

import numpy as np

from trainer.config import RunSettings
from trainer.dataset import Windows, check_window_length, load_windows
from trainer.metric_input import read_metric_windows
from trainer.record_stream import stream_windows
from trainer.runs import read_records
from trainer.schema import Schema

__all__ = ["TrainingData"]

# Fewer steps make poor statistics: train's are used instead.
_MINIMUM_CALIBRATION_STEPS = 100

_logger = logging.getLogger(__name__)


class TrainingData:
    """Reads each split once, when it is first asked for.

    Args:
        settings: data_dir and series.
        schema: of the data set.
        learning_length: time steps of the windows that the network learns
            from.
        scoring_length: time steps of the windows that are scored.
        scoring_stride: time steps between those.
    """

    def __init__(
        self,
        settings: RunSettings,
        schema: Schema,
        learning_length: int,
        scoring_length: int,
        scoring_stride: int,
    ):
        self._settings = settings
        self._schema = schema
        self._learning_length = learning_length
        self._scoring_length = scoring_length
        self._scoring_stride = scoring_stride
        self._read_once = functools.cache(self._read_windows)

    def windows(self, split: str) -> Windows:
        """All windows of a split, to be scored."""
        return self._read_once(split, self._scoring_length, self.stride)

    @property
    def stride(self) -> int:
        """Time steps between the windows of a series that are scored."""
        # A sequence is one window.
        is_sequence = self._schema.label_kind == "sequence"
        return 1 if is_sequence else self._scoring_stride

    def _read_windows(self, split: str, length: int, stride: int) -> Windows:
        windows = load_windows(
            self._settings.data_dir,
            self._schema,
            split,
            length,
            stride,
            self._settings.series,
        )
        if windows.num_short_runs:
            _logger.warning(
                "%s: %d stretches without a gap are shorter than the %d rows "
                "of a window and left out.",
                split,
                windows.num_short_runs,
                windows.window_length,
            )
        return windows

    def normal_windows(self, split: str) -> Windows:
        """Windows to be scored without a known anomaly in them."""
        return self._normal(split, self.windows(split))

    def learning_windows(self, split: str, stride: int = 1) -> Windows:
        """Windows to learn from: no known anomaly in them."""
        windows = self._read_once(split, self._learning_length, stride)
        return self._normal(split, windows)

    def _normal(self, split: str, windows: Windows) -> Windows:
        normal = windows.without_anomalies()
        if len(normal) < len(windows):
            _logger.warning(
                "%s: left out as labelled anomalous: %d of %d windows.",
                split,
                len(windows) - len(normal),
                len(windows),
            )
        return normal

    def metric_windows(self, stride: int) -> Windows | None:
        """Windows of files whose errors are only told; None = of no files."""
        pattern = self._settings.metric_input
        if not pattern:
            return None
        return read_metric_windows(
            pattern, self._schema, self._learning_length, stride
        )

    def missing_series(self, split: str) -> list[str]:
        """Series that were asked for, and that the split does not hold."""
        asked = set(self._settings.series)
        if not asked:
            return []
        records = read_records(
            self._settings.data_dir, self._schema, split, self._settings.series
        )
        return sorted(asked - {run.series_id for run, _, _ in records})

    def stream(
        self, split: str, stride: int, share: tuple[int, int]
    ) -> Iterator[np.ndarray]:
        """The normal windows in batches, read once and not kept.

        Args:
            split: name of the split.
            stride: time steps between windows.
            share: number of this worker, and of all workers.

        Raises:
            ValueError: the window is longer than the stored context.
        """
        check_window_length(self._learning_length, self._schema)
        return stream_windows(
            self._settings.data_dir,
            self._schema,
            split,
            self._learning_length,
            stride,
            self._settings.series,
            share,
        )

    def calibration_split(self, split: str) -> str:
        """`split`, or train where it is too small; says so."""
        windows = self.windows(split)
        is_whole = self._schema.label_kind == "sequence"
        each = windows.window_length if is_whole else self.stride
        num_steps = len(windows) * each
        if num_steps >= _MINIMUM_CALIBRATION_STEPS:
            return split
        _logger.warning(
            "%s has %d steps to calibrate on, fewer than %d: the train split "
            "is used, so errors look smaller than they are.",
            split,
            num_steps,
            _MINIMUM_CALIBRATION_STEPS,
        )
        return "train"
