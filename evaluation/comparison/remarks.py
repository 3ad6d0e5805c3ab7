"""What a reader must know before the table."""

import math
from collections.abc import Iterator, Sequence

from evaluation.comparison.averages import can_judge
from evaluation.comparison.left_out import LeftOut
from evaluation.comparison.result import Result
from evaluation.comparison.runs import Run
from evaluation.comparison.standings import Standing
from evaluation.comparison.tables import set_names
from evaluation.splits import first_of
from trainer.thresholds.quantile import QuantileSettings

__all__ = ["remarks_on"]


def remarks_on(
    standings: Sequence[Standing],
    runs: Sequence[tuple[Run, Result | None]],
    left_out: LeftOut,
) -> list[str]:
    """Sentences above the table, each a paragraph.

    Args:
        standings: presets, then baselines.
        runs: with what they left behind; None = failed.
        left_out: targets that no detector was made for.
    """
    return [
        *_counts(standings, runs),
        *_not_judged(standings),
        *left_out.sentences(),
        *_failed(runs),
    ]


def _counts(
    standings: Sequence[Standing], runs: Sequence[tuple[Run, Result | None]]
) -> Iterator[str]:
    series = standings[0].members[0]
    sets = set_names(standings)
    yield (
        f"{len(series):,} series, sets: {', '.join(sets)}. One detector for "
        "each series that was preprocessed here, one for each data set that "
        "was there."
    )
    yield (
        "Each figure is the mean over the sets of the mean over the series of "
        "a set. A preset is judged by its first view, which prediction uses; "
        "comparison.json has the others. Nothing is chosen with the labels of "
        "the test but for the oracle gap."
    )
    yield (
        "Trivial detectors stand below the presets; their thresholds are the "
        f"{QuantileSettings().quantile} quantile of their scores on rows held "
        "out, labelled anomalies left out."
    )
    results = [result for _, result in runs if result]
    if results:
        imports = math.fsum(each.seconds_importing for each in results)
        yield (
            "Seconds are the median over the runs, peak memory is the largest: "
            "the three phases and the export, without imports, which take "
            f"{imports / len(results):.1f} s more."
        )


def _not_judged(standings: Sequence[Standing]) -> Iterator[str]:
    names = dict.fromkeys(
        f"{series.set_name}/{series.name}"
        for standing in standings
        for member in standing.members
        for series, figures in member.items()
        if figures is not None and not can_judge(figures)
    )
    if names:
        yield (
            "Left out of all means, as the test has not both normal and "
            f"anomalous labels: {len(names):,} series, "
            f"{first_of(list(names))}."
        )


def _failed(runs: Sequence[tuple[Run, Result | None]]) -> Iterator[str]:
    for run, result in runs:
        if result is None:
            yield (
                f"{run.preset} with seed {run.seed} failed on "
                f"{run.target.title}: see {run.log}."
            )
