"""Reads a split, scores it, and says how good the scores are."""

from collections.abc import Sequence
from typing import NamedTuple

from evaluation.figures import (
    Figures,
    compare,
    samples_of_sequences,
    samples_of_steps,
)
from evaluation.scored_run import ScoredRun, joined_sequences, most_telling
from evaluation.scored_runs import score_runs
from inference.scoring import LoadedDetector
from trainer import runs as stored_runs
from trainer.schema import Schema

__all__ = ["Measured", "first_of", "measure"]

NUM_SERIES_SHOWN = 4
NUM_SEQUENCES_SHOWN = 20
NUM_NAMES_SHOWN = 5


class Measured(NamedTuple):
    """What a detector does on a split.

    Attributes:
        series: ids of the series that were asked for; empty = all.
        figures: of all views and the trivial detectors.
        shown: series worth drawing, with their scores.
    """

    series: tuple[str, ...]
    figures: Figures
    shown: list[ScoredRun]


def measure(
    detector: LoadedDetector,
    data_dir: str,
    schema: Schema,
    split: str,
    series: Sequence[str],
) -> Measured:
    """Measures a detector on one split.

    Args:
        detector: scores the split.
        data_dir: folder that preprocessing wrote.
        schema: its schema.
        split: name of the split.
        series: ids to measure; empty = those the detector learned from.

    Raises:
        ValueError: the split has no rows of them, or lacks a named one.
    """
    chosen = tuple(series) or detector.series
    runs = stored_runs.read_runs(data_dir, schema, split, chosen)
    _check_runs(runs, schema, split, chosen)
    # A split need not hold all series that the detector learned from, but
    # those that were asked for by name.
    missing = sorted(set(series) - {run.series_id for run in runs})
    if missing:
        raise ValueError(
            "`series` must name series of the split. Received: "
            f"{first_of(missing)}, which {split} does not hold. Ids are those "
            "that `python -m inference.predict` prints."
        )
    scored = score_runs(detector, runs)
    if detector.takes_sequences:
        sample, take = "sequence", samples_of_sequences
        shown = [joined_sequences(scored, NUM_SEQUENCES_SHOWN)]
    else:
        sample, take = "step", samples_of_steps
        shown = most_telling(scored, NUM_SERIES_SHOWN)
    samples = {view: take(scored, view) for view in detector.views}
    return Measured(chosen, compare(samples, sample), shown)


def first_of(names: Sequence[str]) -> str:
    """The first of many names, for a message."""
    more = ", ..." if len(names) > NUM_NAMES_SHOWN else ""
    return ", ".join(names[:NUM_NAMES_SHOWN]) + more


def _check_runs(
    runs: Sequence[stored_runs.Run],
    schema: Schema,
    split: str,
    series: Sequence[str],
) -> None:
    if runs:
        return
    filled = [name for name, each in schema.splits.items() if each.rows]
    only = f" of the series {first_of(series)}" if series else ""
    raise ValueError(
        f"`split` must hold rows{only}. Received: split={split}. Splits with "
        f"rows of any series: {', '.join(filled) or 'none'}. Name another, or "
        "preprocess again: `python -m preprocessing.task --help` says how "
        "splits are cut."
    )
