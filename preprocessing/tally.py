"""Rows, labels and statistics of what was written, split by split."""

import dataclasses

import numpy as np

from preprocessing.segments import Segment
from trainer.schema import Split
from trainer.statistics.columns import ColumnStatistics

__all__ = ["SplitTally"]

# Rows gathered for a statistics batch: short sequences one by one are slow.
_STATISTICS_ROWS = 1 << 14


class SplitTally:
    """Counts segments as they are written; their halos count once."""

    def __init__(self, num_features: int, has_whole_series: bool) -> None:
        """Starts with nothing.

        Args:
            num_features: columns of the segments.
            has_whole_series: each segment is a series of its own.
        """
        self._has_whole_series = has_whole_series
        self._statistics = ColumnStatistics.empty(num_features)
        self._pending: list[np.ndarray] = []
        self._num_pending = 0
        self.splits: dict[str, Split] = {}
        self.series_ids: dict[str, set[str]] = {}

    def open(self, split: str, shard: str) -> None:
        """Takes note of a new shard."""
        self.splits[split] = Split(shards=(shard,))
        self.series_ids[split] = set()

    def add(self, segment: Segment) -> None:
        """Counts a segment of an open split."""
        self._count(segment)
        if segment.split != "train":
            return
        self._pending.append(segment.values[segment.halo :])
        self._num_pending += len(segment.values) - segment.halo
        if self._num_pending >= _STATISTICS_ROWS:
            self.statistics()

    def statistics(self) -> ColumnStatistics:
        """Statistics of all train rows so far."""
        if self._pending:
            values = (
                self._pending[0]
                if len(self._pending) == 1
                else np.concatenate(self._pending)
            )
            batch = ColumnStatistics.from_batch(values)
            self._statistics = self._statistics.merge(batch)
        self._pending, self._num_pending = [], 0
        return self._statistics

    def _count(self, segment: Segment) -> None:
        is_whole = self._has_whole_series
        if not is_whole:
            self.series_ids[segment.split].add(segment.series_id)
        rows = len(segment.values) - segment.halo
        if segment.sequence_label is not None:
            labels = np.array([segment.sequence_label])
        elif segment.labels is not None:
            labels = segment.labels[segment.halo :]
        else:
            labels = np.full(1 if is_whole else rows, -1)
        unknown, normal, anomalous = np.bincount(labels + 1, minlength=3)
        before = self.splits[segment.split]
        self.splits[segment.split] = dataclasses.replace(
            before,
            rows=before.rows + rows,
            series=before.series + is_whole,
            normal=before.normal + int(normal),
            anomalous=before.anomalous + int(anomalous),
            unknown=before.unknown + int(unknown),
        )
