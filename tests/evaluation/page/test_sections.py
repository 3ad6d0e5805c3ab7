import numpy as np
from report_pages import random_run

from evaluation.curves import PrecisionRecall, sensitivity
from evaluation.histogram import histogram
from evaluation.page import sections
from evaluation.page.curve_plots import line_styles

PROBABILITIES = np.array([0.0, 1.0])
KNOWN = PROBABILITIES, np.array([0.5, 2.0])
UNKNOWN = PROBABILITIES, np.full(2, np.nan)


def test_curves_that_are_not_defined_are_left_out():
    """Catches a legend entry without a line, and a promise of baselines."""
    curve = PrecisionRecall(np.array([0.0, 1.0]), np.array([1.0, 1.0]))
    empty = PrecisionRecall(np.empty(0), np.empty(0))
    curves = {"known": curve, "nobody": empty}
    styles = line_styles(list(curves))
    section = sections.precision_recall_section(curves, [], styles)
    text = "".join(section.parts)
    assert "known" in text and "nobody" not in text
    assert "Baselines" not in text
    section = sections.precision_recall_section(curves, ["known"], styles)
    assert "Baselines are thin" in section.parts[0]


def test_sensitivity_says_what_is_left_without_labels():
    """Catches a note about figures that are not drawn."""
    for label, is_told in ((-1, True), (1, False)):
        each = sensitivity([1.0, 3.0], [2.0, 2.0], [label, 0])
        section = sections.sensitivity_section({"m": each}, line_styles(["m"]))
        assert ("only the flagged share" in section.parts[0]) == is_told


def test_only_so_many_panels_are_drawn():
    """Catches a histogram of fifty rows, and detectors lost in silence."""
    counts = histogram([0.5, 2.0], [0, 1])
    empty = histogram([], [])
    named = {"empty": empty} | {f"view {n}": counts for n in range(9)}
    note, drawn = sections.histogram_section(named).parts
    assert note.endswith("Not drawn: view 8.</p>")
    assert "view 7" in drawn and "view 8" not in drawn
    assert "empty" not in drawn


def test_splits_that_are_not_known_are_left_out():
    """Catches a curve of NaN, which has no smallest value."""
    quantiles = {"a": {"train": UNKNOWN, "test": KNOWN}, "b": {"test": UNKNOWN}}
    [_, drawn] = sections.drift_section(quantiles).parts
    assert '"name":"test"' in drawn and '"name":"train"' not in drawn
    assert sections.drift_section({"b": {"test": UNKNOWN}}).parts == []


def test_a_series_without_a_caption_has_no_empty_paragraph():
    """Catches an empty line between a series and its plot."""
    names = list("abcde")
    section = sections.series_section(
        "A title", [("", random_run(20))], names, names[1:]
    )
    assert section.title == "A title"
    assert section.parts[1] == "<h3>series</h3>"
    assert len(section.parts) == 3
    assert sections.series_section("A title", [], names, names[1:]).why_not
