"""One HTML page without network: tables, curves, and series with scores."""

import dataclasses
from collections.abc import Collection, Mapping, Sequence

import numpy as np

from evaluation.curves import PrecisionRecall, Sensitivity
from evaluation.evidence import ComponentsChoice, FBetaCurve
from evaluation.histogram import Histogram
from evaluation.page import document
from evaluation.page.curve_plots import line_styles
from evaluation.page.sections import (
    Section,
    components_section,
    drift_section,
    f_beta_section,
    histogram_section,
    precision_recall_section,
    sensitivity_section,
    series_section,
)
from evaluation.scored_run import ScoredRun
from evaluation.tables import Table

__all__ = ["PageContent", "make_page"]

MAX_ROWS = 200


@dataclasses.dataclass(frozen=True)
class PageContent:
    """All that the page shows, as plain text and numbers.

    Attributes:
        title: of the page.
        remarks: paragraphs below it.
        summary: the table above all.
        tables: further tables, in order.
        curves: detector to its curve; empty curves are not drawn.
        baseline_names: those of `curves` that are baselines.
        sensitivities: detector to its figures.
        histograms: detector to its counts; empty ones are not drawn.
        quantiles: detector to split to probabilities `[point]` and the
            quantiles of score / threshold at them.
        f_beta_curves: view to what labels chose its threshold from.
        components: view to what its principal components were chosen from.
        events: the most anomalous events.
        shown_title: what the series in `shown` are, as a heading.
        shown: captions, whole sentences or "", and series to draw.
        feature_names: names of the columns of `ScoredRun.values`.
        scored_names: names of the columns of the contributions.
        parameters: of metrics and models.
    """

    title: str
    remarks: Sequence[str]
    summary: Table
    tables: Sequence[Table]
    curves: Mapping[str, PrecisionRecall]
    baseline_names: Collection[str]
    sensitivities: Mapping[str, Sensitivity]
    histograms: Mapping[str, Histogram]
    quantiles: Mapping[str, Mapping[str, tuple[np.ndarray, np.ndarray]]]
    f_beta_curves: Mapping[str, FBetaCurve]
    components: Mapping[str, ComponentsChoice]
    events: Table
    shown_title: str
    shown: Sequence[tuple[str, ScoredRun]]
    feature_names: Sequence[str]
    scored_names: Sequence[str]
    parameters: Table


def make_page(content: PageContent) -> str:
    """Makes the page; every text is escaped.

    Args:
        content: what it shows. What is empty is left out, with a sentence
            that says why.
    """
    sections = _sections(content)
    names = [
        f"part-{number}" if section.parts else ""
        for number, section in enumerate(sections)
    ]
    entries = [
        (section.title, name)
        for section, name in zip(sections, names, strict=True)
        if name
    ]
    parts = [*map(document.paragraph, content.remarks)]
    parts.append(document.contents(entries))
    for section, name in zip(sections, names, strict=True):
        if name:
            parts += [document.heading(section.title, name), *section.parts]
        elif section.why_not:
            parts.append(document.paragraph(section.why_not))
    return document.document(content.title, parts)


def _sections(content: PageContent) -> list[Section]:
    """All chapters in their order, empty ones too."""
    styles = line_styles(
        list(dict.fromkeys([*content.curves, *content.sensitivities])),
        content.baseline_names,
    )
    return [
        _table_section(content.summary),
        precision_recall_section(
            content.curves, content.baseline_names, styles
        ),
        sensitivity_section(content.sensitivities, styles),
        histogram_section(content.histograms),
        series_section(
            content.shown_title,
            content.shown,
            content.feature_names,
            content.scored_names,
        ),
        _table_section(content.events),
        *map(_table_section, content.tables),
        drift_section(content.quantiles),
        f_beta_section(content.f_beta_curves),
        components_section(content.components),
        _table_section(content.parameters),
    ]


def _table_section(table: Table) -> Section:
    if not table.rows:
        return Section(table.title, [], f"{table.title}: nothing to show.")
    parts = [document.paragraph(table.note)] if table.note else []
    num_left_out = len(table.rows) - MAX_ROWS
    if num_left_out > 0:
        note = (
            f"The first {MAX_ROWS:,} of {len(table.rows):,} rows; "
            "metrics.json has all."
        )
        parts.append(document.paragraph(note))
    rows = table.rows[:MAX_ROWS]
    parts.append(document.table(table.header, rows, table.has_words))
    return Section(table.title, parts)
