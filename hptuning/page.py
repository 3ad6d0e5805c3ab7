"""The trials as a page that needs no network."""

import math
from collections.abc import Sequence

import plotly.graph_objects as go

from evaluation.page import colours, document
from evaluation.page.stacked_rows import axis_key, axis_name, stacked_rows
from hptuning.parameter import Parameter
from hptuning.results import trial_table
from hptuning.row import Row
from hptuning.study import Study

__all__ = ["parameters_figure", "trials_figure", "trials_page"]

ROW_PIXELS = 220
MOST_TICKS = 20
BEST = "best so far"
NOTE = "A diamond is the trial with the default settings."
_COLOURS = {"done": colours.DETECTORS[0], "stopped": colours.BASELINES[1]}


def trials_page(
    study: Study, rows: Sequence[Row], sentences: Sequence[str]
) -> str:
    """HTML of the page."""
    table = trial_table(study, rows)
    return document.document(
        "Trials",
        [
            *map(document.paragraph, [*sentences, NOTE]),
            document.figure(trials_figure(study, rows)),
            document.heading("Parameters"),
            document.figure(parameters_figure(study, rows)),
            document.heading(table.title),
            document.paragraph(table.note),
            document.table(table.header, table.rows),
        ],
    )


def trials_figure(study: Study, rows: Sequence[Row]) -> go.Figure:
    """The metric of each trial, and the best one so far."""
    figure = stacked_rows(
        [f"{study.metric} by trial"],
        "trial",
        ROW_PIXELS,
        legend_names=(*_COLOURS, BEST),
    )
    _draw(figure, rows, [row.number for row in rows], 0)
    best, so_far = math.inf, []
    for row in rows:
        best = min(best, row.metric if row.state == "done" else math.inf)
        so_far.append(best if best < math.inf else None)
    figure.add_scatter(
        x=[row.number for row in rows],
        y=so_far,
        mode="lines",
        line={"shape": "hv", "color": colours.ANOMALOUS},
        name=BEST,
    )
    figure.update_xaxes(dtick=math.ceil(len(rows) / MOST_TICKS))
    return figure.update_layout(hovermode="closest", showlegend=True)


def parameters_figure(study: Study, rows: Sequence[Row]) -> go.Figure:
    """The metric against each parameter, a row each."""
    names = [each.name for each in study.parameters]
    figure = stacked_rows(names, "", ROW_PIXELS, is_x_shared=False)
    for position, parameter in enumerate(study.parameters):
        shown = [row for row in rows if _has_place(parameter, row)]
        values = [row.values[parameter.name] for row in shown]
        _draw(figure, shown, values, position)
        if parameter.choices:
            axis = {
                "type": "category",
                "categoryorder": "array",
                "categoryarray": parameter.choices,
                "nticks": 0,
            }
        else:
            axis = {"type": "log" if parameter.is_log else "linear"}
        figure.layout[axis_key("x", position)].update(axis)
        figure.layout[axis_key("y", position)].update(
            title={"text": document.plot_text(study.metric)}
        )
    return figure.update_layout(hovermode="closest", showlegend=False)


def _has_place(parameter: Parameter, row: Row) -> bool:
    """Whether the axis knows the value, as not that of every default."""
    value = row.values.get(parameter.name)
    return bool(parameter.choices) or isinstance(value, int | float)


def _draw(
    figure: go.Figure, rows: Sequence[Row], places: Sequence, position: int
) -> None:
    for state, colour in _COLOURS.items():
        kept = [index for index, row in enumerate(rows) if row.state == state]
        figure.add_scatter(
            x=[places[index] for index in kept],
            y=[rows[index].metric for index in kept],
            text=[f"trial {rows[index].number}" for index in kept],
            mode="markers",
            marker={
                "color": colour,
                "size": 9,
                "symbol": [
                    "diamond" if rows[index].is_default else "circle"
                    for index in kept
                ],
            },
            name=state,
            xaxis=axis_name("x", position),
            yaxis=axis_name("y", position),
        )
