"""What thresholds and networks rest on, as the models tell of it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from evaluation.models import Model, view_name
from evaluation.tables import Table
from trainer.config import PHASES
from trainer.fused_view import FUSED

__all__ = [
    "ComponentsChoice",
    "FBetaCurve",
    "components",
    "f_beta_curves",
    "thresholds_table",
]

_UNITS = {
    "day": "a day",
    "1000_steps": "in 1,000 steps",
    "1000_sequences": "in 1,000 sequences",
}
# Told in columns of their own.
_TOLD = ("rule", "threshold", "alarms_on_tuning", "curve", "alarms")


class FBetaCurve(NamedTuple):
    """What a threshold was chosen from.

    Attributes:
        threshold: `[point]`, rising.
        f_beta: `[point]`, on the tuning split.
        chosen: the threshold of the model.
        beta: weight of recall.
    """

    threshold: np.ndarray
    f_beta: np.ndarray
    chosen: float
    beta: float


class ComponentsChoice(NamedTuple):
    """What a number of principal components was chosen from.

    Attributes:
        explained_share: `[number]`, of the variance, by 0, 1, 2, ...
            components, on train; NaN where there is no variance.
        cell_error: `[number]`, root mean squared error of held-out cells,
            each told from the others.
        chosen: the number of the model.
    """

    explained_share: np.ndarray
    cell_error: np.ndarray
    chosen: int


def thresholds_table(models: Sequence[Model]) -> Table:
    """A row for each view: rule, threshold, and what led to it."""
    rows = []
    for name, view, tuning in _tuned_views(models):
        threshold = tuning[f"{view}_threshold"]
        details = {
            detail: value
            for detail, value in _of_view(tuning, view).items()
            if detail not in _TOLD and not detail.startswith("alarms_per")
        }
        rows.append(
            (
                name,
                str(tuning[f"{view}_rule"]),
                f"{threshold:.4g}",
                str(tuning["split"]),
                str(tuning.get(f"{view}_alarms_on_tuning", "")),
                _unseen(tuning, view),
                ", ".join(
                    f"{detail.replace('_', ' ')} {_shown(value)}"
                    for detail, value in details.items()
                ),
            )
        )
    for model in models:
        if model.detector.fusion != "none":
            name = view_name(model, FUSED, len(models))
            rule = f"{model.detector.fusion} of the views"
            units = "scores in units of their thresholds"
            rows.append((name, rule, "1", "", "", "", units))
    return Table(
        "Choice of the thresholds",
        "Alarms are events. Those on data that chose no threshold come with "
        "the 95 % interval of their rate.",
        (
            "",
            "rule",
            "threshold",
            "split",
            "alarms there",
            "alarms on unseen data",
            "it rests on",
        ),
        rows,
        has_words=True,
    )


def f_beta_curves(models: Sequence[Model]) -> dict[str, FBetaCurve]:
    """View to its curve, of those that labels have tuned."""
    return {
        name: FBetaCurve(
            np.array(tuning[f"{view}_curve"]["threshold"]),
            np.array(tuning[f"{view}_curve"]["f_beta"]),
            float(tuning[f"{view}_threshold"]),
            float(tuning[f"{view}_beta"]),
        )
        for name, view, tuning in _tuned_views(models)
        if f"{view}_curve" in tuning
    }


def components(models: Sequence[Model]) -> dict[str, ComponentsChoice]:
    """View to its principal components, of the models that have some."""
    found = {}
    for model in models:
        learned = model.detector.learned.get(PHASES[0], {})
        for view, each in learned.get("evidence", {}).items():
            name = view_name(model, view, len(models))
            errors = each["cell_error"]
            # Without any variance there is no share of it.
            ratios = each["explained_variance_ratio"] or np.full_like(
                errors, np.nan
            )
            found[name] = ComponentsChoice(
                np.append(0.0, np.cumsum(ratios))[: len(errors)],
                np.array(errors),
                int(each["chosen"]),
            )
    return found


def _tuned_views(
    models: Sequence[Model],
) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Name and view, and what phase 3 told, where the model tells it."""
    for model in models:
        tuning = model.detector.learned.get(PHASES[-1], {})
        for view in model.detector.views:
            if f"{view}_rule" in tuning:
                yield view_name(model, view, len(models)), view, tuning


def _of_view(tuning: Mapping[str, Any], view: str) -> dict[str, Any]:
    prefix = f"{view}_"
    return {
        name.removeprefix(prefix): value
        for name, value in tuning.items()
        if name.startswith(prefix)
    }


def _unseen(tuning: Mapping[str, Any], view: str) -> str:
    """The rate of alarms on data that chose no threshold, with its unit."""
    for unit, words in _UNITS.items():
        rate = tuning.get(f"{view}_alarms_per_{unit}")
        if rate is not None:
            interval = tuning[f"{view}_alarms_per_{unit}_interval"]
            low, high = map(_shown, interval)
            return f"{_shown(rate)} {words} ({low} to {high})"
    return ""


def _shown(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
