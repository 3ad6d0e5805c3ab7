"""Rows of plots under each other, laid out in pixels so nothing overlaps."""

from collections.abc import Iterable, Sequence

import plotly.graph_objects as go

from evaluation.page import colours
from evaluation.page.document import plot_text

__all__ = [
    "axis_key",
    "axis_name",
    "line_at_one",
    "name_once",
    "stacked_rows",
]

LEFT_PIXELS = 76
RIGHT_PIXELS = 16
TITLE_LINE_PIXELS = 16
TITLE_GAP_PIXELS = 5
ROW_GAP_PIXELS = 14
AXIS_PIXELS = 48
LEGEND_LINE_PIXELS = 20
# Dragging, a double click and the wheel do the same; the buttons would cover
# the curves of a narrow page.
REMOVED_BUTTONS = (
    "zoom2d",
    "pan2d",
    "zoomIn2d",
    "zoomOut2d",
    "autoScale2d",
)


def axis_name(letter: str, row: int) -> str:
    """What a trace calls the axis of a row: x, x2, x3, ...

    Args:
        letter: "x" or "y".
        row: counted from 0.
    """
    return letter if row == 0 else f"{letter}{row + 1}"


def axis_key(letter: str, row: int) -> str:
    """What the layout calls the same axis: xaxis, xaxis2, xaxis3, ..."""
    return axis_name(letter, row).replace(letter, f"{letter}axis")


def stacked_rows(
    titles: Sequence[str],
    axis_title: str,
    row_pixels: int,
    is_x_shared: bool = True,
    top_pixels: int = 28,
    legend_names: Iterable[str] = (),
) -> go.Figure:
    """Makes an empty figure, one row of plots for each title.

    A trace goes into a row by `yaxis=axis_name("y", row)`; where rows do not
    share the x axis, by `xaxis` too.

    Args:
        titles: plain text above each row, at least one.
        axis_title: plain text below the x axes.
        row_pixels: height of a row.
        is_x_shared: all rows have one x axis, below the last; else each row
            has its own.
        top_pixels: room above all rows.
        legend_names: plain text of the entries of a legend below all, each
            on its own line; empty = no legend there.
    """
    texts = [plot_text(title) for title in titles]
    gap = ROW_GAP_PIXELS if is_x_shared else AXIS_PIXELS + ROW_GAP_PIXELS
    tops = _tops(texts, row_pixels + gap)
    inner = tops[-1] + row_pixels
    legend_pixels = sum(
        LEGEND_LINE_PIXELS * _num_lines(plot_text(name))
        for name in legend_names
    )
    layout = _frame(top_pixels, inner, legend_pixels)
    for row, (top, text) in enumerate(zip(tops, texts, strict=True)):
        bottom = 1 - (top + row_pixels) / inner
        layout |= _axes(row, bottom, 1 - top / inner, is_x_shared)
        layout["annotations"].append(_title(text, 1 - top / inner))
    figure = go.Figure(layout=layout)
    return figure.update_xaxes(
        title={
            "text": plot_text(axis_title),
            "standoff": 8,
            "font": {"size": 12},
        }
    )


def line_at_one(row: int | None = None) -> dict:
    """A vertical line where x is 1, the deployed threshold.

    Args:
        row: counted from 0, with an x axis of its own; None = through all
            rows, which share the first.
    """
    axis = axis_name("y", row or 0)
    return {
        "type": "line",
        "xref": axis_name("x", row or 0),
        "yref": "paper" if row is None else f"{axis} domain",
        "x0": 1,
        "x1": 1,
        "y0": 0,
        "y1": 1,
        "line": {"color": colours.TEXT, "width": 1, "dash": "dash"},
    }


def name_once(figure: go.Figure) -> None:
    """Keeps the first legend entry of each group of traces."""
    named = set()
    for trace in figure.data:
        if trace.legendgroup is not None:
            trace.showlegend = trace.legendgroup not in named
            named.add(trace.legendgroup)


def _num_lines(text: str) -> int:
    return 1 + text.count("<br>")


def _tops(texts: Sequence[str], pixels_below: int) -> list[int]:
    """Pixels from above all titles to each row, which lies below its own."""
    tops, pixels = [], 0
    for text in texts:
        pixels += TITLE_LINE_PIXELS * _num_lines(text) + TITLE_GAP_PIXELS
        tops.append(pixels)
        pixels += pixels_below
    return tops


def _frame(top_pixels: int, inner_pixels: int, legend_pixels: int) -> dict:
    """What is around the rows: size, margins, legend, buttons."""
    bottom_pixels = AXIS_PIXELS + legend_pixels
    return {
        "template": "plotly_white",
        "height": top_pixels + inner_pixels + bottom_pixels,
        # Titles and legends have their room: they must not shrink plots.
        "margin": {
            "l": LEFT_PIXELS,
            "r": RIGHT_PIXELS,
            "t": top_pixels,
            "b": bottom_pixels,
            "autoexpand": False,
        },
        "font": {"color": colours.TEXT},
        "modebar": {"remove": REMOVED_BUTTONS},
        "hoverlabel": {"namelength": -1},
        "legend": {
            "yref": "container",
            "y": 0,
            "yanchor": "bottom",
            "x": 0,
            "xanchor": "left",
            "tracegroupgap": 0,
            # Never a scroll bar within the legend.
            "maxheight": max(2 * legend_pixels, 200),
        },
        "annotations": [],
    }


def _axes(row: int, bottom: float, top: float, is_x_shared: bool) -> dict:
    """The y axis of a row, and the x axis where it has one."""
    bottom, top = max(bottom, 0), min(top, 1)
    x_row = 0 if is_x_shared else row
    axes = {
        axis_key("y", row): {
            "domain": [bottom, top],
            "anchor": axis_name("x", x_row),
            "gridcolor": colours.GRID,
            "zeroline": False,
            "nticks": 5,
            "exponentformat": "e",
            "hoverformat": ".5~g",
        }
    }
    if row == x_row:
        axes[axis_key("x", row)] = {
            "anchor": "free" if is_x_shared else axis_name("y", row),
            "gridcolor": colours.GRID,
            "zeroline": False,
            # Room between its first number and that of the y axis.
            "ticks": "outside",
            "ticklen": 5,
            "tickcolor": colours.GRID,
        } | ({"position": 0} if is_x_shared else {})
    return axes


def _title(text: str, top: float) -> dict:
    return {
        "text": text,
        "xref": "paper",
        "yref": "paper",
        "x": 0,
        "y": top,
        "xanchor": "left",
        "yanchor": "bottom",
        "align": "left",
        "showarrow": False,
        "font": {"size": 12},
    }
