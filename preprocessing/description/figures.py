"""Plots of long series: splits as bands, labels as marked stretches."""

import html

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from evaluation.page.document import LABEL_COLOUR, VALUE_COLOUR
from preprocessing.description.drawing import Drawn
from trainer.schema import Schema

__all__ = ["TOP_PIXELS", "laid_out", "series_figure", "stacked"]

BAND_COLOURS = {
    "train": "#e8eef5",
    "validation": "#d3ead8",
    "statistics": "#e5d9f0",
    "tuning": "#f9dfd9",
    "test": "#eeeae0",
}
# A name fits into a band of this share of the width.
NAMED_SHARE = 0.055
ROW_PIXELS = 120
TOP_PIXELS = 84
BOTTOM_PIXELS = 56


def series_figure(drawn: Drawn, schema: Schema) -> go.Figure:
    """Draws one series.

    Args:
        drawn: its lines and bands.
        schema: names the columns.
    """
    names = [schema.features[column].name for column in drawn.columns]
    figure = stacked(names)
    for row, (name, pieces) in enumerate(
        zip(names, drawn.lines, strict=True), 1
    ):
        line = go.Scatter(
            x=np.concatenate([positions for positions, _ in pieces]),
            y=np.concatenate([values for _, values in pieces]),
            mode="lines",
            line={"color": VALUE_COLOUR, "width": 1},
            name=html.escape(name),
            showlegend=False,
        )
        figure.add_trace(line, row, 1)
    for band in drawn.bands:
        colour = BAND_COLOURS[band.split]
        figure.add_trace(_legend_mark(band.split, colour), 1, 1)
    if any(band.marks for band in drawn.bands):
        mark = _legend_mark("labelled anomalous", LABEL_COLOUR)
        figure.add_trace(mark, 1, 1)
    laid_out(figure, len(names), html.escape(drawn.axis.title))
    figure.update_layout(shapes=_shapes(drawn))
    for annotation in _band_names(drawn):
        figure.add_annotation(annotation)
    figure.update_xaxes(range=_bounds(drawn))
    if drawn.axis.is_time:
        figure.update_xaxes(type="date")
    else:
        figure.update_xaxes(tickformat=",d")
    return figure


def stacked(names: list[str]) -> go.Figure:
    """Rows of plots that share their x axis, each under its name."""
    figure = make_subplots(
        rows=len(names),
        shared_xaxes=True,
        vertical_spacing=0.24 / len(names),
        subplot_titles=[html.escape(name) for name in names],
    )
    figure.update_annotations(
        x=0, xanchor="left", font={"size": 12, "color": "#444"}
    )
    return figure


def laid_out(figure: go.Figure, num_rows: int, axis_title: str) -> None:
    """Gives a stacked figure its size, legend and axes."""
    height = TOP_PIXELS + BOTTOM_PIXELS + ROW_PIXELS * num_rows
    figure.update_layout(
        height=height,
        template="plotly_white",
        hovermode="x",
        modebar={"orientation": "v"},
        # Buttons and legend have their place: they must not shrink plots.
        margin={"l": 70, "r": 50, "t": TOP_PIXELS, "b": BOTTOM_PIXELS,
                "autoexpand": False},
        legend={"orientation": "h", "yref": "container", "y": 1 - 6 / height,
                "yanchor": "top", "x": 0, "xanchor": "left"},
    )  # fmt: skip
    figure.update_yaxes(
        hoverformat=".5~g", nticks=5, showgrid=False, zeroline=False
    )
    figure.update_xaxes(showgrid=False, zeroline=False)
    figure.update_xaxes(title_text=axis_title, row=num_rows, col=1)


def _legend_mark(name: str, colour: str) -> go.Scatter:
    """A square in the legend, and nothing in the plot."""
    return go.Scatter(
        x=[None],
        y=[None],
        mode="markers",
        marker={
            "color": colour,
            "size": 13,
            "symbol": "square",
            "line": {"color": "#999", "width": 1},
        },
        name=name,
    )


def _shapes(drawn: Drawn) -> list[dict]:
    # One shape over all rows of plots: they share the first x axis.
    shape = {"type": "rect", "xref": "x", "yref": "paper", "y0": 0, "y1": 1,
             "layer": "below"}  # fmt: skip
    bands = [
        shape
        | {
            "x0": band.start,
            "x1": band.stop,
            "fillcolor": BAND_COLOURS[band.split],
            "line": {"width": 0},
        }
        for band in drawn.bands
    ]
    # The outline keeps a single step visible.
    marks = [
        shape
        | {
            "x0": start,
            "x1": stop,
            "fillcolor": LABEL_COLOUR,
            "line": {"color": LABEL_COLOUR, "width": 1},
        }
        for band in drawn.bands
        for start, stop in band.marks
    ]
    return bands + marks


def _band_names(drawn: Drawn) -> list[dict]:
    start, stop = _bounds(drawn)
    return [
        {
            "text": band.split,
            "x": (band.start + band.stop) / 2,
            "xref": "x",
            "y": 1,
            "yref": "paper",
            "yanchor": "bottom",
            "yshift": 18,
            "showarrow": False,
            "font": {"size": 11, "color": "#666"},
        }
        for band in drawn.bands
        if (band.stop - band.start) / (stop - start) >= NAMED_SHARE
    ]


def _bounds(drawn: Drawn) -> tuple[float, float]:
    starts = [band.start for band in drawn.bands]
    stops = [band.stop for band in drawn.bands]
    first, last = min(starts), max(stops)
    # A single row has no width.
    return (first, last) if first < last else (first - 1, last + 1)
