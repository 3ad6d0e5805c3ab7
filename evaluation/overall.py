"""Figures of many series put together, and those that are made of sums."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from evaluation.metrics.nab import PROFILES, NabScore
from evaluation.metrics.overlap import OverlapCounts

__all__ = ["COUNTS", "TELEMANOM_F_BETA", "overall", "with_derived"]

# Telemanom reports precision rather than recall.
TELEMANOM_F_BETA = 0.5
# Summed over series; all other figures are means over the series in which
# they are defined.
COUNTS = (
    "num_rows",
    "num_labelled",
    "num_anomalous",
    "num_unscored",
    "num_flagged",
    "num_alarms",
    "num_events",
    "num_missed",
    "telemanom_true_positives",
    "telemanom_false_positives",
    "telemanom_false_negatives",
    "telemanom_compat_true_positives",
    "telemanom_compat_false_positives",
    "telemanom_compat_false_negatives",
    *(
        f"nab_{profile}_{part.name}"
        for profile in PROFILES
        for part in dataclasses.fields(NabScore)
    ),
)


def overall(figures: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """Puts the figures of many series together.

    Args:
        figures: of each series, all with the same names.

    Returns:
        Sums of counts; means of all else over the series where it is
        defined; figures made of counts, from the sums.
    """
    columns: dict[str, list[float]] = {}
    for each in figures:
        for name, value in each.items():
            columns.setdefault(name, []).append(value)
    return with_derived(
        {
            name: sum(values) if name in COUNTS else _mean(values)
            for name, values in columns.items()
        }
    )


def with_derived(figures: dict[str, float]) -> dict[str, float]:
    """Adds what is made of counts, where they are there."""
    derived = {}
    for name in ("telemanom", "telemanom_compat"):
        if f"{name}_true_positives" in figures:
            found = OverlapCounts(**_parts(OverlapCounts, figures, name))
            derived |= {
                f"{name}_precision": found.precision,
                f"{name}_recall": found.recall,
                f"{name}_f0.5": found.f_beta(TELEMANOM_F_BETA),
            }
    for profile in PROFILES:
        if f"nab_{profile}_raw" in figures:
            score = NabScore(**_parts(NabScore, figures, f"nab_{profile}"))
            derived[f"nab_{profile}"] = score.normalised
    return figures | derived


def _parts(kind: type, figures: Mapping[str, float], name: str) -> dict:
    return {
        field.name: figures[f"{name}_{field.name}"]
        for field in dataclasses.fields(kind)
    }


def _mean(values: Sequence[float]) -> float:
    defined = [value for value in values if not np.isnan(value)]
    return float(np.mean(defined)) if defined else float("nan")
