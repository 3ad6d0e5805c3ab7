"""What a comparison leaves behind: page, tables and numbers."""

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from evaluation.comparison.output_folder import (
    MARKDOWN_FILE,
    NUMBERS_FILE,
    PAGE_FILE,
)
from evaluation.comparison.plot import series_figure
from evaluation.comparison.result import Result, plain
from evaluation.comparison.runs import Run
from evaluation.comparison.standings import Standing
from evaluation.comparison.tables import (
    parameters_table,
    series_table,
    summary_table,
)
from evaluation.page import document
from evaluation.tables import Table, as_markdown, escaped
from trainer import storage

__all__ = ["Comparison", "write"]

TITLE = "Comparison of presets"


class Comparison(NamedTuple):
    """All that a comparison tells.

    Attributes:
        remarks: sentences above the tables, each a paragraph.
        standings: presets, then baselines.
        parameters: what the figures depend on.
        runs: with what they left behind; None = failed.
    """

    remarks: Sequence[str]
    standings: Sequence[Standing]
    parameters: Mapping[str, Any]
    runs: Sequence[tuple[Run, Result | None]]


def write(told: Comparison, folder: str) -> None:
    """Writes all files, each in one step.

    Args:
        told: what they tell.
        folder: local, there already.
    """
    tables = [
        summary_table(told.standings),
        series_table(told.standings),
        parameters_table(told.parameters),
    ]
    numbers = json.dumps(plain(_numbers(told)), indent=1)
    texts = {
        PAGE_FILE: _page(told, tables),
        MARKDOWN_FILE: _markdown(told, tables),
        NUMBERS_FILE: f"{numbers}\n",
    }
    for name, text in texts.items():
        storage.write_text(os.path.join(folder, name), text)


def _page(told: Comparison, tables: Sequence[Table]) -> str:
    first, *others = [
        [
            document.heading(table.title),
            *([document.paragraph(table.note)] if table.note else ()),
            document.table(table.header, table.rows, table.has_words),
        ]
        for table in tables
    ]
    note = (
        "A dot is a series, a bar the mean of the set. Baselines are grey. Of "
        "several seeds the dots show the first, the bars the mean."
    )
    plot = [
        document.heading("Series"),
        document.paragraph(note),
        document.figure(series_figure(told.standings)),
    ]
    remarks = map(document.paragraph, told.remarks)
    parts = [
        *remarks,
        *first,
        *plot,
        *(part for each in others for part in each),
    ]
    return document.document(TITLE, parts)


def _markdown(told: Comparison, tables: Sequence[Table]) -> str:
    parts = [f"# {TITLE}", *map(escaped, told.remarks)]
    for table in tables:
        parts += [f"## {table.title}", escaped(table.note), as_markdown(table)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _numbers(told: Comparison) -> dict[str, Any]:
    return {
        "parameters": told.parameters,
        "remarks": told.remarks,
        "detectors": {
            each.name: {
                "is_baseline": each.is_baseline,
                "has_failed": each.has_failed,
                "seeds": each.figures(),
            }
            for each in told.standings
        },
        "runs": [
            {
                "set": run.target.set_name,
                "target": run.target.name,
                "data": run.target.data,
                **run.identity,
                "folder": run.folder,
                "result": _result(result),
            }
            for run, result in told.runs
        ],
    }


def _result(result: Result | None) -> dict[str, Any] | None:
    if result is None:
        return None
    return {
        name: value
        for name, value in vars(result).items()
        if name != "identity"
    }
