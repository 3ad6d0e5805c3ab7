import numpy as np
import pytest
from report_pages import random_run

from evaluation.page.series_plot import (
    MAX_SCORE_ROWS,
    series_figure,
    top_features,
)

NAMES = ["x", "a", "b", "c", "d"]


def figure_of(run):
    return series_figure(run, NAMES, NAMES[1:])


def traces(figure, name):
    return [trace for trace in figure.data if trace.name == name]


def titles(figure):
    return [each.text for each in figure.layout.annotations]


def test_top_features_are_those_of_the_scored_columns():
    """Catches positions among scored columns used for all columns."""
    run = random_run(500)
    assert top_features(run, NAMES[1:]) == ["b", "d", "c"]
    figure = figure_of(run)
    assert titles(figure) == ["b", "d", "c", "score, time"]
    np.testing.assert_array_equal(figure.data[0].y, run.values[:, 2])


@pytest.mark.parametrize("value", [np.inf, np.nan, 1e308, -1e308])
def test_extreme_contributions_do_not_hide_the_others(value):
    """Catches sums that overflow, and shares of a sum below zero."""
    run = random_run(500)
    contribution = run.views["time"].contribution.copy()
    contribution[:, 0] = value
    scores = run.views["time"]._replace(contribution=contribution)
    found = top_features(run._replace(views={"time": scores}), NAMES[1:])
    is_first = value > 0
    assert found == (["a", "b", "d"] if is_first else ["b", "d", "c"])


def test_all_rows_share_one_axis_and_one_hover():
    """Catches rows that zoom alone."""
    figure = figure_of(random_run(50, views=["one", "two"]))
    assert {trace.xaxis for trace in figure.data} <= {None, "x"}
    assert {trace.yaxis for trace in traces(figure, "score")} == {"y4", "y5"}
    assert figure.layout.hoversubplots == "axis"


def test_only_the_first_views_are_drawn():
    """Catches a plot of twenty rows."""
    figure = figure_of(random_run(50, views=[f"v{n}" for n in range(9)]))
    assert len(traces(figure, "score")) == MAX_SCORE_ROWS == 4


def test_flags_are_the_flagged_scores():
    """Catches marks of rows that are not flagged, or lost by decimation."""
    run = random_run(20_000)
    [flags] = traces(figure_of(run), "flagged")
    is_anomaly = run.views["time"].is_anomaly
    assert is_anomaly[flags.x].all()
    assert set(np.flatnonzero(run.labels)) & set(flags.x)
    few = random_run(300)
    [flags] = traces(figure_of(few), "flagged")
    np.testing.assert_array_equal(
        flags.x, np.flatnonzero(few.views["time"].is_anomaly)
    )


def test_labels_are_shaded_from_first_to_last_row():
    """Catches marks that are one row too long, or lost at the last row."""
    run = random_run(30)
    labels = np.zeros(30, np.int8)
    labels[[4, 5, 6, 29]] = 1
    shapes = figure_of(run._replace(labels=labels, start=100)).layout.shapes
    assert [(shape.x0, shape.x1) for shape in shapes] == [
        (104, 106),
        (129, 129),
    ]
    assert {shape.yref for shape in shapes} == {"paper"}
    assert all(shape.line.width > 0 for shape in shapes)


def test_unknown_labels_are_not_shaded():
    """Catches -1 drawn as an anomaly."""
    figure = figure_of(random_run(30)._replace(labels=np.full(30, -1)))
    assert not figure.layout.shapes
    assert not traces(figure, "labelled anomalous")


def test_infinite_scores_are_drawn_at_the_top():
    """Catches the strangest row of all missing from the plot."""
    run = random_run(100)
    scores = run.views["time"]
    score = scores.score.copy()
    score[60], score[61] = np.inf, 1e300
    is_anomaly = score >= scores.threshold
    scores = scores._replace(score=score, is_anomaly=is_anomaly)
    figure = figure_of(run._replace(views={"time": scores}))
    [line], [flags] = traces(figure, "score"), traces(figure, "flagged")
    assert line.y[60] == line.y[61] == np.nanmax(line.y)
    assert np.isfinite(line.y[10:]).all() and {60, 61} <= set(flags.x)


@pytest.mark.parametrize("lowest", [-np.inf, -1e300])
def test_scores_far_below_are_drawn_at_the_bottom(lowest):
    """Catches float32 that overflows, and a gap instead of a score."""
    run = random_run(100)
    scores = run.views["time"]
    score = scores.score.copy()
    score[60] = lowest
    scores = scores._replace(score=score)
    [line] = traces(figure_of(run._replace(views={"time": scores})), "score")
    assert np.isfinite(line.y[10:]).all()
    assert line.y[60] == np.nanmin(line.y)


@pytest.mark.parametrize(
    ("peak", "lowest", "kind"),
    [(900.0, 0.1, "log"), (900.0, 0.0, None), (2.0, 0.1, None)],
)
def test_a_far_score_makes_the_axis_logarithmic(peak, lowest, kind):
    """Catches a score that hides all else, and a log axis with zeros."""
    run = random_run(100)
    scores = run.views["time"]
    score = np.clip(scores.score, 0.1, 1.0)
    score[50], score[51] = peak, lowest
    figure = figure_of(
        run._replace(views={"time": scores._replace(score=score)})
    )
    assert figure.layout.yaxis4.type == kind


def test_times_are_milliseconds_on_a_date_axis():
    """Catches microseconds, which lie 50,000 years ahead."""
    figure = figure_of(random_run(20, has_times=True))
    assert figure.layout.xaxis.type == "date"
    assert figure.data[0].x[:2].tolist() == [1.6e12, 1.6e12 + 60_000]
    assert figure.layout.xaxis.title.text == "time (UTC)"


@pytest.mark.parametrize("num_steps", [0, 1])
def test_short_series_have_a_plot(num_steps):
    """Catches a range without width, and a maximum of nothing."""
    figure = figure_of(random_run(num_steps))
    bounds = figure.layout.xaxis.range
    assert bounds is None if num_steps == 0 else bounds[0] < bounds[1]


def test_names_in_the_hover_are_plain_text():
    """Catches a view's name read as part of a template, or as markup."""
    figure = figure_of(random_run(20, views=["<b>%{x}"]))
    [line] = traces(figure, "score")
    assert line.meta == "score, &lt;b&gt;%{x}"
    assert "%{x}" not in line.hovertemplate
