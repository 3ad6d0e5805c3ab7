"""The splits of a data set, as far as a report looks at them."""

from collections.abc import Sequence
from typing import NamedTuple

from trainer.runs import Run, read_runs
from trainer.schema import Schema

__all__ = ["Data", "calibration_runs", "first_of", "read_split"]

NUM_NAMES_SHOWN = 5
# Held out from training, where any rows are.
CALIBRATION_SPLITS = ("tuning", "statistics", "validation", "train")


class Data(NamedTuple):
    """A data set, and what of it is measured.

    Attributes:
        folder: that preprocessing wrote.
        schema: of the data set.
        split: name of the split.
        series: ids that were asked for; empty = all.
    """

    folder: str
    schema: Schema
    split: str
    series: tuple[str, ...]

    def check_series(self, asked: Sequence[str], runs: Sequence[Run]) -> None:
        """Raises ValueError where a series is lacking that was asked for.

        The split need not hold all that the models learned from.
        """
        there = list(dict.fromkeys(run.series_id for run in runs))
        missing = sorted(set(asked) - set(there))
        if missing:
            raise ValueError(
                f"`series` must name series of the split {self.split}. "
                f"Received: {first_of(missing)}. It holds "
                f"{first_of(there)}."
            )

    @property
    def takes_sequences(self) -> bool:
        """Whether whole sequences are labelled, and not steps."""
        return self.schema.label_kind == "sequence"


def read_split(
    data: Data, split: str = "", is_needed: bool = True
) -> list[Run]:
    """Reads the rows of the series that are measured.

    Args:
        data: what to read.
        split: name of the split; empty = the one that is measured.
        is_needed: whether no rows are an error.

    Raises:
        ValueError: the split has no rows of them, or lacks a named one.
    """
    split = split or data.split
    runs = read_runs(data.folder, data.schema, split, data.series)
    if is_needed and not runs:
        if data.series:
            runs = read_runs(data.folder, data.schema, split)
        if runs:
            there = list(dict.fromkeys(run.series_id for run in runs))
            raise ValueError(
                f"`series` must name series of the split {split}. Received: "
                f"{first_of(data.series)}. It holds {first_of(there)}."
            )
        filled = [
            name for name, each in data.schema.splits.items() if each.rows
        ]
        raise ValueError(
            f"`split` must hold rows. Received: split={split}. Splits "
            f"with rows of any series: {', '.join(filled) or 'none'}. Name "
            "another, or preprocess again: `python -m preprocessing.task "
            "--help` says how splits are cut."
        )
    return runs


def calibration_runs(data: Data) -> tuple[str, list[Run]]:
    """What thresholds of baselines are chosen on, never the measured split.

    Returns:
        Name of the split and its runs of the measured series; "" and none
        where no split has any.
    """
    for split in CALIBRATION_SPLITS:
        if split != data.split:
            runs = read_split(data, split, is_needed=False)
            if runs:
                return split, runs
    return "", []


def first_of(names: Sequence[str]) -> str:
    """The first of many names, for a message."""
    more = ", ..." if len(names) > NUM_NAMES_SHOWN else ""
    return ", ".join(names[:NUM_NAMES_SHOWN]) + more
