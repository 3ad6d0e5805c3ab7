import numpy as np

from evaluation.curves import precision_recall, sensitivity
from evaluation.page.curve_plots import (
    line_styles,
    precision_recall_figure,
    sensitivity_figure,
)

SCORES = np.arange(10.0)
LABELS = (np.arange(10) > 7).astype(int)


def test_models_are_solid_and_baselines_thin_and_dashed():
    """Catches a baseline that looks like a model."""
    styles = line_styles(["model", "noise", "other"], ["noise"])
    assert styles["model"]["dash"] == styles["other"]["dash"] == "solid"
    assert styles["noise"]["dash"] != "solid"
    assert styles["noise"]["width"] < styles["model"]["width"]


def test_each_detector_has_a_line_of_its_own():
    """Catches two detectors that look alike, and names that get lost."""
    names = [f"model {n}" for n in range(12)] + [f"noise {n}" for n in range(5)]
    styles = line_styles(names, names[12:])
    assert list(styles) == names
    looks = {tuple(sorted(style.items())) for style in styles.values()}
    assert len(looks) == len(names)


def test_precision_holds_back_to_the_point_before():
    """Catches straight lines between points, which no threshold reaches."""
    curve = precision_recall(SCORES, LABELS)
    figure = precision_recall_figure({"<b>": curve}, line_styles(["<b>"]))
    [line] = figure.data
    assert line.line.shape == "vh" and line.name == "&lt;b&gt;"
    np.testing.assert_allclose(line.y, curve.precision)


def test_a_row_for_each_figure_and_one_legend_entry():
    """Catches a legend that names a detector once for each row."""
    result = sensitivity(SCORES, np.full(10, 5.0), LABELS)
    figure = sensitivity_figure({"m": result}, line_styles(["m"]))
    assert [each.text for each in figure.layout.annotations] == [
        "F1",
        "precision",
        "recall",
        "flagged share of the scored rows",
    ]
    assert [trace.showlegend for trace in figure.data] == [True] + [False] * 3
    np.testing.assert_allclose(figure.data[1].y, result.precision, rtol=1e-6)
    assert figure.layout.shapes[0].x0 == 1


def test_rows_that_are_not_defined_are_left_out():
    """Catches empty rows where nothing is labelled."""
    result = sensitivity(SCORES, np.full(10, 5.0), np.zeros(10, int))
    figure = sensitivity_figure({"m": result}, line_styles(["m"]))
    assert len(figure.data) == len(figure.layout.annotations) == 1
    np.testing.assert_allclose(figure.data[0].y, result.flagged_share)
