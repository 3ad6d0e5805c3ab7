"""Figures of many series put together, each set counting alike."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

__all__ = ["can_judge", "figure_of_set", "row_figures"]

Figures = Mapping[str, float]
# Set to the figures of each of its series; None where its run failed.
BySet = Mapping[str, Sequence[Figures | None]]


def can_judge(figures: Figures) -> bool:
    """Whether a series has labels of both classes."""
    return 0 < figures["num_anomalous"] < figures["num_labelled"]


def figure_of_set(figure: str, set_name: str) -> str:
    """What `row_figures` calls the mean of a figure over one set."""
    return f"{figure} of {set_name}"


def row_figures(by_set: BySet) -> dict[str, float]:
    """Means of the means over sets.

    Each set counts alike, however many series it has. Series without labels
    of both classes are left out, and so are sets without any other.

    Args:
        by_set: set to the figures of each of its series; None where the run
            failed: then nothing is defined that it would be part of.

    Returns:
        Each figure, and what `figure_of_set` names; a figure that one series
        leaves undefined is not defined.
    """
    means: dict[str, dict[str, float]] = {}
    for set_name, all_series in by_set.items():
        known = [each for each in all_series if each is not None]
        judged = [each for each in known if can_judge(each)]
        if len(known) < len(all_series):
            means[set_name] = {}
        elif judged:
            means[set_name] = _means(judged)
    of_sets = {
        figure_of_set(figure, set_name): value
        for set_name, each in means.items()
        for figure, value in each.items()
    }
    return _means(list(means.values())) | of_sets


def _means(figures: Sequence[Figures]) -> dict[str, float]:
    names = dict.fromkeys(name for each in figures for name in each)
    return {
        name: float(np.mean([each.get(name, math.nan) for each in figures]))
        for name in names
    }
