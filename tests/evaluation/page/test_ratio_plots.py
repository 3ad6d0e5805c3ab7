import numpy as np
import pytest

from evaluation.histogram import histogram
from evaluation.page.ratio_plots import drift_figure, histogram_figure

RATIOS = np.array([0.01, 0.5, 0.5, 3.0])
PROBABILITY = np.array([0.0, 0.5, 1.0])


def test_a_histogram_shows_the_labels_that_occur():
    """Catches counts of one label drawn as another's."""
    counts = histogram(RATIOS, [0, 0, 0, 1])
    figure = histogram_figure({"m": counts})
    assert [trace.name for trace in figure.data] == ["normal", "anomalous"]
    for trace, expected in zip(figure.data, counts[1:3], strict=True):
        assert trace.customdata[:-1].tolist() == expected.tolist()
        is_empty = trace.customdata == 0
        assert (trace.y[~is_empty] == trace.customdata[~is_empty]).all()
        # Below the axis, which ends under a count of one.
        lowest = 10 ** figure.layout.yaxis.range[0]
        assert (trace.y[is_empty] < lowest).all() and lowest < 1


def test_each_row_has_its_own_axis_and_threshold():
    """Catches a log axis for scores that can be zero."""
    figure = histogram_figure(
        {
            "log": histogram(RATIOS, [0] * 4),
            "linear": histogram(RATIOS - 0.01, [0] * 4),
        }
    )
    assert figure.layout.xaxis.type == "log"
    assert figure.layout.xaxis2.type == "linear"
    assert [shape.xref for shape in figure.layout.shapes] == ["x", "x2"]
    assert [trace.showlegend for trace in figure.data] == [True, False]


def test_drift_shows_the_share_above_each_score():
    """Catches the share below, and a last point at a share of zero."""
    ratio = np.array([0.1, 0.4, 2.0])
    figure = drift_figure({"m": {"test": (PROBABILITY, ratio)}})
    [line] = figure.data
    assert line.x.tolist() == ratio.tolist()
    np.testing.assert_array_equal(line.y, [1.0, 0.5, np.nan])
    assert figure.layout.xaxis.type == figure.layout.yaxis.type == "log"


def test_a_split_looks_alike_in_all_rows():
    """Catches colours by position where a detector lacks a split."""
    curve = (PROBABILITY, np.array([0.0, np.inf, np.nan]))
    figure = drift_figure(
        {"a": {"train": curve, "test": curve}, "b": {"test": curve}}
    )
    first, second = (trace for trace in figure.data if trace.name == "test")
    assert first.line.color == second.line.color
    assert (first.showlegend, second.showlegend) == (True, False)
    assert figure.layout.xaxis.type == "linear"


@pytest.mark.parametrize("lowest", [1e-3, 1e-300])
def test_ticks_of_a_log_axis_are_few(lowest):
    """Catches a digit at each of nine steps, and hundreds of decades."""
    ratio = np.array([lowest, 0.1, 1.0])
    figure = drift_figure({"m": {"test": (PROBABILITY, ratio)}})
    assert figure.layout.xaxis.dtick == (1 if lowest == 1e-3 else 50)
