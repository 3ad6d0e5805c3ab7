"""Windows of a split, read once, record by record: larger than memory."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from trainer.runs import Run, read_records
from trainer.schema import Schema

__all__ = ["stream_windows"]

_WINDOWS_A_BATCH = 4096


class _Rows(NamedTuple):
    """Unbroken rows of a series.

    Attributes:
        start: number of the first row in its series.
        values: `[time, feature]`.
        is_anomalous: `[time]` bool, labelled 1.
        continues: whether the row before the first one may be there too.
    """

    start: int
    values: np.ndarray
    is_anomalous: np.ndarray
    continues: bool = False

    def part(self, begin: int, stop: int | None = None) -> "_Rows":
        """Some of the rows, counted from the first."""
        chosen = slice(max(0, begin), stop)
        return _Rows(
            self.start + chosen.start,
            self.values[chosen],
            self.is_anomalous[chosen],
            self.continues,
        )


def stream_windows(
    data_dir: str,
    schema: Schema,
    split: str,
    window_length: int,
    stride: int = 1,
    series: Sequence[str] = (),
    share: tuple[int, int] = (0, 1),
) -> Iterator[np.ndarray]:
    """Yields batches of windows in which no step is labelled anomalous.

    The same windows as `dataset.load_windows(...).without_anomalies()`, in
    the order of the files. In memory are one record, one batch, and the last
    `window_length - 1` rows of each record: a series that goes on in another
    file has windows that span both.

    Args:
        data_dir: folder that preprocessing wrote.
        schema: its schema.
        split: name of the split.
        window_length: time steps a window.
        stride: time steps between windows, counted from row 0 of a series.
        series: ids to read; empty = all.
        share: number of this worker and of all workers; each reads all
            records and yields windows of its own.

    Yields:
        `[window, time, feature]` schema dtype.

    Raises:
        OSError: a bucket cannot be read.
        ValueError: a file is missing or damaged.
    """
    pieces = _pieces(data_dir, schema, split, window_length, series, share)
    waiting: list[np.ndarray] = []
    num_waiting = 0
    for rows in pieces:
        windows, starts = _normal_windows(rows, window_length, stride)
        for begin in range(0, len(starts), _WINDOWS_A_BATCH):
            # A copy of some: all of a long record would be many times it.
            waiting.append(windows[starts[begin : begin + _WINDOWS_A_BATCH]])
            num_waiting += len(waiting[-1])
            if num_waiting >= _WINDOWS_A_BATCH:
                yield np.concatenate(waiting)
                waiting, num_waiting = [], 0
    if num_waiting:
        yield np.concatenate(waiting)


def _pieces(
    data_dir: str,
    schema: Schema,
    split: str,
    window_length: int,
    series: Sequence[str],
    share: tuple[int, int],
) -> Iterator[_Rows]:
    """Rows whose windows are this share's windows of the split, once each."""
    num_before = window_length - 1
    worker, num_workers = share
    # By series and the number of the row that follows, or of the first one.
    tails: dict[tuple[str, int], _Rows] = {}
    heads: dict[tuple[str, int], _Rows] = {}
    records = read_records(data_dir, schema, split, series)
    for number, (run, halo, follows_gap) in enumerate(records):
        rows = _Rows(run.start, run.values, _is_anomalous(run), not follows_gap)
        if number % num_workers == worker:
            yield rows.part(halo - num_before)
        if schema.label_kind == "sequence" or worker:
            continue
        own = rows.part(halo)
        stop = own.start + len(own.values)
        # Copies, or whole records would stay in memory.
        tail = own.part(len(own.values) - num_before)
        tails[run.series_id, stop] = _copied(tail)
        if halo < num_before and own.start and own.continues:
            head = own.part(0, num_before - halo)
            heads[run.series_id, own.start] = _copied(head)
    for (series_id, _), head in heads.items():
        joined = head
        while len(joined.values) < len(head.values) + num_before:
            tail = tails.get((series_id, joined.start))
            if tail is None or not joined.continues:
                break
            missing = len(head.values) + num_before - len(joined.values)
            joined = _joined(tail.part(len(tail.values) - missing), joined)
        if joined is not head:
            yield joined


def _joined(first: _Rows, second: _Rows) -> _Rows:
    return _Rows(
        first.start,
        np.concatenate([first.values, second.values]),
        np.concatenate([first.is_anomalous, second.is_anomalous]),
        first.continues,
    )


def _copied(rows: _Rows) -> _Rows:
    return rows._replace(
        values=rows.values.copy(), is_anomalous=rows.is_anomalous.copy()
    )


def _is_anomalous(run: Run) -> np.ndarray:
    if run.sequence_label is not None:
        return np.full(len(run.values), run.sequence_label == 1)
    if run.labels is not None:
        return run.labels == 1
    return np.zeros(len(run.values), bool)


def _normal_windows(
    rows: _Rows, window_length: int, stride: int
) -> tuple[np.ndarray, np.ndarray]:
    """All windows as a view, and which of them are wanted."""
    num_windows = len(rows.values) - window_length + 1
    if num_windows <= 0:
        return rows.values, np.zeros(0, np.int64)
    starts = np.arange(-rows.start % stride, num_windows, stride)
    num_before = np.concatenate([[0], np.cumsum(rows.is_anomalous)])
    has_anomaly = num_before[starts + window_length] > num_before[starts]
    windows = np.lib.stride_tricks.sliding_window_view(
        rows.values, window_length, axis=0
    )
    return np.swapaxes(windows, 1, 2), starts[~has_anomaly]
