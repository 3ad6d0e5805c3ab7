"""One plot of a series: values, scores, thresholds, flags and labels."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from evaluation.decimation import drawn_events, kept_points
from evaluation.page import colours
from evaluation.page.document import plot_text
from evaluation.page.stacked_rows import (
    axis_key,
    axis_name,
    name_once,
    stacked_rows,
)
from evaluation.scored_run import ScoredRun
from inference.results import StepScores

__all__ = ["MAX_SCORE_ROWS", "series_figure", "top_features"]

MAX_SCORE_ROWS = 4
MAX_POINTS = 4_000
MAX_EVENTS = 300
NUM_FEATURES_SHOWN = 3
# A score far above its threshold hides all else on a linear axis.
LOG_RATIO = 20
# Sums over rows must not overflow, nor what is drawn in float32.
LARGEST_CONTRIBUTION = 1e100
LARGEST_DRAWN = 1e38


def series_figure(
    run: ScoredRun, feature_names: Sequence[str], scored_names: Sequence[str]
) -> go.Figure:
    """Draws the features that add most, then the scores, over one x axis.

    Args:
        run: the series; of its views the first `MAX_SCORE_ROWS` are drawn.
        feature_names: names of the columns of `ScoredRun.values`.
        scored_names: names of the columns of the contributions.
    """
    shown = top_features(run, scored_names)
    views = list(run.views)[:MAX_SCORE_ROWS]
    is_time = run.timestamps is not None
    figure = stacked_rows(
        [*shown, *(f"score, {view}" for view in views)],
        "time (UTC)" if is_time else "row",
        row_pixels=112,
        top_pixels=76,
    )
    positions = _positions(run)
    for row, name in enumerate(shown):
        values = run.values[:, list(feature_names).index(name)]
        line = _line(positions, values, name, colours.VALUE)
        figure.add_trace(line.update(yaxis=axis_name("y", row)))
    for row, view in enumerate(views, len(shown)):
        is_log = _is_log(run.views[view])
        for trace in _score_traces(positions, run.views[view], view):
            figure.add_trace(trace.update(yaxis=axis_name("y", row)))
        if is_log:
            figure.layout[axis_key("y", row)].type = "log"
    _add_labels(figure, positions, run.labels == 1)
    name_once(figure)
    figure.update_xaxes(
        type="date" if is_time else "linear",
        hoverformat=None if is_time else ",d",
        tickformat=None if is_time else ",d",
        range=_bounds(positions),
    )
    return figure.update_layout(
        hovermode="x unified",
        hoversubplots="axis",
        # Below the buttons.
        legend={
            "orientation": "h",
            "y": 1 - 28 / figure.layout.height,
            "yanchor": "top",
        },
    )


def top_features(run: ScoredRun, scored_names: Sequence[str]) -> list[str]:
    """The columns that add most where the score is furthest out.

    Args:
        run: its contributions are those of the scored columns.
        scored_names: their names.

    Returns:
        At most three names, the largest first.
    """
    shares = np.zeros(len(scored_names))
    for scores in run.views.values():
        is_relevant = (
            scores.is_anomaly if scores.is_anomaly.any() else scores.is_scored
        )
        terms = scores.contribution[is_relevant]
        # With correlated features a term can be negative.
        terms = np.clip(np.nan_to_num(terms), 0, LARGEST_CONTRIBUTION)
        total = terms.sum(axis=0)
        shares += total / (total.sum() or 1)
    order = np.argsort(-shares, kind="stable")
    return [scored_names[column] for column in order[:NUM_FEATURES_SHOWN]]


def _is_log(scores: StepScores) -> bool:
    """Whether a score so far above its threshold needs a log axis."""
    score = scores.score[np.isfinite(scores.score)]
    threshold = scores.threshold[np.isfinite(scores.threshold)]
    if not score.size or not threshold.size or score.min() <= 0:
        return False
    return bool(score.max() > LOG_RATIO * threshold.max() > 0)


def _score_traces(
    positions: np.ndarray, scores: StepScores, view: str
) -> list[go.Scatter]:
    """Score, threshold and flags; what is infinite is drawn at the end."""
    known = np.concatenate([scores.score, scores.threshold])
    known = known[np.isfinite(known)]
    bottom = max(known.min(initial=0), -LARGEST_DRAWN)
    top = min(known.max(initial=0), LARGEST_DRAWN)
    score, threshold = (
        np.clip(each, bottom, top).astype(np.float32)
        for each in (scores.score, scores.threshold)
    )
    flagged = np.where(scores.is_anomaly, score, np.float32("nan"))
    flags = _line(positions, flagged, "", colours.FLAG)
    is_there = ~np.isnan(flags.y)
    flags.update(
        x=flags.x[is_there],
        y=flags.y[is_there],
        mode="markers",
        marker={"color": colours.FLAG, "size": 5},
        hoverinfo="skip",
        hovertemplate=None,
    )
    lines = (
        _line(positions, score, f"score, {view}", colours.SCORE),
        _line(
            positions,
            threshold,
            f"threshold, {view}",
            colours.THRESHOLD,
            "dash",
        ),
        flags,
    )
    for trace, name in zip(
        lines, ("score", "threshold", "flagged"), strict=True
    ):
        trace.update(name=name, legendgroup=name)
    return list(lines)


def _add_labels(
    figure: go.Figure, positions: np.ndarray, is_anomalous: np.ndarray
) -> None:
    """Shades the labelled stretches through all rows, legend included."""
    stretches = drawn_events(is_anomalous, MAX_EVENTS)
    if not stretches:
        return
    figure.add_scatter(
        x=[None],
        y=[None],
        mode="markers",
        marker={"color": colours.LABEL, "size": 12, "symbol": "square"},
        name="labelled anomalous",
    )
    figure.update_layout(
        shapes=[
            {
                "type": "rect",
                "xref": "x",
                "yref": "paper",
                "x0": positions[start],
                "x1": positions[stop - 1],
                "y0": 0,
                "y1": 1,
                "fillcolor": colours.LABEL,
                # The outline keeps a single row visible.
                "line": {"color": colours.LABEL, "width": 1},
                "layer": "below",
            }
            for start, stop in stretches
        ]
    )


def _line(
    positions: np.ndarray,
    values: np.ndarray,
    name: str,
    colour: str,
    dash: str = "solid",
) -> go.Scatter:
    kept = kept_points(values, MAX_POINTS)
    return go.Scatter(
        x=positions[kept],
        y=values[kept],
        mode="lines",
        line={"color": colour, "width": 1, "dash": dash},
        # A name within the template itself could be read as a part of it.
        meta=plot_text(name),
        hovertemplate="%{meta}: %{y:.5~g}<extra></extra>",
        showlegend=False,
    )


def _positions(run: ScoredRun) -> np.ndarray:
    """Where the rows lie on the axis: milliseconds, else row numbers."""
    if run.timestamps is not None:
        return run.timestamps / 1000
    return run.start + np.arange(len(run.values))


def _bounds(positions: np.ndarray) -> list[float] | None:
    """The range of the x axis; a single row has no width."""
    if not positions.size:
        return None
    first, last = positions[0], positions[-1]
    return [first, last] if first < last else [first - 1, last + 1]
