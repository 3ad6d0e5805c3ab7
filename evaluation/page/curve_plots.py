"""Plots of curves over thresholds: precision-recall, sensitivity."""

from collections.abc import Collection, Mapping, Sequence
from itertools import cycle, product

import numpy as np
import plotly.graph_objects as go

from evaluation.curves import PrecisionRecall, Sensitivity
from evaluation.page import colours
from evaluation.page.document import plot_text
from evaluation.page.stacked_rows import axis_name, line_at_one, stacked_rows

__all__ = [
    "line_styles",
    "precision_recall_figure",
    "sensitivity_figure",
]

DASHES = ("dot", "dash", "dashdot", "longdash", "longdashdot")
PANELS = {
    "f1": "F1",
    "precision": "precision",
    "recall": "recall",
    "flagged_share": "flagged share of the scored rows",
}


def line_styles(
    names: Sequence[str], baseline_names: Collection[str] = ()
) -> dict[str, dict]:
    """Gives each detector one style, to be the same in all plots.

    Args:
        names: of the detectors, in order.
        baseline_names: those to be drawn thin and dashed.

    Returns:
        Name to what plotly calls a line.
    """
    models = [name for name in names if name not in baseline_names]
    baselines = [name for name in names if name in baseline_names]
    strong = cycle(product(("solid", "dash"), colours.DETECTORS))
    weak = cycle(zip(DASHES, cycle(colours.BASELINES), strict=False))
    return {
        name: {"color": colour, "dash": dash, "width": width}
        for group, marks, width in ((models, strong, 2), (baselines, weak, 1.2))
        for name, (dash, colour) in zip(group, marks, strict=False)
    }


def precision_recall_figure(
    curves: Mapping[str, PrecisionRecall], styles: Mapping[str, dict]
) -> go.Figure:
    """Draws the curves of several detectors into one plot.

    Args:
        curves: detector to its curve, those that are defined.
        styles: detector to its line, from `line_styles`.
    """
    figure = stacked_rows(["precision"], "recall", 380, legend_names=curves)
    for name, curve in curves.items():
        figure.add_scatter(
            x=curve.recall.astype(np.float32),
            y=curve.precision.astype(np.float32),
            mode="lines",
            line=styles[name] | {"shape": "vh"},
            name=plot_text(name),
        )
    figure.update_xaxes(range=[-0.01, 1.01], hoverformat=".3f")
    figure.update_yaxes(range=[-0.02, 1.02], hoverformat=".3f")
    return figure.update_layout(hovermode="closest")


def sensitivity_figure(
    sensitivities: Mapping[str, Sensitivity], styles: Mapping[str, dict]
) -> go.Figure:
    """Draws each figure against the factor of the thresholds, row by row.

    Args:
        sensitivities: detector to its figures, at least one; a row that no
            detector defines is left out.
        styles: detector to its line, from `line_styles`.
    """
    shown = [
        field
        for field in PANELS
        if any(
            np.isfinite(getattr(each, field)).any()
            for each in sensitivities.values()
        )
    ]
    titles = [PANELS[field] for field in shown]
    axis_title = "factor of the deployed threshold"
    figure = stacked_rows(titles, axis_title, 130, legend_names=sensitivities)
    for name, each in sensitivities.items():
        for row, field in enumerate(shown):
            figure.add_scatter(
                x=each.factor.astype(np.float32),
                y=getattr(each, field).astype(np.float32),
                yaxis=axis_name("y", row),
                mode="lines",
                line=styles[name],
                name=plot_text(name),
                legendgroup=name,
                showlegend=row == 0,
            )
    figure.update_xaxes(
        type="log",
        tickvals=[0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5],
        hoverformat=".3~g",
    )
    figure.update_yaxes(rangemode="tozero", hoverformat=".3f")
    figure.add_shape(line_at_one())
    return figure.update_layout(hovermode="x unified")
