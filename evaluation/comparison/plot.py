"""The main figure of each series, a dot each, set by set."""

import math
from collections.abc import Sequence

import plotly.graph_objects as go

from evaluation.columns import summary_columns
from evaluation.comparison.averages import figure_of_set
from evaluation.comparison.standings import Standing
from evaluation.comparison.tables import set_names
from evaluation.groups import mean_and_spread
from evaluation.page import colours
from evaluation.page.document import plot_text
from evaluation.page.stacked_rows import axis_key, axis_name, stacked_rows

__all__ = ["series_figure"]

LINE_PIXELS = 24
LETTERS_A_LINE = 24
NAME_PIXELS = 170


def series_figure(standings: Sequence[Standing]) -> go.Figure:
    """Draws a row of dots for each detector and set; a bar is their mean.

    Args:
        standings: presets and baselines; of several seeds the first is drawn.
    """
    column = summary_columns("step", has_labels=True, has_times=False)[0]
    sets = set_names(standings)
    figure = stacked_rows(sets, column.title, LINE_PIXELS * len(standings))
    for row, set_name in enumerate(sets):
        for standing in standings:
            _draw(figure, standing, set_name, row, column.name)
    figure.update_xaxes(range=[-0.02, 1.02], hoverformat=".3f")
    for row in range(len(sets)):
        axis = {"type": "category", "autorange": "reversed", "nticks": 0}
        figure.layout[axis_key("y", row)].update(axis)
    return figure.update_layout(
        hovermode="closest", showlegend=False, margin={"l": NAME_PIXELS}
    )


def _draw(
    figure: go.Figure, standing: Standing, set_name: str, row: int, name: str
) -> None:
    dots = {
        series.name: figures.get(name, math.nan) if figures else math.nan
        for series, figures in standing.members[0].items()
        if series.set_name == set_name
    }
    mean, _ = mean_and_spread(standing.figures())
    means = [mean.get(figure_of_set(name, set_name), math.nan)]
    title = plot_text(standing.name, LETTERS_A_LINE)
    colour = (
        colours.BASELINES[0] if standing.is_baseline else colours.DETECTORS[0]
    )
    place = {"yaxis": axis_name("y", row), "mode": "markers", "name": title}
    figure.add_scatter(
        **place,
        x=list(dots.values()),
        y=[title] * len(dots),
        text=[plot_text(each) for each in dots],
        marker={"color": colour, "opacity": 0.6, "size": 8},
    )
    figure.add_scatter(
        **place,
        x=means,
        y=[title],
        text=["mean"],
        marker={
            "color": colours.ANOMALOUS,
            "symbol": "line-ns-open",
            "size": 16,
            "line": {"width": 2},
        },
    )
