"""The result table of LSTM-AD: log densities and forecasts."""

import csv
from typing import TextIO

import numpy as np

from inference.results import StepScores

__all__ = ["write_rows"]


def write_rows(file: TextIO, scores: StepScores) -> None:
    """Writes one line for each time step, without a header.

    The first field is minus the score, so low = strange; then the forecasts,
    raw units. What is unknown stays empty, as in the first rows of a series.

    Args:
        file: receives the lines.
        scores: of one view, `[time]`.
    """
    fields = np.column_stack([-scores.score, scores.forecast])
    csv.writer(file, lineterminator="\n").writerows(
        # A NaN is the only number that differs from itself.
        [repr(x) if x == x else "" for x in row]
        for row in fields.tolist()
    )
