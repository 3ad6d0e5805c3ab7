"""One HTML page without network: the table, and series with their scores."""

import html
from collections.abc import Iterable, Sequence

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from evaluation import document
from evaluation.decimation import events, kept_points
from evaluation.document import LABEL_COLOUR, VALUE_COLOUR
from evaluation.scored_run import ScoredRun

__all__ = ["MAX_POINTS", "make_page"]

MAX_POINTS = 5_000
MAX_EVENTS = 300
NUM_FEATURES_SHOWN = 3
# A score far above its threshold hides all else on a linear axis.
LOG_RATIO = 20
# Distinct for colour-blind readers too.
SCORE_COLOUR = "#444444"
THRESHOLD_COLOUR = "#009E73"
FLAG_COLOUR = "#D55E00"


def make_page(
    title: str,
    remarks: Sequence[str],
    header: Sequence[str],
    rows: Iterable[Sequence[str]],
    runs: Sequence[ScoredRun],
    feature_names: Sequence[str],
    scored_names: Sequence[str],
) -> str:
    """Makes the page; every text is escaped.

    Args:
        title: of the page.
        remarks: paragraphs above the table.
        header: names of the table's columns.
        rows: cells of the table.
        runs: series to draw, each with its contributions.
        feature_names: names of the columns of `ScoredRun.values`.
        scored_names: names of the columns of the contributions.
    """
    parts = [*map(document.paragraph, remarks), document.table(header, rows)]
    for run in runs:
        parts.append(document.heading(run.series_id))
        drawn = _draw(run, feature_names, scored_names)
        parts.append(document.figure(drawn))
    return document.document(title, parts)


def _draw(
    run: ScoredRun, feature_names: Sequence[str], scored_names: Sequence[str]
) -> go.Figure:
    shown = _top_features(run, scored_names)
    titles = [*shown, *(f"score, {view} view" for view in run.views)]
    figure = make_subplots(
        rows=len(titles),
        shared_xaxes=True,
        vertical_spacing=0.25 / len(titles),
        subplot_titles=[html.escape(title) for title in titles],
    )
    steps = _steps(run)
    for row, name in enumerate(shown, 1):
        column = list(feature_names).index(name)
        values = run.values[:, column].astype(np.float64)
        trace = _line(steps, values, VALUE_COLOUR, html.escape(name))
        figure.add_trace(trace.update(showlegend=False), row, 1)
    for row, view in enumerate(run.views, len(shown) + 1):
        _draw_scores(figure, row, steps, run, view)
    for start, stop in events(run.labels == 1, MAX_EVENTS):
        figure.add_vrect(
            x0=steps[start],
            x1=steps[min(stop, len(steps) - 1)],
            fillcolor=LABEL_COLOUR,
            line_width=0,
            layer="below",
        )
    figure.update_layout(
        height=110 + 150 * len(titles),
        template="plotly_white",
        margin={"l": 60, "r": 20, "t": 60, "b": 40},
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 1.0,
                "xanchor": "right"},
    )  # fmt: skip
    return figure


def _draw_scores(
    figure: go.Figure, row: int, steps: np.ndarray, run: ScoredRun, view: str
) -> None:
    scores = run.views[view]
    is_first = view == next(iter(run.views))
    flagged = np.where(scores.is_anomaly, scores.score, np.nan)
    kept = kept_points(flagged, MAX_POINTS)
    kept = kept[~np.isnan(flagged[kept])]
    for trace in (
        _line(steps, scores.score, SCORE_COLOUR, "score"),
        _line(steps, scores.threshold, THRESHOLD_COLOUR, "threshold", "dash"),
        go.Scatter(
            x=steps[kept],
            y=flagged[kept],
            mode="markers",
            marker={"color": FLAG_COLOUR, "size": 4},
            name="flagged",
        ),
    ):
        trace.update(legendgroup=trace.name, showlegend=is_first)
        figure.add_trace(trace, row, 1)
    finite = scores.score[np.isfinite(scores.score)]
    threshold = scores.threshold[np.isfinite(scores.threshold)]
    if finite.size and threshold.size and finite.min() > 0:
        if finite.max() > LOG_RATIO * threshold.max() > 0:
            figure.update_yaxes(type="log", row=row, col=1)
    if is_first:
        figure.add_trace(
            go.Scatter(
                x=[None],
                y=[None],
                mode="markers",
                marker={"color": LABEL_COLOUR, "size": 12, "symbol": "square"},
                name="labelled anomalous",
            ),
            row,
            1,
        )


def _line(
    steps: np.ndarray,
    values: np.ndarray,
    colour: str,
    name: str,
    dash: str = "solid",
) -> go.Scatter:
    kept = kept_points(values, MAX_POINTS)
    return go.Scatter(
        x=steps[kept],
        y=values[kept],
        mode="lines",
        line={"color": colour, "width": 1, "dash": dash},
        name=name,
    )


def _steps(run: ScoredRun) -> np.ndarray:
    """Where the steps lie on the axis: moments, else row numbers."""
    if run.timestamps is not None:
        return run.timestamps.astype("datetime64[us]")
    return run.start + np.arange(len(run.values))


def _top_features(run: ScoredRun, scored_names: Sequence[str]) -> list[str]:
    """The columns that add most where the score is furthest out."""
    ratios = []
    for scores in run.views.values():
        excess = np.nan_to_num(scores.contribution, posinf=1e300, neginf=-1e300)
        is_relevant = (
            scores.is_anomaly if scores.is_anomaly.any() else scores.is_scored
        )
        total = excess[is_relevant].sum(axis=0)
        ratios.append(total / max(total.sum(), 1e-300))
    order = np.argsort(-np.sum(ratios, axis=0), kind="stable")
    return [scored_names[column] for column in order[:NUM_FEATURES_SHOWN]]
