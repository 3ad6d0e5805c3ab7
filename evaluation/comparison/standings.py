"""Rows of the comparison: figures of many series and seeds put together."""

import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from evaluation.baselines import GROUPS
from evaluation.comparison.averages import row_figures
from evaluation.comparison.result import Figures, Result
from evaluation.comparison.runs import Run
from evaluation.comparison.targets import Target

__all__ = [
    "PEAK",
    "SECONDS",
    "Standing",
    "standings_of",
]

# Beside the figures of `evaluation.figures`.
SECONDS = "seconds"
PEAK = "peak_mebibytes"

_COUNTS_OF_LABELS = ("num_anomalous", "num_labelled")


class Series(NamedTuple):
    """A series that was measured; of a failed run, maybe the whole target.

    Attributes:
        set_name: what it counts in.
        name: in the tables, unlike those of the others of its set.
        series_id: as in the data set.
    """

    set_name: str
    name: str
    series_id: str


@dataclasses.dataclass(frozen=True)
class Standing:
    """A detector in the tables.

    Attributes:
        name: of its row.
        members: of each seed, series to figures; None where its run failed.
        costs: of each seed, the seconds and the peak memory of each run.
        is_baseline: whether nobody has learned it.
    """

    name: str
    members: Sequence[Mapping[Series, Figures | None]]
    costs: Sequence[Sequence[tuple[float, float]]]
    is_baseline: bool = False

    @property
    def has_failed(self) -> bool:
        """Whether a run failed."""
        return any(None in each.values() for each in self.members)

    def figures(self) -> list[Figures]:
        """Its row, once for each seed; all with the same names."""
        rows = [
            row_figures(_by_set(member))
            | {
                SECONDS: _or_nan(np.median, [each[0] for each in costs]),
                PEAK: _or_nan(np.max, [each[1] for each in costs]),
            }
            for member, costs in zip(self.members, self.costs, strict=True)
        ]
        names = dict.fromkeys(name for row in rows for name in row)
        return [
            {name: row.get(name, math.nan) for name in names} for row in rows
        ]


def standings_of(
    targets: Sequence[Target],
    presets: Sequence[str],
    seeds: Sequence[int],
    runs: Sequence[tuple[Run, Result | None]],
) -> list[Standing]:
    """Presets in the order given, then baselines.

    Args:
        targets: in the order of the tables.
        presets: names.
        seeds: of each preset.
        runs: all of them, with what they left behind; None = failed.
    """
    found = {(run.target, run.preset, run.seed): each for run, each in runs}
    series_of = {target: _series_of(target, found) for target in targets}
    standings = []
    for preset in presets:
        results = [
            {target: found.get((target, preset, seed)) for target in targets}
            for seed in seeds
        ]
        standings.append(
            Standing(
                preset,
                [_views_first(each, series_of) for each in results],
                [list(_costs(each)) for each in results],
            )
        )
    return standings + list(_baselines(found, series_of))


def _views_first(
    results: Mapping[Target, Result | None],
    series_of: Mapping[Target, Sequence[Series]],
) -> dict[Series, Figures | None]:
    return {
        series: result.figures[result.views[0]][series.series_id]
        if result
        else None
        for target, result in results.items()
        for series in series_of[target]
    }


def _costs(
    results: Mapping[Target, Result | None],
) -> Iterator[tuple[float, float]]:
    for result in results.values():
        if result:
            yield result.seconds_training, result.peak_mebibytes


def _baselines(
    found: Mapping[tuple[Target, str, int], Result | None],
    series_of: Mapping[Target, Sequence[Series]],
) -> Iterator[Standing]:
    """Those of any run on a target: they are alike in all."""
    first: dict[Target, Result | None] = dict.fromkeys(series_of)
    for (target, _, _), result in found.items():
        first[target] = first[target] or result
    for group, names in GROUPS.items():
        members = [
            {
                series: _of_baseline(result, name, series.series_id)
                if result
                else None
                for target, result in first.items()
                for series in series_of[target]
            }
            for name in names
        ]
        yield Standing(group, members, [[]] * len(names), is_baseline=True)


def _of_baseline(result: Result, name: str, series_id: str) -> Figures:
    """Its figures; where it could not be made, nothing but the labels."""
    if name in result.figures:
        return result.figures[name][series_id]
    labelled = result.figures[result.views[0]][series_id]
    return {each: labelled[each] for each in _COUNTS_OF_LABELS}


def _series_of(
    target: Target, found: Mapping[tuple[Target, str, int], Result | None]
) -> list[Series]:
    if target.source:
        return [Series(target.set_name, target.name, target.series)]
    for (other, _, _), result in found.items():
        if other == target and result:
            return [
                Series(target.set_name, f"{target.name}/{name}", name)
                for name in result.figures[result.views[0]]
            ]
    return [Series(target.set_name, target.name, "")]


def _by_set(
    figures: Mapping[Series, Figures | None],
) -> dict[str, list[Figures | None]]:
    by_set: dict[str, list[Figures | None]] = {}
    for series, each in figures.items():
        by_set.setdefault(series.set_name, []).append(each)
    return by_set


def _or_nan(reduce, values: Sequence[float]) -> float:
    return float(reduce(values)) if values else math.nan
