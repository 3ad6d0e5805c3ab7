"""What a run wrote, as one value; and the schema made from it."""

import dataclasses
import json
from collections.abc import Mapping, Sequence

import numpy as np

from preprocessing.counting import Job
from preprocessing.shards import GroupResult
from trainer.schema import SPLITS, Feature, Schema, Split, assign_roles
from trainer.statistics.columns import ColumnStatistics

__all__ = ["Summary", "make_schema", "summarize"]


@dataclasses.dataclass(frozen=True)
class Summary:
    """All files together.

    Attributes:
        splits: all of `SPLITS`.
        statistics: of train.
        dtype: of the stored values.
        label_kind: "step", "sequence" or "none".
        sequence_length: of whole series, else 0.
        sampling_period_seconds: median period, 0 = unknown.
        num_good: rows taken; lines for whole series.
        num_bad: rows refused.
        num_shared: of them, rows that a file before has too.
        first_bad: the first refused row, in words.
        num_unused: rows in the gaps between splits.
        is_too_large: a cell, of any split, is beyond the dtype.
        errors: why the data set cannot be used.
    """

    splits: Mapping[str, Split]
    statistics: ColumnStatistics
    dtype: str
    label_kind: str
    sequence_length: int
    sampling_period_seconds: float
    num_good: int
    num_bad: int
    num_shared: int
    first_bad: str
    num_unused: int
    is_too_large: bool
    errors: tuple[str, ...]

    def with_shards_in(self, prefix: str) -> "Summary":
        """Puts `prefix` before the names of all shards."""
        splits = {
            name: dataclasses.replace(
                split, shards=tuple(prefix + shard for shard in split.shards)
            )
            for name, split in self.splits.items()
        }
        return dataclasses.replace(self, splits=splits)

    def to_json(self) -> str:
        """Text that `from_json` reads."""
        content = dataclasses.asdict(self)
        content["statistics"] = {
            name: array.tolist()
            for name, array in content["statistics"].items()
        }
        return json.dumps(content)

    @classmethod
    def from_json(cls, text: str) -> "Summary":
        """Reads what `to_json` wrote."""
        content = json.loads(text)
        content["splits"] = {
            name: Split(**(split | {"shards": tuple(split["shards"])}))
            for name, split in content["splits"].items()
        }
        content["statistics"] = ColumnStatistics(
            **{
                name: np.array(values)
                for name, values in content["statistics"].items()
            }
        )
        content["errors"] = tuple(content["errors"])
        return cls(**content)


def summarize(results: Sequence[GroupResult], job: Job) -> Summary:
    """Adds up the results of all groups.

    Args:
        results: of all groups, in any order; at least one.
        job: columns and settings.
    """
    results = sorted(results, key=lambda result: result.number)
    plan = results[0].plan
    statistics = ColumnStatistics.empty(len(job.names))
    for result in results:
        if result.statistics is not None:
            statistics = statistics.merge(result.statistics)
    lost_first = sorted(
        (result for result in results if result.num_bad),
        key=lambda result: result.num_bad == result.num_shared,
    )
    errors = [result.error for result in results if result.error]
    return Summary(
        splits={split: _add_up(results, split) for split in SPLITS},
        statistics=statistics,
        dtype=plan.dtype,
        label_kind=plan.label_kind,
        sequence_length=plan.sequence_length,
        sampling_period_seconds=plan.sampling_period_seconds,
        num_good=sum(result.num_good for result in results),
        num_bad=sum(result.num_bad for result in results),
        num_shared=sum(result.num_shared for result in results),
        first_bad=next((result.first_bad for result in lost_first), ""),
        num_unused=sum(result.num_unused for result in results),
        is_too_large=any(result.is_too_large for result in results),
        errors=(*plan.errors, *errors),
    )


def make_schema(
    summary: Summary, job: Job, reader: Mapping, command: str
) -> Schema:
    """Makes the schema of a data set.

    Args:
        summary: what was written.
        job: columns and settings.
        reader: format and its options.
        command: the command that made it.

    Raises:
        ValueError: nothing can be learned from train.
    """
    if not summary.splits["train"].rows:
        raise ValueError(
            "The train split is empty: no row of train could be read. Look "
            "at the refused rows, or give files that belong to train."
        )
    columns = _features(summary.statistics, job.names)
    features = assign_roles(columns, job.settings.declared_roles)
    return Schema(
        features=features,
        splits=summary.splits,
        dtype=summary.dtype,
        halo=job.settings.max_window_length,
        label_kind=summary.label_kind,
        sequence_length=summary.sequence_length,
        sampling_period_seconds=summary.sampling_period_seconds,
        reader=reader,
        command=command,
    )


def _features(
    statistics: ColumnStatistics, names: Sequence[str]
) -> list[Feature]:
    is_empty = statistics.count == 0
    # JSON has no infinity: an empty column, always ignored, says 0.
    minimum = np.where(is_empty, 0.0, statistics.minimum)
    maximum = np.where(is_empty, 0.0, statistics.maximum)
    return [
        Feature(
            name=name,
            role="scored",
            count=int(statistics.count[position]),
            missing=int(statistics.missing[position]),
            mean=float(statistics.mean[position]),
            variance=float(statistics.variance[position]),
            minimum=float(minimum[position]),
            maximum=float(maximum[position]),
            is_constant=bool(statistics.is_constant[position]),
            is_binary=bool(statistics.is_binary[position]),
        )
        for position, name in enumerate(names)
    ]


def _add_up(results: Sequence[GroupResult], split: str) -> Split:
    found = [
        result.splits[split] for result in results if split in result.splits
    ]
    ids = frozenset().union(
        *(result.series_ids.get(split, ()) for result in results)
    )
    return Split(
        rows=sum(part.rows for part in found),
        series=len(ids) + sum(part.series for part in found),
        normal=sum(part.normal for part in found),
        anomalous=sum(part.anomalous for part in found),
        unknown=sum(part.unknown for part in found),
        shards=tuple(shard for part in found for shard in part.shards),
    )
