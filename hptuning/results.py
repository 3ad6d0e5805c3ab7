"""What a search leaves behind, beside its page."""

import csv
import io
import json
import math
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from evaluation.tables import Table
from hptuning.row import STATES, Row, best_first, best_of
from hptuning.study import Study
from trainer import storage
from trainer.config import PLACES

__all__ = ["found", "summary", "trial_table", "write_best", "write_csv"]

_NOT_OF_THE_MODEL = {*PLACES, "training_mode", "resume", "log_format"}


def found(rows: Sequence[Row]) -> Row:
    """The best trial.

    Raises:
        ValueError: none came to its end.
    """
    best = best_of(rows)
    if best is None:
        reasons = [row.reason for row in rows if row.state == "failed"]
        raise ValueError(
            "At least one trial must come to its end. Received: "
            f"{len(reasons)} failed, the last one with: {reasons[-1]} "
            "Mend that and name another --output_dir."
        )
    return best


def summary(study: Study, rows: Sequence[Row], best: Row) -> list[str]:
    """Sentences that tell the best trial beside the default."""
    counts = Counter(row.state for row in rows)
    told = ", ".join(
        f"{counts[each]:,} {each}" for each in STATES if counts[each]
    )
    sentences = [
        f"{told} of {len(rows):,} trials.",
        f"The best is trial {best.number}: {study.metric} {best.metric:.5g}.",
    ]
    for row in rows:
        if row.is_default and row.state == "done":
            sentences.append(
                f"Trial {row.number}, the default, has {row.metric:.5g}."
            )
    return sentences


def trial_table(study: Study, rows: Sequence[Row]) -> Table:
    """A row a trial, the best first."""
    names = [each.name for each in study.parameters]
    return Table(
        "Trials",
        "Stopped ones did worse than the median of those that were done.",
        ("trial", "state", study.metric, "seconds", *names, "reason"),
        [
            (
                f"{row.number} (default)"
                if row.is_default
                else f"{row.number}",
                row.state,
                _shown(row.metric),
                "" if math.isnan(row.seconds) else f"{row.seconds:.1f}",
                *(_shown(row.values.get(name, "")) for name in names),
                row.reason,
            )
            for row in best_first(rows)
        ],
    )


def write_csv(path: str, study: Study, rows: Sequence[Row]) -> None:
    """Writes all digits, in the order of the trials."""
    names = [each.name for each in study.parameters]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        ["trial", "state", study.metric, "seconds", "is_default", *names]
        + ["reason"]
    )
    for row in rows:
        numbers = [
            "" if math.isnan(each) else each
            for each in (row.metric, row.seconds)
        ]
        values = [row.values.get(name, "") for name in names]
        writer.writerow(
            [row.number, row.state, *numbers, int(row.is_default), *values]
            + [row.reason]
        )
    storage.write_text(path, text.getvalue())


def write_best(
    path: str, best: Row, run_folder: str, origin: Mapping[str, Any]
) -> None:
    """Writes the settings of the best trial, for `trainer.task --config`.

    Args:
        path: of the file.
        best: the trial.
        run_folder: what the trainer wrote for it.
        origin: JSON values that tell where the settings come from.
    """
    with open(
        os.path.join(run_folder, "config.json"), encoding="utf-8"
    ) as file:
        settings = json.load(file)["settings"]
    content = {
        "settings": {
            name: value
            for name, value in settings.items()
            if name not in _NOT_OF_THE_MODEL
        },
        "tuned": {
            **origin,
            "trial": best.number,
            "value": best.metric,
            "parameters": dict(best.values),
        },
    }
    storage.write_text(path, json.dumps(content, indent=1) + "\n")


def _shown(value: float | str) -> str:
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.4g}"
    return str(value)
