"""Content of report pages, made of random series, and real reports."""

import numpy as np
import pytest
from data_sets import feature_of
from fake_model import save_fake_model

from evaluation import findings, report, splits
from evaluation.curves import precision_recall, sensitivity
from evaluation.evidence import ComponentsChoice, FBetaCurve
from evaluation.histogram import histogram
from evaluation.page.page import PageContent
from evaluation.scored_run import ScoredRun
from evaluation.tables import Table
from inference.results import StepScores
from trainer.runs import Run
from trainer.schema import SPLITS, Schema, Split

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
            np.full((num_steps, NUM_FEATURES - 1), np.nan),
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
        f_beta_curves={
            each: FBetaCurve(probability, 1 - probability**2, 0.5, 2.0)
            for each in scores
        },
        components={
            each: ComponentsChoice(
                np.array([0.0, 0.7, 0.9]), np.array([1.0, 0.4, np.nan]), 1
            )
            for each in scores
        },
        events=Table("Most anomalous events", "", ["series"], [(title,)], True),
        shown_title="Worst and best series",
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
        f_beta_curves={},
        components={},
        events=Table("Most anomalous events", "", [], []),
        shown_title="The series",
        shown=[],
        feature_names=[],
        scored_names=[],
        parameters=Table("Parameters", "", [], []),
    )


def labelled_runs(names, labels=(0, 1), num_steps=200):
    """Series with an event in the middle, less clear the later the series.

    Rows get the first label, those of the event the second.
    """
    generator = np.random.default_rng(4)
    runs = []
    for number, name in enumerate(names, 1):
        values = generator.normal(size=(num_steps, 3)).astype("f4")
        row_labels = np.full(num_steps, labels[0], np.int8)
        event = slice(num_steps // 2, num_steps // 2 + 4)
        values[event] += 20 / number
        row_labels[event] = labels[1]
        runs.append(Run(name, 0, values, row_labels))
    return runs


def labelled_sequences(labels):
    """Sequences of four steps, the anomalous ones larger."""
    generator = np.random.default_rng(4)
    values = generator.normal(size=(len(labels), 4, 3)).astype("f4")
    return [
        Run(f"sequence {n}", 0, each + 9 * (label == 1), sequence_label=label)
        for n, (each, label) in enumerate(zip(values, labels, strict=True))
    ]


def reported(folder, runs):
    """Has a fake model reported on runs that test and tuning hold.

    Returns:
        The findings and the page.
    """
    label_kind = "sequence" if runs[0].labels is None else "step"
    length = 4 if label_kind == "sequence" else 5
    model = save_fake_model(
        folder / "model", label_kind=label_kind, window_length=length
    )
    data = folder / "data"
    data.mkdir()
    schema = Schema(
        features=tuple(feature_of(name, np.arange(3.0)) for name in "abc"),
        splits={
            name: Split(rows=int(name in ("test", "tuning"))) for name in SPLITS
        },
        label_kind=label_kind,
        sequence_length=4 if label_kind == "sequence" else 0,
        reader={"format": "csv"},
    )
    (data / "schema.json").write_text(schema.to_json())
    found, find = [], findings.find
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            splits,
            "read_runs",
            lambda folder, schema, split, series=(): (
                list(runs) if split in ("test", "tuning") else []
            ),
        )
        patch.setattr(
            findings,
            "find",
            lambda *given: found.append(find(*given)) or found[0],
        )
        flags = [f"--model={model}", f"--data={data}", "--num_processes=1"]
        assert report.main(flags) == 0
    return found[0], (folder / "report" / "report.html").read_text()
