"""Scores blocks of many series as a reader yields them."""

import itertools
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from inference.results import StepScores, joined, unscored
from inference.scoring import CellCounts, LoadedDetector, State
from preprocessing.gaps import breaks_in, longest_step, period_of
from preprocessing.readers.base import Block

__all__ = ["ScoredBlock", "score_blocks"]

ROWS_AT_ONCE = 65_536


class ScoredBlock(NamedTuple):
    """Consecutive rows of one series with their scores.

    Attributes:
        series_id: which series.
        first_row: number of the first row in its series.
        scores: of one view.
        counts: cells without a measurement.
        longest_stretch: rows without a gap, at most, that end in this block;
            rows of earlier blocks are counted.
        timestamps: `[time]` int64 microseconds; None = no timestamps.
    """

    series_id: str
    first_row: int
    scores: StepScores
    counts: CellCounts
    longest_stretch: int
    timestamps: np.ndarray | None = None


class _Memory(NamedTuple):
    """What is known of a series after some of its blocks."""

    state: State
    num_rows: int = 0
    num_unbroken: int = 0
    timestamp: int | None = None
    period_seconds: float = 0.0


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
    if detector.is_offline and not are_whole:
        blocks = _whole_series(blocks)
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
    memories: dict[str, _Memory] = {}
    for block in blocks:
        memory = memories.get(block.series_id) or _Memory(detector.start())
        scored, memory = _score_block(detector, block, view, memory)
        memories[block.series_id] = memory
        yield scored


def _score_block(
    detector: LoadedDetector, block: Block, view: str, memory: _Memory
) -> tuple[ScoredBlock, _Memory]:
    values, counts = detector.clean(block.values)
    period = memory.period_seconds or period_of(block.timestamps)
    timestamp, edges = memory.timestamp, []
    if block.timestamps is not None:
        usual = detector.schema.get("sampling_period_seconds", 0.0)
        longest = longest_step(period or float(usual))
        edges = breaks_in(block.timestamps, timestamp, longest)
        timestamp = int(block.timestamps[-1])
    state, num_unbroken = memory.state, memory.num_unbroken
    parts, stretches = [], []
    for start, stop in itertools.pairwise([0, *edges, len(values)]):
        if start or edges[:1] == [0]:
            # No window may span a gap.
            state, num_unbroken = detector.start(), 0
        if stop > start:
            scores, state = detector.score_rows(values[start:stop], state)
            parts.append(scores[view])
            num_unbroken += stop - start
            stretches.append(num_unbroken)
    scored = ScoredBlock(
        block.series_id,
        memory.num_rows,
        joined(parts),
        counts,
        max(stretches),
        block.timestamps,
    )
    num_rows = memory.num_rows + len(values)
    return scored, _Memory(state, num_rows, num_unbroken, timestamp, period)


def _whole_series(blocks: Iterable[Block]) -> Iterator[Block]:
    parts: dict[str, list[Block]] = {}
    for block in blocks:
        parts.setdefault(block.series_id, []).append(block)
    for series_id, some in parts.items():
        timestamps = None
        if some[0].timestamps is not None:
            timestamps = np.concatenate([block.timestamps for block in some])
        values = np.concatenate([block.values for block in some])
        yield Block(series_id, values, timestamps=timestamps)


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
        yield ScoredBlock(block.series_id, 0, result, counts, len(values))
