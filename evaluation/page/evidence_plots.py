"""Plots of what thresholds and numbers of components were chosen from."""

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go

from evaluation.evidence import ComponentsChoice, FBetaCurve
from evaluation.page import colours
from evaluation.page.stacked_rows import axis_name, stacked_rows

__all__ = ["components_figure", "f_beta_figure"]

_LINE = {"color": colours.DETECTORS[0], "width": 2}
_MARK = {"color": colours.DETECTORS[1], "size": 10, "symbol": "diamond"}


def f_beta_figure(curves: Mapping[str, FBetaCurve]) -> go.Figure:
    """Draws F-beta against the threshold, a row for each view."""
    figure = stacked_rows(
        [
            f"{name}: F-beta, beta {curve.beta:g}"
            for name, curve in curves.items()
        ],
        "threshold",
        130,
        is_x_shared=False,
    )
    for row, curve in enumerate(curves.values()):
        height = float(np.interp(curve.chosen, curve.threshold, curve.f_beta))
        _draw(
            figure, row, (curve.threshold, curve.f_beta), (curve.chosen, height)
        )
    return figure.update_yaxes(range=[-0.02, 1.04], hoverformat=".3f")


def components_figure(found: Mapping[str, ComponentsChoice]) -> go.Figure:
    """Draws explained variance and held-out error by number, two rows a view."""
    titles = [
        f"{name}: {what}"
        for name in found
        for what in (
            "explained share of the variance, train",
            "error of held-out cells told from the others, scaled units",
        )
    ]
    figure = stacked_rows(titles, "components", 130, is_x_shared=False)
    for position, each in enumerate(found.values()):
        numbers = np.arange(len(each.cell_error))
        for offset, values in enumerate(
            (each.explained_share, each.cell_error)
        ):
            chosen = each.chosen, float(values[each.chosen])
            _draw(figure, 2 * position + offset, (numbers, values), chosen)
    return figure.update_yaxes(rangemode="tozero", hoverformat=".3f")


def _draw(
    figure: go.Figure,
    row: int,
    line: tuple[np.ndarray, np.ndarray],
    chosen: tuple[float, float],
) -> None:
    """A line with a mark at what was chosen."""
    axes = {"xaxis": axis_name("x", row), "yaxis": axis_name("y", row)}
    figure.add_scatter(
        x=line[0].astype(np.float32),
        y=line[1].astype(np.float32),
        mode="lines+markers" if len(line[0]) < 50 else "lines",
        line=_LINE,
        marker={"size": 4},
        name="",
        showlegend=False,
        **axes,
    )
    figure.add_scatter(
        x=[chosen[0]],
        y=[chosen[1]],
        mode="markers",
        marker=_MARK,
        name="chosen",
        showlegend=False,
        **axes,
    )
