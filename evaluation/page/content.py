"""What of a report stands on its page."""

import math

import numpy as np

from evaluation import curves, evidence, report_tables
from evaluation.columns import NOT_DEFINED
from evaluation.figures import Judged
from evaluation.findings import Findings
from evaluation.histogram import Histogram, histogram
from evaluation.page.page import PageContent
from evaluation.remarks import remarks_on
from evaluation.scored_run import ScoredRun, joined_sequences
from evaluation.tables import Table
from evaluation.threshold_ratios import threshold_ratios

__all__ = ["page_content"]

NUM_WORST = NUM_BEST = 2
NUM_SEQUENCES_SHOWN = 20
# Dense where scores are high: there thresholds lie.
PROBABILITIES = 1 - np.append(np.geomspace(1, 1e-4, 200), 0)


def page_content(found: Findings) -> PageContent:
    """Gathers tables, curves and series."""
    detector = found.models[0].detector
    shown_title, shown = _shown(found)
    return PageContent(
        title=f"{found.title} on {found.data.split}",
        remarks=remarks_on(found),
        summary=report_tables.summary_table(found),
        tables=_tables(found),
        curves=_curves(found),
        baseline_names=[
            group.name for group in found.groups if group.is_baseline
        ],
        sensitivities=_sensitivities(found),
        histograms=_histograms(found),
        quantiles=_quantiles(found),
        f_beta_curves=evidence.f_beta_curves(found.models),
        components=evidence.components(found.models),
        events=report_tables.events_table(found),
        shown_title=shown_title,
        shown=shown,
        feature_names=detector.feature_names,
        scored_names=detector.scored_names,
        parameters=report_tables.parameters_table(found),
    )


def _tables(found: Findings) -> list[Table]:
    has_series = found.sample == "step"
    tables = []
    if has_series:
        tables.append(report_tables.series_table(found))
    tables.append(report_tables.figures_table(found))
    # One series is the heap.
    if has_series and found.has_labels and len(found.measured.subjects) > 1:
        tables.append(report_tables.pooled_table(found))
    thresholds = evidence.thresholds_table(found.models)
    # Older models do not tell.
    if thresholds.rows:
        tables.append(thresholds)
    tables.append(report_tables.drift_table(found))
    return tables


def _curves(found: Findings) -> dict[str, curves.PrecisionRecall]:
    """Curves of all views, and of one seed of each baseline."""
    judged = _judged_views(found)
    for group in found.groups:
        if group.is_baseline:
            # The spread over seeds is in the tables.
            judged[group.name] = found.measured.judged(group.members[0])
    labels = found.measured.labels
    return {
        name: curves.precision_recall(each.scores, labels)
        for name, each in judged.items()
    }


def _sensitivities(found: Findings) -> dict[str, curves.Sensitivity]:
    labels = found.measured.labels
    return {
        view: curves.sensitivity(each.scores, each.threshold, labels)
        for view, each in _judged_views(found).items()
    }


def _histograms(found: Findings) -> dict[str, Histogram]:
    labels = found.measured.labels
    return {
        view: histogram(threshold_ratios(each.scores, each.threshold), labels)
        for view, each in _judged_views(found).items()
    }


def _judged_views(found: Findings) -> dict[str, Judged]:
    return {view: found.measured.judged(view) for view in found.views}


def _quantiles(
    found: Findings,
) -> dict[str, dict[str, tuple[np.ndarray, np.ndarray]]]:
    curves_of = {}
    for view, splits in found.splits.items():
        curves_of[view] = {}
        for split, each in splits.items():
            ratios = threshold_ratios(each.scores, each.thresholds)
            ratios = ratios[np.isfinite(ratios)]
            if ratios.size:
                levels = np.quantile(ratios, PROBABILITIES)
                curves_of[view][split] = PROBABILITIES, levels
    return curves_of


def _shown(found: Findings) -> tuple[str, list[tuple[str, ScoredRun]]]:
    """A heading, and captions and series: the worst and the best.

    Without labels, the most flagged ones.
    """
    scored = found.measured.scored
    if found.sample == "sequence":
        joined = joined_sequences(scored, NUM_SEQUENCES_SHOWN)
        return "Sequences", [("", joined)]
    figure = "vus_pr" if found.has_labels else "flagged_share"
    order = found.series_by_figure(found.first_view, figure)
    if len(scored) == 1 or not order:
        title = "The series" if len(scored) == 1 else "The first series"
        chosen = [0]
    elif found.has_labels:
        title = "Worst and best series"
        chosen = [*order[:NUM_WORST], *order[NUM_WORST:][-NUM_BEST:]]
    else:
        title = "Most flagged series"
        chosen = order[::-1][: NUM_WORST + NUM_BEST]
    return title, [
        (_caption(found, position, figure), scored[position])
        for position in chosen
    ]


def _caption(found: Findings, position: int, figure: str) -> str:
    """The figure that a series was chosen by, as a sentence."""
    view = found.first_view
    if not found.measured.scored[position].views[view].is_scored.any():
        return "No row could be scored."
    value = found.measured.rated[position].figures[view][figure]
    if not found.has_labels:
        return f"{value:.1%} of the scored rows flagged by the {view}."
    text = NOT_DEFINED if math.isnan(value) else f"{value:.3f}"
    return f"VUS-PR of the {view}: {text}."
