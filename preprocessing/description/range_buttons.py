"""A choice of y axis: all values, or the range that train has."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from preprocessing.description.figures import TOP_PIXELS
from preprocessing.description.survey import Survey
from trainer.statistics.columns import ColumnStatistics

__all__ = ["add_range_buttons", "train_range"]


def train_range(
    survey: Survey, series_id: str = ""
) -> tuple[np.ndarray, np.ndarray]:
    """Smallest and largest value in train, both `[feature]`.

    Args:
        survey: of the data set.
        series_id: its own train part counts, where the column moves in it;
            "" = all series count.
    """
    train = survey.splits["train"]
    own = train.series.get(series_id, train.statistics)
    has_own = own.minimum < own.maximum
    return (
        np.where(has_own, own.minimum, train.statistics.minimum),
        np.where(has_own, own.maximum, train.statistics.maximum),
    )


def add_range_buttons(
    figure: go.Figure,
    columns: Sequence[int],
    train: tuple[np.ndarray, np.ndarray],
    shown: ColumnStatistics,
) -> None:
    """Adds a choice of y axis where train would be a flat line.

    Args:
        figure: laid out.
        columns: position of the column of each row of plots.
        train: from `train_range`.
        shown: statistics of what is drawn.
    """
    closer, farther = {}, {}
    is_needed = False
    for row, column in enumerate(columns, 1):
        low, high = (float(bound[column]) for bound in train)
        width = high - low
        if not 0 < width < np.inf:
            continue
        is_needed |= bool(
            shown.maximum[column] > high + width
            or shown.minimum[column] < low - width
        )
        axis = f"yaxis{row if row > 1 else ''}"
        closer[f"{axis}.range"] = [low - 0.1 * width, high + 0.1 * width]
        farther[f"{axis}.autorange"] = True
    if is_needed:
        buttons = [
            {"label": label, "method": "relayout", "args": [change]}
            for label, change in (
                ("all values", farther),
                ("range of train", closer),
            )
        ]
        figure.update_layout(updatemenus=[_menu(buttons)])


def _menu(buttons: list[dict]) -> dict:
    """Where the buttons stand: above the plots, at the right."""
    return {
        "type": "buttons",
        "direction": "left",
        "buttons": buttons,
        "x": 1,
        "xanchor": "right",
        "y": 1,
        "yanchor": "bottom",
        "pad": {"b": TOP_PIXELS - 34},
        "font": {"size": 11},
    }
