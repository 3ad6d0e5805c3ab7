"""Measures exported models on a split: tables, numbers, one HTML page."""

import dataclasses
import itertools
import os
import sys
from collections.abc import Sequence
from typing import Any

import rich.box
import rich.table
import rich.text
from rich.console import Console

from trainer import storage
from trainer.config import Settings, setting
from trainer.flags import parse_settings, run_command
from trainer.schema import SPLITS, Schema

__all__ = ["ReportSettings", "check_output", "main", "make_report"]

DESCRIPTION = """\
Measures exported models on the test split, or another one.

  python -m evaluation.report --model run/model --data data
  python -m evaluation.report --model seed1/model --model seed2/model \\
    --data data --output comparison

Prints a table of the models beside trivial detectors, and writes a folder:
report.html (a page that needs no network), report.md, metrics.json, and
scores/ with a Parquet file for each view of a model. Models that differ in
their seed alone are also shown as mean and spread. Thresholds are those
stored in the models; nothing is chosen with the labels of the split, but for
the oracle's figures, which say so. Where labels are per sequence, the largest
score of a sequence is its score. An anomaly that could not be scored counts
as missed. Without labels it tells of alarms, drift and the events worth a
look. docs/metrics.md explains each figure.
"""
# A folder is replaced only where it has this file, and nothing but these.
MARKER = "report.md"
FILES = {MARKER, "report.html", "metrics.json", "scores"}


@dataclasses.dataclass(frozen=True)
class ReportSettings(Settings):
    """Report."""

    model: tuple[str, ...] = setting(
        (),
        "folder of an exported model, required; repeat it for several models",
        is_repeated=True,
    )
    data: str = setting("", "folder that preprocessing wrote, required")
    output: str = setting(
        "",
        "folder to write, an older report there is replaced; empty = report "
        "beside the first model, or report-SPLIT of another split than test",
    )
    split: str = setting("test", "split to measure on", choices=SPLITS)
    series: tuple[str, ...] = setting(
        (), "series ids to measure; empty = those the models learned from"
    )
    fault_labels: str = setting(
        "",
        "folder of SERIES.txt files that name the features at fault, as "
        "interpretation_label of SMD and ASD: attribution is measured too",
    )
    buffer_length: int = setting(
        100, "rows of the longest buffer of VUS", minimum=0, maximum=10_000
    )
    num_processes: int = setting(
        0, "processes that compute figures; 0 = one for each core", minimum=0
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line; returns its exit code."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    return run_command(lambda: make_report(argv))


def make_report(argv: Sequence[str] | None) -> None:
    """Prints the table and writes the folder.

    Args:
        argv: the words after the program's name; None = the process' own.

    Raises:
        OSError: a file cannot be read or written.
        ValueError: a flag is wrong, or the models do not fit the data.
    """
    _report(_parse(argv))


def _parse(argv: Sequence[str] | None) -> ReportSettings:
    settings = parse_settings(
        ReportSettings,
        argv,
        "evaluation.report",
        DESCRIPTION,
        ("model", "data"),
        aliases={"data_dir": "data"},
    )
    models = [storage.resolved(folder.rstrip("/")) for folder in settings.model]
    pairs = itertools.combinations(models, 2)
    if any(storage.is_same_folder(*pair) for pair in pairs):
        raise ValueError(
            "`model` must name different models. Received: "
            f"{', '.join(settings.model)}. Leave one of the two out."
        )
    output = settings.output or _default_output(models[0], settings.split)
    kept = [("data", settings.data), *(("model", each) for each in models)]
    if settings.fault_labels:
        kept.append(("fault_labels", settings.fault_labels))
        if settings.split != "test":
            raise ValueError(
                "`fault_labels` count rows of the test part. Received: "
                f"split={settings.split}. Leave one of the two flags out."
            )
    for name, folder in kept:
        if storage.is_within(folder, output):
            raise ValueError(
                "`output` is replaced whole, so nothing else must lie in it. "
                f"Received: output={output}, {name}={folder}. Name another "
                "--output."
            )
    return dataclasses.replace(
        settings, model=tuple(models), output=output.rstrip("/")
    )


def _default_output(model: str, split: str) -> str:
    # Numbers of another split must not pass for those of the test.
    name = "report" if split == "test" else f"report-{split}"
    return os.path.join(os.path.dirname(model), name)


def _report(settings: ReportSettings) -> None:
    schema = Schema.load(settings.data)
    check_output(settings.output)
    # Loading TensorFlow takes seconds: only once the paths are known good.
    from evaluation import (
        fault_labels,
        findings,
        measuring,
        models,
        remarks,
        report_files,
        report_tables,
        splits,
    )

    loaded = models.load_models(settings.model, schema)
    data = splits.Data(
        settings.data,
        models.scoring_alike(loaded, schema),
        settings.split,
        models.series_of(loaded, settings.series),
    )
    runs = splits.read_split(data)
    data.check_series(settings.series, runs)
    faults = (
        fault_labels.read_fault_labels(
            settings.fault_labels, {run.series_id for run in runs}
        )
        if settings.fault_labels
        else {}
    )
    measured = measuring.measure(
        loaded,
        data,
        runs,
        faults,
        settings.buffer_length,
        settings.num_processes,
    )
    found = findings.find(
        loaded,
        data,
        measured,
        {
            "vus_buffer_length": settings.buffer_length,
            "fault_labels": settings.fault_labels or "none",
        },
    )
    _show(remarks.remarks_on(found), report_tables.summary_table(found))
    with storage.directory_written_whole(settings.output, MARKER) as folder:
        report_files.write(found, folder)
    for name in (report_files.PAGE_FILE, report_files.METRICS_FILE):
        print(os.path.join(settings.output, name))


def check_output(output: str) -> None:
    """Refuses what cannot be written, or would take more than a report.

    Args:
        output: the folder to write.

    Raises:
        ValueError: it holds something else, or cannot be written.
    """
    storage.check_replaceable(output, MARKER)
    others = {name.split("/")[0] for name in storage.below(output)} - FILES
    if others:
        raise ValueError(
            "`output` is replaced whole, so it must hold nothing but an older "
            f"report. Received: {output}, which holds {sorted(others)[0]} too. "
            "Name another folder."
        )
    storage.check_writable(os.path.dirname(output) or ".", "output")


def _show(texts: Sequence[str], table: Any) -> None:
    console = Console()
    for text in texts:
        console.print(text, markup=False, highlight=False)
    # Many columns: as narrow as their words, and nothing between them.
    shown = rich.table.Table(
        *(title.replace(" ", "\n") for title in table.header),
        box=rich.box.SIMPLE_HEAD,
        padding=0,
        show_edge=False,
    )
    for column in shown.columns[1:]:
        column.no_wrap = True
        column.justify = "right"
    for row in table.rows:
        shown.add_row(*map(rich.text.Text, row))
    console.print(shown)


if __name__ == "__main__":
    sys.exit(main())
