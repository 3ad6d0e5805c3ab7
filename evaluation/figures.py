"""From scored series to the rows of the report's table."""

import dataclasses
import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from evaluation.baselines import (
    FIGURES,
    RandomBaseline,
    all_positive,
    random_score,
)
from evaluation.metrics.point import PointMetrics, point_metrics
from evaluation.scored_run import ScoredRun

__all__ = [
    "HEADER",
    "Figures",
    "Samples",
    "compare",
    "samples_of_sequences",
    "samples_of_steps",
    "table_rows",
    "to_json",
]

HEADER = (
    "",
    "precision",
    "recall",
    "F1",
    "AUC-PR",
    "flagged",
    "unscored",
)


class Samples(NamedTuple):
    """What one view says of each sample, and the truth; all `[sample]`."""

    scores: np.ndarray
    is_anomaly: np.ndarray
    is_scored: np.ndarray
    labels: np.ndarray


@dataclasses.dataclass(frozen=True)
class Figures:
    """All that the table shows.

    Attributes:
        sample: what is counted, "step" or "sequence".
        views: view name to the detector's figures.
        random: view name to a random score that flags as often.
        always: the figures of flagging everything.
    """

    sample: str
    views: dict[str, PointMetrics]
    random: dict[str, RandomBaseline]
    always: PointMetrics


def samples_of_steps(runs: Sequence[ScoredRun], view: str) -> Samples:
    """One sample a time step."""
    scores = [run.views[view] for run in runs]
    return Samples(
        np.concatenate([each.score for each in scores]),
        np.concatenate([each.is_anomaly for each in scores]),
        np.concatenate([each.is_scored for each in scores]),
        np.concatenate([run.labels for run in runs]),
    )


def samples_of_sequences(runs: Sequence[ScoredRun], view: str) -> Samples:
    """One sample a sequence: the largest of its scored steps.

    A sequence that the model calls unknown has none, and is not scored.
    """
    scores = [run.views[view] for run in runs]
    return Samples(
        np.array(
            [
                each.score[each.is_scored].max(initial=-np.inf)
                if each.is_scored.any()
                else np.nan
                for each in scores
            ]
        ),
        np.array([each.is_anomaly.any() for each in scores]),
        np.array([each.is_scored.any() for each in scores]),
        np.array([run.sequence_label for run in runs]),
    )


def compare(samples: dict[str, Samples], sample: str) -> Figures:
    """Sets each view beside the trivial detectors.

    Args:
        samples: view name to its samples.
        sample: what is counted, "step" or "sequence".
    """
    views = {view: point_metrics(*each) for view, each in samples.items()}
    return Figures(
        sample=sample,
        views=views,
        random={
            view: random_score(
                each.is_scored, each.labels, views[view].num_flagged
            )
            for view, each in samples.items()
        },
        always=all_positive(next(iter(samples.values())).labels),
    )


def table_rows(figures: Figures) -> Iterator[tuple[str, ...]]:
    """Yields the cells of each row, as `HEADER` names them."""
    for view, metrics in figures.views.items():
        yield _row_of_metrics(f"{view} view", metrics)
    for view, random in figures.random.items():
        yield (
            f"random ({view})",
            *(_number(random.mean[name]) for name in FIGURES),
            _percent(random.flagged_share),
            f"{random.num_unscored:,}",
        )
        spread = (_number(random.standard_deviation[name]) for name in FIGURES)
        yield (f"  ± of {random.num_seeds} seeds", *spread, "", "")
    yield _row_of_metrics("all flagged", figures.always)


def to_json(figures: Figures) -> dict[str, Any]:
    """All numbers as they are; what is not a number becomes None."""
    content = dataclasses.asdict(figures)
    for view, metrics in figures.views.items():
        content["views"][view]["flagged_share"] = metrics.flagged_share
    content["always"]["flagged_share"] = figures.always.flagged_share
    return _without_nan(content)


def _row_of_metrics(name: str, metrics: PointMetrics) -> tuple[str, ...]:
    return (
        name,
        *(_number(getattr(metrics, name)) for name in FIGURES),
        _percent(metrics.flagged_share),
        f"{metrics.num_unscored:,}",
    )


def _number(value: float) -> str:
    return "n/a" if math.isnan(value) else f"{value:.3f}"


def _percent(share: float) -> str:
    return "n/a" if math.isnan(share) else f"{share:.1%}"


def _without_nan(content: Any) -> Any:
    if isinstance(content, dict):
        return {name: _without_nan(value) for name, value in content.items()}
    if isinstance(content, float) and not math.isfinite(content):
        return None
    return content
