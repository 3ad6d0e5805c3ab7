import numpy as np
from described_data import reader, run_of, schema_of, survey_of

from preprocessing.description import drawing
from preprocessing.description.figures import series_figure


def figure_of(runs):
    schema = schema_of(1)
    found = survey_of(schema, runs)
    shown = drawing.shown_series(found, 1)
    [drawn] = drawing.draw_series(schema, found, shown, reader(runs))
    return series_figure(drawn, schema)


def labelled_runs():
    """Train of 10 rows; test of 20 rows with one event inside, one last."""
    labels = np.zeros(20)
    labels[3:5] = 1
    labels[19] = 1
    return {
        "train": [run_of(np.arange(10.0))],
        "test": [run_of(np.arange(20.0), start=10, labels=labels)],
    }


def test_splits_and_labels_are_marked():
    """Catches marks that nobody sees, or that lie beside their rows."""
    shapes = figure_of(labelled_runs()).layout.shapes
    assert [(each.x0, each.x1, each.fillcolor) for each in shapes] == [
        (0, 9, "#e8eef5"),
        (10, 29, "#eeeae0"),
        (13, 15, "rgba(230, 159, 0, 0.3)"),
        (29, 29, "rgba(230, 159, 0, 0.3)"),
    ]
    for shape in shapes:
        assert (shape.xref, shape.yref) == ("x", "paper")
        assert (shape.y0, shape.y1, shape.layer) == (0, 1, "below")
    # An outline keeps a mark of one row visible.
    assert [each.line.width for each in shapes] == [0, 0, 1, 1]
    assert shapes[-1].line.color == "rgba(230, 159, 0, 0.3)"


def test_legend_and_names_explain_the_marks():
    """Catches a legend in other colours than the plot."""
    figure = figure_of(labelled_runs())
    line, *marks = figure.data
    assert (line.name, line.line.color) == ("c0", "#0072B2")
    assert [(each.name, each.marker.color) for each in marks] == [
        ("train", "#e8eef5"),
        ("test", "#eeeae0"),
        ("labelled anomalous", "rgba(230, 159, 0, 0.3)"),
    ]
    texts = [(each.text, each.x) for each in figure.layout.annotations]
    assert texts == [("c0", 0), ("train", 4.5), ("test", 19.5)]
    assert figure.layout.xaxis.range == (0, 29)


def test_lines_hold_the_values():
    """Catches values of another split or column under a position."""
    [line, *_] = figure_of(labelled_runs()).data
    np.testing.assert_array_equal(line.x, [*range(10), 9, *range(10, 30), 29])
    np.testing.assert_array_equal(
        line.y, [*range(10), np.nan, *range(20), np.nan]
    )
