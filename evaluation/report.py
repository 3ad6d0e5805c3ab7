"""Measures an exported model on a split: a table, numbers, one HTML page."""

import dataclasses
import json
import os
import sys
from collections.abc import Sequence
from typing import Any

from trainer import storage
from trainer.config import Settings, setting
from trainer.flags import parse_settings, run_command
from trainer.schema import SPLITS, Schema

__all__ = ["ReportSettings", "main"]

DESCRIPTION = """\
Measures an exported model on a split it has not learned from.

  python -m evaluation.report --model run/model --data_dir data

Prints precision, recall, F1 and AUC-PR beside two trivial detectors, a random
score and flagging everything; writes the numbers to figures.json and a page
with series, scores and labels to report.html, which needs no network. Where
labels are per sequence, the largest score of a sequence is its score. An
anomaly that could not be scored counts as missed.
"""
NUM_SERIES_SHOWN = 4
NUM_SEQUENCES_SHOWN = 20


@dataclasses.dataclass(frozen=True)
class ReportSettings(Settings):
    """Report."""

    model: str = setting("", "folder of the exported model, required")
    data_dir: str = setting("", "folder that preprocessing wrote, required")
    split: str = setting("test", "split to measure on", choices=SPLITS)
    output: str = setting(
        "", "page to write; empty = report.html beside the model"
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line; returns its exit code."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    return run_command(lambda: _report(_parse(argv)))


def _parse(argv: Sequence[str] | None) -> ReportSettings:
    return parse_settings(
        ReportSettings,
        argv,
        "evaluation.report",
        DESCRIPTION,
        ("model", "data_dir"),
    )


def _report(settings: ReportSettings) -> None:
    schema = Schema.load(settings.data_dir)
    # Loading TensorFlow takes seconds: only once the paths are known good.
    from evaluation import figures, page, scored_runs
    from inference.scoring import LoadedDetector
    from trainer import dataset

    detector = LoadedDetector(settings.model)
    _check_fit(detector, schema)
    runs = dataset.read_runs(settings.data_dir, schema, settings.split)
    if not runs:
        raise ValueError(
            f"`split` must hold rows. Received: split={settings.split}, "
            f"which is empty in {settings.data_dir}. Preprocess with a "
            f"larger --{settings.split}_fraction or name another split."
        )
    scored = scored_runs.score_runs(detector, runs)
    is_sequences = detector.takes_sequences
    sample = "sequence" if is_sequences else "step"
    take = (
        figures.samples_of_sequences
        if is_sequences
        else figures.samples_of_steps
    )
    result = figures.compare(
        {view: take(scored, view) for view in detector.views}, sample
    )
    shown = (
        [scored_runs.joined_sequences(scored, NUM_SEQUENCES_SHOWN)]
        if is_sequences
        else scored_runs.most_telling(scored, NUM_SERIES_SHOWN)
    )
    remarks = _remarks(settings, detector, result)
    rows = list(figures.table_rows(result))
    _print_table(remarks, figures.HEADER, rows)
    output = settings.output or os.path.join(
        os.path.dirname(os.path.normpath(settings.model)), "report.html"
    )
    storage.write_text(
        output,
        page.make_page(
            f"{detector.model_id} on {settings.split}",
            remarks,
            figures.HEADER,
            rows,
            shown,
            detector.feature_names,
            detector.scored_names,
        ),
    )
    numbers = {
        "model_id": detector.model_id,
        "version": detector.version,
        "data_dir": settings.data_dir,
        "split": settings.split,
        **figures.to_json(result),
    }
    numbers_path = os.path.join(os.path.dirname(output), "figures.json")
    storage.write_text(numbers_path, json.dumps(numbers, indent=1) + "\n")
    print(f"Page: {output}\nNumbers: {numbers_path}")


def _check_fit(detector: Any, schema: Schema) -> None:
    if detector.feature_names != schema.feature_names:
        raise ValueError(
            "`data_dir` must have the model's columns "
            f"{', '.join(detector.feature_names)}. Received: "
            f"{', '.join(schema.feature_names)}. Name the data set that the "
            "model was trained on, or one preprocessed alike."
        )
    is_sequences = schema.label_kind == "sequence"
    if detector.takes_sequences != is_sequences:
        raise ValueError(
            "`data_dir` must be labelled as the model's data was, "
            f"{detector.label_kind}. Received: {schema.label_kind}. Name the "
            "data set that the model was trained on."
        )


def _remarks(settings: ReportSettings, detector: Any, result: Any) -> list[str]:
    always = result.always
    return [
        f"Model {detector.model_id}, version {detector.version}; split "
        f"{settings.split} of {settings.data_dir}.",
        f"{always.num_rows:,} labelled {result.sample}s, "
        f"{always.num_anomalous:,} anomalous. Each {result.sample} counts "
        "once; thresholds are those stored in the model. Random scores flag "
        "as many as the view they are named for.",
    ]


def _print_table(
    remarks: Sequence[str],
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    for remark in remarks:
        console.print(remark, markup=False, highlight=False)
    table = Table(*header)
    for column in table.columns[1:]:
        column.justify = "right"
    for row in rows:
        table.add_row(*row)
    console.print(table)


if __name__ == "__main__":
    sys.exit(main())
