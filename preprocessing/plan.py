"""What the first pass decides: splits, row numbers, dtype."""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from preprocessing.counting import Job, SourceCount, unknown_series
from preprocessing.joining import join_times, row_numbers
from preprocessing.life_labels import Life
from preprocessing.life_splits import parts_of_lives, too_few_series
from preprocessing.readers.base import Source
from preprocessing.readers.labels.source_ranges import unknown_ranges
from preprocessing.series_parts import parts_of_series
from preprocessing.splits import Part
from trainer.statistics.columns import ColumnStatistics

__all__ = ["Files", "Group", "Plan", "dtype_for", "make_plan"]

# Files with their positions; a group of them has a number.
Files = Sequence[tuple[int, Source]]
Group = tuple[int, Files]


@dataclasses.dataclass(frozen=True)
class Plan:
    """How to write every file.

    Attributes:
        parts: (split of the file, series id) to the splits of the series.
        offsets: (file index, series id) to the row number of its first row.
        dtype: of the stored values.
        label_kind: "step", "sequence" or "none".
        sequence_length: of whole series, else 0.
        sampling_period_seconds: median over series; 0 = unknown.
        period_seconds: series id to its own period.
        latest: (file index, series id) to the last timestamp of the series
            in the files before, microseconds; none in its first file.
        lives: series id to what its rows are labelled by, if by life.
        errors: why nothing can be written.
    """

    parts: Mapping[tuple[str, str], tuple[Part, ...]]
    offsets: Mapping[tuple[int, str], int]
    dtype: str
    label_kind: str
    sequence_length: int
    sampling_period_seconds: float
    period_seconds: Mapping[str, float]
    latest: Mapping[tuple[int, str], int]
    lives: Mapping[str, Life]
    errors: tuple[str, ...]

    def for_groups(
        self, groups: Iterable[Group]
    ) -> Iterator[tuple[Group, "Plan"]]:
        """Yields each group of files with the part of the plan it needs.

        A worker must not be sent the series of all others.
        """
        series_of: dict[int, list[str]] = {}
        for index, series_id in self.offsets:
            series_of.setdefault(index, []).append(series_id)
        for group in groups:
            files = [
                (index, source.split, series_id)
                for index, source in group[1]
                for series_id in series_of.get(index, ())
            ]
            yield group, self._for_files(files)

    def without_series(self) -> "Plan":
        """What is decided for all series alike."""
        return self._for_files([])

    def _for_files(self, files: Sequence[tuple[int, str, str]]) -> "Plan":
        """Keeps what is known of each (file, split, series id)."""
        keys = [(index, series_id) for index, _, series_id in files]
        return dataclasses.replace(
            self,
            parts={
                (split, series_id): self.parts[split, series_id]
                for _, split, series_id in files
            },
            offsets={key: self.offsets[key] for key in keys},
            period_seconds={
                series_id: self.period_seconds[series_id]
                for _, series_id in keys
                if series_id in self.period_seconds
            },
            latest={
                key: self.latest[key] for key in keys if key in self.latest
            },
            lives={
                series_id: self.lives[series_id]
                for _, series_id in keys
                if series_id in self.lives
            },
        )


def make_plan(counts: Sequence[SourceCount], job: Job) -> Plan:
    """Decides split borders, dtype and label kind for all files.

    A series may continue over several files, in the order of their paths.

    Args:
        counts: of all files, in any order.
        job: columns and settings.

    Returns:
        The plan; what stands against it is among its errors.
    """
    counts = sorted(counts, key=lambda count: count.index)
    latest, shared, time_errors = join_times(counts)
    totals, offsets = row_numbers(counts, shared)
    lives = _lives(totals, job) if job.settings.has_lives else {}
    parts = (
        parts_of_lives(totals, lives, job.settings.split_fractions)
        if lives
        else parts_of_series(counts, job, totals)
    )
    period, periods = _periods(counts, job)
    kinds = {count.label_kind for count in counts} - {"none"}
    errors = [count.error for count in counts if count.error] or time_errors
    return Plan(
        parts=parts,
        offsets=offsets,
        dtype=job.dtype or _dtype(counts, job),
        label_kind="step" if lives else max(kinds, default="none"),
        sequence_length=max(count.sequence_length for count in counts),
        sampling_period_seconds=period,
        period_seconds=periods,
        latest=latest,
        lives=lives,
        errors=tuple(errors or _plan_errors(job, counts, parts)),
    )


def _lives(totals: Mapping[tuple[str, str], int], job: Job) -> dict[str, Life]:
    return {
        series_id: Life.of(num_rows, *job.settings.life_fractions)
        for (_, series_id), num_rows in totals.items()
    }


def _periods(
    counts: Sequence[SourceCount], job: Job
) -> tuple[float, dict[str, float]]:
    """The sampling period in seconds, and that of each series."""
    period = job.settings.sampling_period_seconds
    if period:
        return period, {}
    periods: dict[str, float] = {}
    for count in counts:
        for series_id, seconds in count.period_seconds.items():
            periods.setdefault(series_id, seconds)
    return float(np.median([*periods.values()])) if periods else 0.0, periods


def _plan_errors(
    job: Job,
    counts: Sequence[SourceCount],
    parts: Mapping[tuple[str, str], tuple[Part, ...]],
) -> list[str]:
    found = {series_id for _, series_id in parts}
    lengths = {count.sequence_length for count in counts} - {0}
    names = found.union(*(count.left_out for count in counts))
    missing = [name for name in job.settings.series if name not in found]
    if missing and not job.reader.has_whole_series:
        return [unknown_series(missing, names)]
    unmet = frozenset.intersection(*(count.unmet_ranges for count in counts))
    if unmet:
        return [unknown_ranges(sorted(unmet), sorted(names))]
    if len(lengths) > 1:
        return [
            "All sequences must have the same length. Received files with "
            f"{', '.join(map(str, sorted(lengths)))} time steps. Make a "
            "data set of each length: name its files alone in --input."
        ]
    if not any(part.split == "train" for cut in parts.values() for part in cut):
        first_bad = next((c.first_bad for c in counts if c.first_bad), "")
        if first_bad and not found:
            return [
                "Some row must be such that it can be read. Received none; "
                f"the first is refused: {first_bad}. Mend it, or say with the "
                "format's flags (--help) how to read it."
            ]
        return [
            "The train split is empty: give more rows, smaller fractions, "
            "or files that belong to train."
        ]
    if job.settings.has_lives:
        too_few = too_few_series(len(found), job.settings.split_fractions)
        return [too_few] if too_few else []
    return []


def _dtype(counts: Sequence[SourceCount], job: Job) -> str:
    statistics = ColumnStatistics.empty(len(job.names))
    for count in counts:
        if count.statistics is not None:
            statistics = statistics.merge(count.statistics)
    return dtype_for(statistics, job)


def dtype_for(statistics: ColumnStatistics, job: Job) -> str:
    """The dtype that keeps what the columns say; ignored ones have none."""
    roles = job.settings.declared_roles
    is_read = np.array([roles.get(name) != "ignored" for name in job.names])
    needs_more = statistics.needs_float64() & is_read
    return "float64" if needs_more.any() else "float32"
