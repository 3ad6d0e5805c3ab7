"""Plots of scores in units of their threshold: histogram and drift."""

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go

from evaluation.histogram import Histogram
from evaluation.page import colours
from evaluation.page.curve_plots import line_styles
from evaluation.page.document import plot_text
from evaluation.page.stacked_rows import (
    axis_key,
    axis_name,
    line_at_one,
    name_once,
    stacked_rows,
)

__all__ = ["drift_figure", "histogram_figure"]

LABEL_COLOURS = {
    "normal": colours.NORMAL,
    "anomalous": colours.ANOMALOUS,
    "unknown": colours.UNKNOWN,
}
AXIS_TITLE = "score / threshold"
# Where a bin is empty; a logarithmic axis has no zero.
EMPTY_BIN = 0.1
LOWEST_COUNT = 0.7


def histogram_figure(histograms: Mapping[str, Histogram]) -> go.Figure:
    """Draws counts of normal against anomalous rows, a row a detector.

    Args:
        histograms: detector to its counts, at least one, none empty.
    """
    figure = stacked_rows(
        list(histograms),
        AXIS_TITLE,
        row_pixels=160,
        is_x_shared=False,
        legend_names=LABEL_COLOURS,
    )
    most = 1
    for row, each in enumerate(histograms.values()):
        for label in LABEL_COLOURS:
            counts = getattr(each, label)
            most = max(most, counts.max())
            if counts.any():
                figure.add_trace(_steps(label, row, each.edges, counts))
        _set_ratio_axis(figure, row, each.edges if each.is_log else None)
    name_once(figure)
    figure.update_yaxes(
        type="log",
        range=[np.log10(LOWEST_COUNT), np.log10(most) + 0.2],
        tickformat=",~r",
    )
    return figure.update_layout(hovermode="x")


def drift_figure(
    quantiles: Mapping[str, Mapping[str, tuple[np.ndarray, np.ndarray]]],
) -> go.Figure:
    """Draws which share of each split lies above which score.

    Args:
        quantiles: detector to split to probabilities `[point]` and the
            quantiles of score / threshold at them; at least one detector,
            each with a split.
    """
    splits = list(
        dict.fromkeys(
            split for by_split in quantiles.values() for split in by_split
        )
    )
    figure = stacked_rows(
        list(quantiles),
        AXIS_TITLE,
        row_pixels=190,
        is_x_shared=False,
        legend_names=splits,
    )
    styles = line_styles(splits)
    for row, by_split in enumerate(quantiles.values()):
        for split, (probability, ratio) in by_split.items():
            share = 1 - np.asarray(probability, np.float64)
            figure.add_scatter(
                x=np.asarray(ratio, np.float64),
                # Above the largest lies nothing, and the axis has no zero.
                y=np.where(share > 0, share, np.nan),
                mode="lines",
                line=styles[split],
                name=plot_text(split),
                legendgroup=split,
                xaxis=axis_name("x", row),
                yaxis=axis_name("y", row),
            )
        ratios = np.concatenate([ratio for _, ratio in by_split.values()])
        ratios = ratios[np.isfinite(ratios)]
        is_log = ratios.min() > 0
        _set_ratio_axis(figure, row, ratios if is_log else None)
    name_once(figure)
    figure.update_yaxes(type="log", tickformat="~%", hoverformat=".3~%")
    return figure.update_layout(hovermode="closest")


def _steps(
    label: str, row: int, edges: np.ndarray, counts: np.ndarray
) -> go.Scatter:
    """The outline of a histogram, filled; hover tells the count."""
    heights = np.where(counts > 0, counts, EMPTY_BIN)
    return go.Scatter(
        x=edges,
        y=np.append(heights, heights[-1]),
        customdata=np.append(counts, counts[-1]),
        hovertemplate="%{customdata:,}",
        mode="lines",
        line={"color": LABEL_COLOURS[label], "width": 1.5, "shape": "hv"},
        fill="tozeroy",
        fillcolor=LABEL_COLOURS[label] + "44",
        name=label,
        legendgroup=label,
        xaxis=axis_name("x", row),
        yaxis=axis_name("y", row),
    )


def _set_ratio_axis(
    figure: go.Figure, row: int, logged: np.ndarray | None
) -> None:
    """Sets the x axis of a row; `logged` spans one that is logarithmic."""
    figure.layout[axis_key("x", row)].update(
        type="linear" if logged is None else "log", hoverformat=".4~g"
    )
    if logged is not None:
        num_decades = np.log10(logged.max()) - np.log10(logged.min())
        # "D2" names 2 and 5 between the powers of ten.
        dtick = "D2" if num_decades < 3 else int(np.ceil(num_decades / 6))
        figure.layout[axis_key("x", row)].dtick = dtick
    figure.add_shape(line_at_one(row))
