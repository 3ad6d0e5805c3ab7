"""What the first pass decides: splits, row numbers, dtype."""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from preprocessing.counting import Job, SourceCount, unknown_series
from preprocessing.readers.base import Source
from preprocessing.splits import Part, cut_into_splits
from trainer.statistics.columns import ColumnStatistics

__all__ = ["Files", "Group", "Plan", "dtype_for", "make_plan"]

# Files with their positions; a group of them has a number.
Files = Sequence[tuple[int, Source]]
Group = tuple[int, Files]

# Cut from the tail of each series, in order of time.
_TAIL = ("validation", "statistics", "tuning", "test")


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
        )


def make_plan(counts: Sequence[SourceCount], job: Job) -> Plan:
    """Decides split borders, dtype and label kind for all files.

    A series may continue over several files, in the order of their paths.

    Args:
        counts: of all files, in any order.
        job: columns and settings.
    """
    counts = sorted(counts, key=lambda count: count.index)
    latest, shared, time_errors = _latest(counts)
    totals, offsets = _row_numbers(counts, shared)
    periods: dict[str, float] = {}
    for count in counts:
        periods = {**count.period_seconds, **periods}
    own = {count.split for count in counts if count.split}
    num_train_rows: dict[str, int] = {}
    for count in counts:
        num_train_rows.update(count.num_train_rows)
    parts = {
        (split, series_id): _parts(
            job, split, rows, own, num_train_rows.get(series_id)
        )
        for (split, series_id), rows in totals.items()
    }
    period = job.settings.sampling_period_seconds
    if period:
        periods = {}
    elif periods:
        period = float(np.median(list(periods.values())))
    kinds = {count.label_kind for count in counts} - {"none"}
    errors = [count.error for count in counts if count.error] or time_errors
    return Plan(
        parts=parts,
        offsets=offsets,
        dtype=job.dtype or _dtype(counts, job),
        label_kind=max(kinds, default="none"),
        sequence_length=max(count.sequence_length for count in counts),
        sampling_period_seconds=period,
        period_seconds=periods,
        latest=latest,
        errors=tuple(errors or _plan_errors(job, counts, parts)),
    )


def _row_numbers(
    counts: Sequence[SourceCount], shared: Mapping[tuple[int, str], int]
) -> tuple[dict[tuple[str, str], int], dict[tuple[int, str], int]]:
    """Rows of each series in all its files; its first row in each file."""
    totals: dict[tuple[str, str], int] = {}
    offsets: dict[tuple[int, str], int] = {}
    for count in counts:
        for series_id, rows in count.rows.items():
            key = (count.split, series_id)
            offsets[count.index, series_id] = totals.get(key, 0)
            rows -= shared.get((count.index, series_id), 0)
            totals[key] = totals.get(key, 0) + rows
    return totals, offsets


def _latest(
    counts: Sequence[SourceCount],
) -> tuple[dict[tuple[int, str], int], dict[tuple[int, str], int], list[str]]:
    """How the times of files join.

    Returns:
        The last time in the files before; the number of rows that the file
        before has too, which are refused; files that are not in order.
    """
    latest: dict[tuple[int, str], int] = {}
    shared: dict[tuple[int, str], int] = {}
    errors: list[str] = []
    ends: dict[tuple[str, str], tuple[int, str]] = {}
    for count in counts:
        for series_id, (first, last) in count.times.items():
            key = (count.split, series_id)
            if key in ends:
                before, path = ends[key]
                latest[count.index, series_id] = before
                first_times = count.first_times.get(series_id, ())
                num_shared = sum(time <= before for time in first_times)
                if first <= before < last and num_shared < len(first_times):
                    shared[count.index, series_id] = num_shared
                elif first <= before:
                    errors.append(
                        "A series that goes on in another file must go on in "
                        "time, and files are read in the order of their "
                        f"paths. Received: series {series_id}, which begins "
                        f"in `{count.path}` at {_moment(first)} and ends in "
                        f"`{path}` at {_moment(before)}. Name the files so "
                        "that they sort by time, and leave out rows that two "
                        "of them share."
                    )
            ends[key] = last, count.path
    return latest, shared, errors


def _moment(timestamp: int) -> str:
    return str(np.datetime64(timestamp, "us"))


def _parts(
    job: Job,
    split: str,
    num_rows: int,
    own: set[str],
    num_train_rows: int | None,
) -> tuple[Part, ...]:
    """The splits of a series.

    Args:
        job: its fractions and gap.
        split: what its files belong to; "" = any.
        num_rows: of the series in these files.
        own: splits that have files of their own.
        num_train_rows: leading rows that are train, the others are test;
            None = the format does not say.
    """
    settings = job.settings
    if split not in ("", "train"):
        return (Part(split, 0, num_rows),)
    # Files that say "train" come with a test part, or will get one.
    has_own_test = split == "train" or num_train_rows is not None
    tail = [
        (name, getattr(settings, f"{name}_fraction"))
        for name in (_TAIL[:-1] if has_own_test else _TAIL)
        if name not in own
    ]
    stop = num_rows
    if num_train_rows is not None:
        stop = min(num_train_rows, num_rows)
    gap_rows = settings.split_gap_rows
    if gap_rows < 0:
        gap_rows = min(stop // 100, settings.max_window_length)
    if job.reader.has_whole_series:
        gap_rows = 0
    parts = cut_into_splits(stop, tail, gap_rows)
    return parts + ((Part("test", stop, num_rows),) if stop < num_rows else ())


def _plan_errors(
    job: Job,
    counts: Sequence[SourceCount],
    parts: Mapping[tuple[str, str], tuple[Part, ...]],
) -> list[str]:
    found = {series_id for _, series_id in parts}
    lengths = {count.sequence_length for count in counts} - {0}
    missing = [name for name in job.settings.series if name not in found]
    if missing and not job.reader.has_whole_series:
        names = found.union(*(count.left_out for count in counts))
        return [unknown_series(missing, names)]
    if len(lengths) > 1:
        return [
            "All sequences must have the same length. Received files with "
            f"{', '.join(map(str, sorted(lengths)))} time steps. Make a "
            "data set of each length: name its files alone in --input."
        ]
    if not any(part.split == "train" for cut in parts.values() for part in cut):
        return [
            "The train split is empty: give more rows, smaller fractions, "
            "or files that belong to train."
        ]
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
