"""What to look at in single series, one sentence each."""

from collections.abc import Iterator

from preprocessing.description.survey import Survey
from preprocessing.description.words import duration, listed, number
from trainer.schema import Schema

__all__ = ["find_in_series"]

# Largest range of a column in one series, over its smallest in another.
FAR_SCALES = 1_000
LONG_GAP_PERIODS = 100


def find_in_series(schema: Schema, survey: Survey) -> Iterator[str]:
    """Yields sentences on what single series lack; none for sequences.

    Args:
        schema: of the data set.
        survey: of the same.
    """
    train = survey.splits["train"].parts
    absent = [name for name in survey.series if name not in train]
    if absent:
        yield f"Series without rows in train: {listed(absent)}."
    if len(survey.series) > 1:
        yield from _comparisons(schema, survey)
    short = [
        f"{series_id} ({part.longest_run:,} rows)"
        for series_id, part in train.items()
        if part.longest_run < schema.halo
    ]
    if short:
        yield (
            "Longest unbroken stretch of train shorter than the longest "
            f"window ({schema.halo} rows, the halo): {listed(short)}. A "
            "window longer than the stretch finds nothing there."
        )
    gaps = _long_gaps(schema, survey)
    if gaps:
        yield (
            f"Gaps longer than {LONG_GAP_PERIODS} sampling periods: "
            f"{listed(gaps)}."
        )


def _comparisons(schema: Schema, survey: Survey) -> Iterator[str]:
    """What all series together hide."""
    still = _still_in_own_train(schema, survey)
    if still:
        yield (
            "Scored columns that are constant in the train part of a series "
            f"and move later in it ({len(still)}): {listed(still)}. A model "
            "of that series alone has nothing to learn from there."
        )
    scales = _different_scales(schema, survey)
    if scales:
        yield (
            "Columns whose range in train differs much between series "
            f"({len(scales)}): {listed(scales)}. One detector scales all "
            "series alike; --series of the trainer trains one alone."
        )


def _long_gaps(schema: Schema, survey: Survey) -> list[str]:
    found = []
    for name, split in survey.splits.items():
        for series_id, part in split.parts.items():
            period = part.period_seconds or schema.sampling_period_seconds
            if period and part.longest_gap_seconds > LONG_GAP_PERIODS * period:
                text = duration(part.longest_gap_seconds)
                found.append(f"{series_id} ({text} in {name})")
    return found


def _still_in_own_train(schema: Schema, survey: Survey) -> list[str]:
    """Series with the scored columns that only move after their train."""
    found = []
    for series_id, own in survey.splits["train"].series.items():
        whole = survey.series[series_id]
        is_moving = own.is_constant & ~whole.is_constant
        names = [
            schema.features[column].name
            for column in schema.scored_columns
            if is_moving[column]
        ]
        if names:
            found.append(f"{series_id} ({listed(names)})")
    return found


def _different_scales(schema: Schema, survey: Survey) -> list[str]:
    """Scored columns with the ratio of their ranges, where it is large."""
    found = []
    for column in schema.scored_columns:
        ranges = [
            own.maximum[column] - own.minimum[column]
            for own in survey.splits["train"].series.values()
            if own.minimum[column] < own.maximum[column]
        ]
        if ranges and max(ranges) >= FAR_SCALES * min(ranges):
            name = schema.features[column].name
            ratio = number(max(ranges) / min(ranges))
            found.append(f"{name} ({ratio} times)")
    return found
