"""Scores blocks of many series as a reader yields them."""

import itertools
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from inference.results import StepScores, joined, unscored
from inference.scoring import CellCounts, LoadedDetector, State
from preprocessing.readers.base import Block

__all__ = ["ScoredBlock", "score_blocks"]

GAP_PERIODS = 5
ROWS_AT_ONCE = 65_536


class ScoredBlock(NamedTuple):
    """Consecutive rows of one series with their scores.

    Attributes:
        series_id: which series.
        first_row: number of the first row in its series.
        scores: of one view.
        counts: cells without a measurement.
    """

    series_id: str
    first_row: int
    scores: StepScores
    counts: CellCounts


class _Memory(NamedTuple):
    state: State
    num_rows: int
    timestamp: int | None


def score_blocks(
    detector: LoadedDetector,
    blocks: Iterable[Block],
    view: str,
    are_whole: bool,
) -> Iterator[ScoredBlock]:
    """Scores the blocks of files that share series, in order.

    Args:
        detector: scores them.
        blocks: rows of each series in order.
        view: one of the detector's views.
        are_whole: each block is a whole series.

    Raises:
        ValueError: the number of features differs.
    """
    if not detector.takes_sequences:
        yield from _score_long(detector, blocks, view)
        return
    if not are_whole:
        blocks = _whole_series(blocks)
    blocks = iter(blocks)
    blocks_at_once = max(1, ROWS_AT_ONCE // detector.window_length)
    while batch := list(itertools.islice(blocks, blocks_at_once)):
        yield from _score_sequences(detector, batch, view)


def _score_long(
    detector: LoadedDetector, blocks: Iterable[Block], view: str
) -> Iterator[ScoredBlock]:
    period = float(detector.schema.get("sampling_period_seconds", 0.0))
    memories: dict[str, _Memory] = {}
    for block in blocks:
        memory = memories.get(block.series_id)
        if memory is None:
            memory = _Memory(detector.start(), 0, None)
        values, counts = detector.clean(block.values)
        first_row, state = memory.num_rows, memory.state
        parts = []
        edges = _gaps(block.timestamps, memory.timestamp, period)
        for start, stop in itertools.pairwise([0, *edges, len(values)]):
            # No window may span a gap.
            state = detector.start() if start in edges else state
            if stop > start:
                scores, state = detector.score_rows(values[start:stop], state)
                parts.append(scores[view])
        times = block.timestamps
        memories[block.series_id] = _Memory(
            state,
            first_row + len(values),
            memory.timestamp if times is None else int(times[-1]),
        )
        yield ScoredBlock(block.series_id, first_row, joined(parts), counts)


def _gaps(
    timestamps: np.ndarray | None, before: int | None, period_seconds: float
) -> list[int]:
    """Positions of the rows that follow a gap."""
    if timestamps is None or not period_seconds:
        return []
    first = timestamps[0] if before is None else before
    passed = np.diff(timestamps, prepend=first)
    limit = GAP_PERIODS * period_seconds * 1e6
    return np.flatnonzero(passed > limit).tolist()


def _whole_series(blocks: Iterable[Block]) -> Iterator[Block]:
    parts: dict[str, list[np.ndarray]] = {}
    for block in blocks:
        parts.setdefault(block.series_id, []).append(block.values)
    for series_id, values in parts.items():
        yield Block(series_id, np.concatenate(values))


def _score_sequences(
    detector: LoadedDetector, blocks: list[Block], view: str
) -> Iterator[ScoredBlock]:
    cleaned = [detector.clean(block.values) for block in blocks]
    fitting = [
        position
        for position, (values, _) in enumerate(cleaned)
        if not detector.why_not(len(values))
    ]
    row_of = {position: row for row, position in enumerate(fitting)}
    if fitting:
        stacked = np.stack([cleaned[position][0] for position in fitting])
        scores = detector.score_sequences(stacked)[view]
    for position, (block, (values, counts)) in enumerate(
        zip(blocks, cleaned, strict=True)
    ):
        if position in row_of:
            row = row_of[position]
            result = StepScores(*(array[row] for array in scores))
        else:
            result = unscored(len(values), len(detector.scored_names))
        yield ScoredBlock(block.series_id, 0, result, counts)
