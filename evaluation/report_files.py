"""What a report leaves behind: its page, tables, numbers and scores."""

import json
import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from evaluation import report_tables
from evaluation.drift import score_drift
from evaluation.findings import Findings
from evaluation.page.content import page_content
from evaluation.page.page import make_page
from evaluation.remarks import remarks_on
from evaluation.scored_run import ScoredRun
from evaluation.tables import as_markdown, escaped

__all__ = ["MARKDOWN_FILE", "METRICS_FILE", "PAGE_FILE", "write"]

METRICS_FILE = "metrics.json"
MARKDOWN_FILE = "report.md"
PAGE_FILE = "report.html"
SCORES_FOLDER = "scores"


def write(found: Findings, folder: str) -> None:
    """Writes all files of the report.

    Args:
        found: what it tells.
        folder: an empty local folder.
    """
    texts = {
        METRICS_FILE: json.dumps(_plain(_numbers(found)), indent=1) + "\n",
        PAGE_FILE: make_page(page_content(found)),
        MARKDOWN_FILE: _markdown(found),
    }
    for name, text in texts.items():
        path = os.path.join(folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    scores = os.path.join(folder, SCORES_FOLDER)
    os.mkdir(scores)
    for number, view in enumerate(found.views):
        name = re.sub(r"[^\w.-]+", "_", view)
        table = _score_table(found.measured.scored, view)
        table.to_parquet(os.path.join(scores, f"{number}-{name}.parquet"))


def _numbers(found: Findings) -> dict[str, Any]:
    measured = found.measured
    return {
        "data": {
            "folder": found.data.folder,
            "hash": found.data.schema.hash(),
            "split": found.data.split,
            "series": found.data.series,
        },
        "sample": found.sample,
        "models": {
            model.name: {
                "folder": model.folder,
                "model_id": model.detector.model_id,
                "version": model.detector.version,
                "data_hash": model.detector.schema.get("hash"),
                "calibration": model.detector.calibration,
                "settings": model.detector.settings or model.detector.config,
            }
            for model in found.models
        },
        "parameters": found.parameters,
        "groups": {
            each.name: {
                "members": group.members,
                "is_baseline": group.is_baseline,
                "mean": each.mean,
                "standard_deviation": each.spread,
            }
            for group, each in zip(
                found.groups, found.figures_of_groups(), strict=True
            )
        },
        "detectors": {
            name: {
                "overall": figures,
                "pooled": measured.pooled[name],
                "series": {
                    subject.name: rated.figures[name]
                    for subject, rated in zip(
                        measured.subjects, measured.rated, strict=True
                    )
                },
            }
            for name, figures in measured.overall.items()
        },
        "events": {
            view: [event._asdict() for event in events]
            for view, events in found.events.items()
        },
        "drift": {
            view: [each._asdict() for each in score_drift(splits)]
            for view, splits in found.splits.items()
        },
    }


def _markdown(found: Findings) -> str:
    title = f"{found.title} on {found.data.split}"
    parts = [f"# {escaped(title)}", *map(escaped, remarks_on(found))]
    tables = [report_tables.summary_table(found)]
    if found.sample == "step":
        tables.append(report_tables.series_table(found))
    tables += [
        report_tables.figures_table(found),
        report_tables.events_table(found),
        report_tables.drift_table(found),
        report_tables.parameters_table(found),
    ]
    for table in tables:
        parts += [f"## {table.title}", escaped(table.note), as_markdown(table)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _score_table(runs: Sequence[ScoredRun], view: str) -> pd.DataFrame:
    """What one view says of each row; scores that are not there are null."""
    parts = [_score_rows(run, view) for run in runs]
    return pd.concat(parts, ignore_index=True)


def _score_rows(run: ScoredRun, view: str) -> pd.DataFrame:
    scores = run.views[view]
    columns: dict[str, Any] = {
        "series": run.series_id,
        "row": run.start + np.arange(len(run.values)),
    }
    if run.timestamps is not None:
        moments = run.timestamps.astype("datetime64[us]")
        columns["time"] = pd.DatetimeIndex(moments).tz_localize("UTC")
    columns |= {
        "label": run.labels,
        "score": scores.score,
        "threshold": scores.threshold,
        "is_anomaly": scores.is_anomaly,
        "is_scored": scores.is_scored,
    }
    return pd.DataFrame(columns)


def _plain(content: Any) -> Any:
    """JSON's own values; what is not a number becomes None."""
    if isinstance(content, Mapping):
        return {name: _plain(value) for name, value in content.items()}
    if isinstance(content, list | tuple):
        return [_plain(value) for value in content]
    if isinstance(content, np.generic):
        content = content.item()
    if isinstance(content, float) and not np.isfinite(content):
        return None
    return content
