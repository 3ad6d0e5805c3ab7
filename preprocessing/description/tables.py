"""Tables of the data set, its splits and series, as plain text."""

from collections.abc import Mapping

from preprocessing.description.parts import SeriesPart
from preprocessing.description.survey import (
    Survey,
    has_whole_series,
)
from preprocessing.description.table import Table
from preprocessing.description.words import (
    NOTHING,
    duration,
    percent,
)
from trainer.schema import ROLES, SPLITS, Schema

__all__ = [
    "head_rows",
    "refused_table",
    "series_table",
    "split_table",
]

REASONS_SHOWN = 12


def head_rows(schema: Schema, survey: Survey) -> list[tuple[str, str]]:
    """What the data set is: names and values."""
    rows = sum(split.num_rows for split in survey.splits.values())
    roles = [feature.role for feature in schema.features]
    columns = ", ".join(
        f"{roles.count(role)} {role}" for role in ROLES if role in roles
    )
    if has_whole_series(schema):
        count = sum(split.num_series for split in survey.splits.values())
        series = f"{count:,} sequences of {schema.sequence_length:,} rows"
    else:
        series = f"{len(survey.series):,}"
    period = schema.sampling_period_seconds
    return [
        ("kind", schema.kind),
        ("rows", f"{rows:,}, without those left unused between splits"),
        ("series", series),
        ("columns", f"{len(roles):,}: {columns}"),
        ("labels", _label_words(schema)),
        (
            "sampling period",
            duration(period)
            if period
            else "unknown: alarms are counted per 1,000 steps",
        ),
        ("stored as", schema.dtype),
        ("halo", f"{schema.halo:,} rows, the longest window there can be"),
        ("format", str(schema.reader.get("format", NOTHING))),
        ("made by", schema.command or NOTHING),
    ]


def _label_words(schema: Schema) -> str:
    return {
        "step": "one for each step",
        "sequence": "one for each sequence",
        "none": "none",
    }[schema.label_kind]


def split_table(schema: Schema, survey: Survey) -> Table:
    """Rows and labels of each split."""
    what = "sequences" if has_whole_series(schema) else "steps"
    return Table(
        "Splits",
        (
            "split",
            "series",
            "rows",
            "normal",
            "anomalous",
            "unknown",
            "anomalous share",
        ),
        [
            (
                name,
                f"{split.num_series:,}",
                f"{split.num_rows:,}",
                *(f"{count:,}" for count in split.labels),
                percent(split.labels.share),
            )
            for name, split in survey.splits.items()
        ],
        f"Labels count {what}; the share is of those with a known label.",
    )


def series_table(survey: Survey, limit: int) -> Table:
    """Rows, gaps and labels of each series."""
    ids = list(survey.series)
    rows = []
    for series_id in ids[:limit]:
        parts = survey.parts_of(series_id)
        longest = max(part.longest_gap_seconds for part in parts.values())
        has_times = any(part.times for part in parts.values())
        rows.append(
            (
                series_id,
                f"{sum(part.num_rows for part in parts.values()):,}",
                f"{max(part.longest_run for part in parts.values()):,}",
                f"{sum(part.num_gaps for part in parts.values()):,}"
                if has_times
                else NOTHING,
                duration(longest) if longest else NOTHING,
                *(_share(parts.get(name)) for name in SPLITS),
            )
        )
    more = len(ids) - limit
    tail = f" {more:,} more series are not listed." if more > 0 else ""
    return Table(
        "Series",
        (
            "series",
            "rows",
            "longest stretch",
            "gaps",
            "longest gap",
            *SPLITS,
        ),
        rows,
        "Under the name of a split: the share of its labelled steps that is "
        "anomalous; “unknown” = no labels, a dash = no rows. A gap is more "
        "than 5 sampling periods; only those inside a split are counted."
        + tail,
    )


def _share(part: SeriesPart | None) -> str:
    if part is None:
        return NOTHING
    is_known = part.labels.normal + part.labels.anomalous > 0
    return percent(part.labels.share) if is_known else "unknown"


def refused_table(refused: Mapping[str, int]) -> Table:
    """Refused rows by their reason."""
    reasons = list(refused.items())
    more = sum(count for _, count in reasons[REASONS_SHOWN:])
    rows = [(reason, f"{count:,}") for reason, count in reasons[:REASONS_SHOWN]]
    if more:
        rows.append(("other reasons", f"{more:,}"))
    return Table("Refused rows", ("reason", "rows"), rows)
