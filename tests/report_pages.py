"""Content of report pages, made of random series."""

import numpy as np

from evaluation.curves import precision_recall, sensitivity
from evaluation.histogram import histogram
from evaluation.page.page import PageContent, Table
from evaluation.scored_run import ScoredRun
from inference.results import StepScores

NUM_FEATURES = 5


def random_run(num_steps, name="series", views=("time",), has_times=False):
    """A series with one event, a third of the way on, that is found."""
    generator = np.random.default_rng(0)
    labels = np.zeros(num_steps, np.int8)
    labels[num_steps // 3 : num_steps // 3 + 3] = 1
    scores = {}
    for view in views:
        score = generator.random(num_steps) + 9 * labels
        score[: num_steps // 10] = np.nan
        scores[view] = StepScores(
            score,
            np.full(num_steps, 0.95),
            np.nan_to_num(score) >= 0.95,
            ~np.isnan(score),
            generator.random((num_steps, NUM_FEATURES - 1)) * [1, 5, 2, 3],
        )
    times = 1_600_000_000_000_000 + np.arange(num_steps) * 60_000_000
    return ScoredRun(
        series_id=name,
        start=0,
        values=generator.random((num_steps, NUM_FEATURES)).astype("f4"),
        labels=labels,
        sequence_label=-1,
        timestamps=times if has_times else None,
        views=scores,
    )


def page_content(runs, title="title", names=None, baseline="baseline"):
    """All that a page can show of these series, and a baseline."""
    names = names or [f"feature_{number}" for number in range(NUM_FEATURES)]
    labels = np.concatenate([run.labels for run in runs])
    scores, thresholds = {}, {}
    for view in runs[0].views:
        scores[view], thresholds[view] = (
            np.concatenate([getattr(run.views[view], field) for run in runs])
            for field in ("score", "threshold")
        )
    noise = np.random.default_rng(1).random(len(labels))
    curves = {each: precision_recall(scores[each], labels) for each in scores}
    probability = np.linspace(0, 1, 50)
    ratios = {each: scores[each] / thresholds[each] for each in scores}
    return PageContent(
        title=title,
        remarks=[f"Remark about {title}."],
        summary=Table("Summary", "A note.", ["", "F1"], [(title, "0.5")]),
        tables=[Table("Each series", "", ["series", "F1"], [(title, "0.5")])],
        curves=curves | {baseline: precision_recall(noise, labels)},
        baseline_names=[baseline],
        sensitivities={
            each: sensitivity(scores[each], thresholds[each], labels)
            for each in scores
        },
        histograms={each: histogram(ratios[each], labels) for each in ratios},
        quantiles={
            each: {
                split: (
                    probability,
                    np.nanquantile(ratio, probability) * factor,
                )
                for split, factor in (("statistics", 1.0), ("test", 1.2))
            }
            for each, ratio in ratios.items()
        },
        events=Table("Most anomalous events", "", ["series"], [(title,)], True),
        shown=[(f"Caption {n}.", run) for n, run in enumerate(runs)],
        feature_names=names,
        scored_names=names[1:],
        parameters=Table("Parameters", "", ["name"], [("seeds",)], True),
    )


def empty_content(title="nothing"):
    """A page of a data set in which nothing is scored."""
    nothing = Table("Summary", "", ["", "F1"], [])
    return PageContent(
        title=title,
        remarks=[],
        summary=nothing,
        tables=[],
        curves={},
        baseline_names=(),
        sensitivities={},
        histograms={},
        quantiles={},
        events=Table("Most anomalous events", "", [], []),
        shown=[],
        feature_names=[],
        scored_names=[],
        parameters=Table("Parameters", "", [], []),
    )
