"""Measures an exported model on a split: a table, numbers, one HTML page."""

import dataclasses
import json
import os
import sys
from collections.abc import Mapping, Sequence
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
with series, scores and labels to report.html, which needs no network; of a
--split other than test, to figures-SPLIT.json and report-SPLIT.html. Where
labels are per sequence, the largest score of a sequence is its score. An
anomaly that could not be scored counts as missed.
"""


@dataclasses.dataclass(frozen=True)
class ReportSettings(Settings):
    """Report."""

    model: str = setting("", "folder of the exported model, required")
    data_dir: str = setting("", "folder that preprocessing wrote, required")
    split: str = setting("test", "split to measure on", choices=SPLITS)
    series: tuple[str, ...] = setting(
        (), "series ids to measure; empty = those the model learned from"
    )
    output: str = setting(
        "",
        "page to write; empty = report.html beside the model, or "
        "report-SPLIT.html of another split than test",
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
    from evaluation import measuring
    from inference.scoring import LoadedDetector

    detector = LoadedDetector(settings.model)
    _check_fit(detector, schema)
    measured = measuring.measure(
        detector, settings.data_dir, schema, settings.split, settings.series
    )
    remarks = _remarks(settings, detector, measured)
    _print_table(remarks, measured)
    _write(settings, detector, measured, remarks)


def _write(
    settings: ReportSettings,
    detector: Any,
    measured: Any,
    remarks: Sequence[str],
) -> None:
    """Writes the page, and the numbers beside it."""
    from evaluation import figures, page

    # Numbers of another split must not pass for those of the test.
    suffix = "" if settings.split == "test" else f"-{settings.split}"
    output = settings.output or os.path.join(
        _parent(settings.model), f"report{suffix}.html"
    )
    text = page.make_page(
        f"{detector.model_id} on {settings.split}",
        remarks,
        figures.HEADER,
        figures.table_rows(measured.figures),
        measured.shown,
        detector.feature_names,
        detector.scored_names,
    )
    storage.write_text(output, text)
    numbers = {
        "model_id": detector.model_id,
        "version": detector.version,
        "data_dir": settings.data_dir,
        "split": settings.split,
        "series": measured.series,
        "calibration": detector.calibration,
        **figures.to_json(measured.figures),
    }
    numbers_path = os.path.join(
        os.path.dirname(output), f"figures{suffix}.json"
    )
    storage.write_text(numbers_path, json.dumps(numbers, indent=1) + "\n")
    print(f"Page: {output}\nNumbers: {numbers_path}")


def _parent(folder: str) -> str:
    folder = storage.resolved(folder)
    if storage.is_remote(folder):
        # What os.path.normpath makes of gs:// is no bucket any more.
        return os.path.dirname(folder.rstrip("/"))
    return os.path.dirname(os.path.normpath(folder))


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


def _remarks(
    settings: ReportSettings, detector: Any, measured: Any
) -> list[str]:
    from evaluation.measuring import first_of

    sample, always = measured.figures.sample, measured.figures.always
    only = f", series {first_of(measured.series)}" if measured.series else ""
    return [
        f"Model {detector.model_id}, version {detector.version}; split "
        f"{settings.split} of {settings.data_dir}{only}.",
        f"{always.num_rows:,} labelled {sample}s, "
        f"{always.num_anomalous:,} anomalous. Each {sample} counts "
        "once; thresholds are those stored in the model. Random scores flag "
        "as many as the view they are named for.",
        *_split_remarks(settings.split, always.num_rows),
        *_calibration_remarks(detector.calibration),
    ]


def _split_remarks(split: str, num_labelled: int) -> list[str]:
    """What makes the figures of this split better than they are, or none."""
    remarks = []
    if split != "test":
        remarks.append(
            f"The model has learned from the split {split}, or been tuned on "
            "it: these figures flatter. Those of the split test count."
        )
    if not num_labelled:
        remarks.append(
            f"No labels in split {split}: precision, recall, F1 and AUC-PR "
            "cannot be computed."
        )
    return remarks


def _calibration_remarks(told: Mapping[str, str]) -> list[str]:
    statistics, tuning = told.get("statistics"), told.get("tuning")
    if not statistics or not tuning:
        return []
    remark = (
        f"Error statistics come from the split {statistics}, thresholds from "
        f"{tuning} (rule {told.get('rule', 'not told')})."
    )
    if "train" in (statistics, tuning):
        remark += (
            " The network has learned from train: there, errors look smaller "
            "than they are."
        )
    return [remark]


def _print_table(remarks: Sequence[str], measured: Any) -> None:
    from rich.console import Console
    from rich.table import Table

    from evaluation import figures

    console = Console()
    for remark in remarks:
        console.print(remark, markup=False, highlight=False)
    table = Table(*figures.HEADER)
    for column in table.columns[1:]:
        column.justify = "right"
    for row in figures.table_rows(measured.figures):
        table.add_row(*row)
    console.print(table)


if __name__ == "__main__":
    sys.exit(main())
