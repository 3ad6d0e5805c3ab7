"""The chapters of the report's page that hold plots."""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from evaluation.curves import PrecisionRecall, Sensitivity
from evaluation.evidence import ComponentsChoice, FBetaCurve
from evaluation.histogram import Histogram
from evaluation.page import (
    curve_plots,
    document,
    evidence_plots,
    ratio_plots,
)
from evaluation.page.series_plot import MAX_SCORE_ROWS, series_figure
from evaluation.scored_run import ScoredRun

__all__ = [
    "Section",
    "components_section",
    "drift_section",
    "f_beta_section",
    "histogram_section",
    "precision_recall_section",
    "sensitivity_section",
    "series_section",
]

MAX_PANELS = 8


class Section(NamedTuple):
    """A chapter of the page.

    Attributes:
        title: its heading.
        parts: HTML below it; empty = the chapter is left out.
        why_not: the sentence that then stands in its place; "" = none.
    """

    title: str
    parts: list[str]
    why_not: str = ""


def precision_recall_section(
    curves: Mapping[str, PrecisionRecall],
    baseline_names: Collection[str],
    styles: Mapping[str, dict],
) -> Section:
    """One plot of all curves that are defined."""
    title = "Precision and recall"
    drawn = {name: each for name, each in curves.items() if each.recall.size}
    if not drawn:
        why_not = "no row with a score is labelled anomalous."
        return Section(title, [], f"No precision-recall curve: {why_not}")
    dashed = " Baselines are thin and dashed." if baseline_names else ""
    note = (
        f"Over all thresholds.{dashed} An anomaly without a score is missed "
        "at each of them. A click on a name hides its line, a double click "
        "all others."
    )
    figure = curve_plots.precision_recall_figure(drawn, styles)
    return Section(title, [document.paragraph(note), document.figure(figure)])


def sensitivity_section(
    sensitivities: Mapping[str, Sensitivity], styles: Mapping[str, dict]
) -> Section:
    """The figures against the factor of the threshold."""
    title = "Threshold sensitivity"
    drawn = {
        name: each
        for name, each in sensitivities.items()
        if np.isfinite(each.flagged_share).any()
    }
    if not drawn:
        return Section(title, [], "No threshold sensitivity: no row is scored.")
    note = (
        "What the figures would be were the deployed threshold (dashed line) "
        "lower or higher."
    )
    if all(np.isnan(each.recall).all() for each in drawn.values()):
        note += " No row is labelled anomalous: only the flagged share is left."
    figure = curve_plots.sensitivity_figure(drawn, styles)
    return Section(title, [document.paragraph(note), document.figure(figure)])


def histogram_section(histograms: Mapping[str, Histogram]) -> Section:
    """The distribution of the scores, normal against anomalous."""
    title = "Score histogram"
    drawn = {name: each for name, each in histograms.items() if each.edges.size}
    if not drawn:
        return Section(title, [], "No score histogram: no row is scored.")
    drawn, left_out = _first_panels(drawn)
    note = (
        "Rows by score in units of the threshold; from the dashed line on "
        "they are flagged. The first and the last step also hold what lies "
        f"beyond them.{left_out}"
    )
    figure = ratio_plots.histogram_figure(drawn)
    return Section(title, [document.paragraph(note), document.figure(figure)])


def drift_section(
    quantiles: Mapping[str, Mapping[str, tuple[np.ndarray, np.ndarray]]],
) -> Section:
    """How the scores of the splits differ."""
    title = "Drift between splits"
    known = {
        name: {
            split: curve
            for split, curve in by_split.items()
            if np.isfinite(curve[1]).any()
        }
        for name, by_split in quantiles.items()
    }
    drawn = {name: by_split for name, by_split in known.items() if by_split}
    if not drawn:
        return Section(title, [], "No drift: no row of any split is scored.")
    drawn, left_out = _first_panels(drawn)
    note = (
        "The share of the scored rows of each split that lies above a score; "
        "at the dashed line, the share that is flagged. Splits that are alike "
        f"have one curve.{left_out}"
    )
    figure = ratio_plots.drift_figure(drawn)
    return Section(title, [document.paragraph(note), document.figure(figure)])


def f_beta_section(curves: Mapping[str, FBetaCurve]) -> Section:
    """What labelled scores said of each threshold; none without labels."""
    title = "Thresholds by labels"
    if not curves:
        return Section(title, [])
    curves, left_out = _first_panels(dict(curves))
    note = (
        "F-beta of each threshold on the split that it was chosen on; the mark "
        "is the chosen one, in the middle of a gap between scores."
        f"{left_out}"
    )
    figure = evidence_plots.f_beta_figure(curves)
    return Section(title, [document.paragraph(note), document.figure(figure)])


def components_section(found: Mapping[str, ComponentsChoice]) -> Section:
    """What numbers of principal components were chosen from, if any were."""
    title = "Principal components"
    if not found:
        return Section(title, [])
    found, left_out = _first_panels(dict(found))
    note = (
        "What more components explain, and how well they tell a cell from the "
        "others of its row: with too many, a cell is told from the noise. The "
        f"mark is the number in use.{left_out}"
    )
    figure = evidence_plots.components_figure(found)
    return Section(title, [document.paragraph(note), document.figure(figure)])


def series_section(
    title: str,
    shown: Sequence[tuple[str, ScoredRun]],
    feature_names: Sequence[str],
    scored_names: Sequence[str],
) -> Section:
    """Series with their scores, each under its name and caption.

    Args:
        title: what they are.
        shown: captions, whole sentences or "", and series.
        feature_names: names of the columns of `ScoredRun.values`.
        scored_names: names of the columns of the contributions.
    """
    parts = []
    for caption, run in shown:
        parts.append(document.heading(run.series_id, level=3))
        sentences = [caption] if caption else []
        left_out = list(run.views)[MAX_SCORE_ROWS:]
        if left_out:
            names = ", ".join(left_out)
            sentences.append(f"Not drawn: the scores of {names}.")
        if sentences:
            parts.append(document.paragraph(" ".join(sentences)))
        figure = series_figure(run, feature_names, scored_names)
        parts.append(document.figure(figure))
    if not parts:
        return Section(title, [], "No series is drawn: there is none.")
    note = (
        "The features that add most to the score, then the scores. Dragging "
        "zooms all rows, a double click shows all again."
    )
    return Section(title, [document.paragraph(note), *parts])


def _first_panels(named: dict) -> tuple[dict, str]:
    """The detectors that have a place, and a sentence about the others."""
    names = list(named)
    shown, left_out = names[:MAX_PANELS], names[MAX_PANELS:]
    sentence = f" Not drawn: {', '.join(left_out)}." if left_out else ""
    return {name: named[name] for name in shown}, sentence
