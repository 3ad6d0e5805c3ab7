"""Plots of what was chosen, and from what."""

import numpy as np

from evaluation.evidence import ComponentsChoice, FBetaCurve
from evaluation.page.evidence_plots import components_figure, f_beta_figure


def points(trace):
    return list(map(float, trace.x)), list(map(float, trace.y))


def test_the_mark_is_on_the_curve():
    """Catches a mark at another height than the chosen threshold's."""
    levels = np.array([1.0, 2.0, 4.0])
    curve = FBetaCurve(levels, np.array([0.0, 1.0, 0.5]), 3.0, 2.0)
    figure = f_beta_figure({"a": curve, "b": curve._replace(chosen=2.0)})
    lines = [points(trace) for trace in figure.data]
    assert lines[1] == ([3.0], [0.75])
    assert lines[3] == ([2.0], [1.0])
    assert figure.data[2].yaxis == "y2"


def test_two_rows_for_each_view_with_components():
    """Catches the error drawn as a share, and a mark off by one."""
    shares, errors = np.array([0.0, 0.7, 0.9]), np.array([1.0, 0.4, np.nan])
    figure = components_figure({"a": ComponentsChoice(shares, errors, 1)})
    share, marked_share, error, marked_error = map(points, figure.data)
    np.testing.assert_allclose(share[1], shares, rtol=1e-6)
    np.testing.assert_allclose(error[1], errors, rtol=1e-6)
    assert marked_share[0] == marked_error[0] == [1.0]
    np.testing.assert_allclose(marked_error[1], [0.4], rtol=1e-6)
