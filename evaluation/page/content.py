"""What of a report stands on its page."""

from collections.abc import Iterator

import numpy as np

from evaluation import curves, report_tables
from evaluation.findings import Findings
from evaluation.histogram import histogram
from evaluation.page.page import PageContent
from evaluation.remarks import remarks_on
from evaluation.scored_run import ScoredRun, joined_sequences
from evaluation.threshold_ratios import threshold_ratios

__all__ = ["page_content"]

NUM_WORST = NUM_BEST = 2
NUM_SEQUENCES_SHOWN = 20
# Dense where scores are high: there thresholds lie.
PROBABILITIES = 1 - np.append(np.geomspace(1, 1e-4, 200), 0)


def page_content(found: Findings) -> PageContent:
    """Gathers tables, curves and series."""
    detector = found.models[0].detector
    # One of many seeds stands for all: the spread is in the tables.
    first = {group.members[0]: group for group in found.groups[::-1]}
    judged = {name: found.measured.judged(name) for name in first}
    names = [group.members[0] for group in found.groups]
    labels = found.measured.labels
    of_models = [name for name in dict.fromkeys(names) if name in found.views]
    shown = {
        name: first[name].name if first[name].is_baseline else name
        for name in names
    }
    return PageContent(
        title=f"{found.title} on {found.data.split}",
        remarks=remarks_on(found),
        summary=report_tables.summary_table(found),
        tables=[
            *(
                [report_tables.series_table(found)]
                if found.sample == "step"
                else []
            ),
            report_tables.figures_table(found),
            *(
                [report_tables.pooled_table(found)]
                if found.sample == "step" and found.has_labels
                else []
            ),
            report_tables.drift_table(found),
        ],
        curves={
            shown[name]: curves.precision_recall(judged[name].scores, labels)
            for name in dict.fromkeys(names)
        },
        baseline_names=[
            group.name for group in found.groups if group.is_baseline
        ],
        sensitivities={
            name: curves.sensitivity(
                judged[name].scores, judged[name].threshold, labels
            )
            for name in of_models
        },
        histograms={
            name: histogram(
                threshold_ratios(judged[name].scores, judged[name].threshold),
                labels,
            )
            for name in of_models
        },
        quantiles=_quantiles(found),
        events=report_tables.events_table(found),
        shown=list(_shown(found)),
        feature_names=detector.feature_names,
        scored_names=detector.scored_names,
        parameters=report_tables.parameters_table(found),
    )


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


def _shown(found: Findings) -> Iterator[tuple[str, ScoredRun]]:
    """The worst and the best series; without labels, the most flagged."""
    scored = found.measured.scored
    if found.sample == "sequence":
        joined = joined_sequences(scored, NUM_SEQUENCES_SHOWN)
        yield joined.series_id, joined
        return
    name = found.first_view
    figure = "vus_pr" if found.has_labels else "flagged_share"
    order = found.series_by_figure(name, figure)
    if found.has_labels:
        chosen = [*order[:NUM_WORST], *order[NUM_WORST:][-NUM_BEST:]]
    else:
        chosen = order[::-1][: NUM_WORST + NUM_BEST]
    for position in chosen or range(min(len(scored), 1)):
        value = found.measured.rated[position].figures[name][figure]
        told = (
            f"VUS-PR {value:.3f} of the {name}"
            if found.has_labels
            else f"{value:.1%} flagged by the {name}"
        )
        yield f"{scored[position].series_id}: {told}", scored[position]
