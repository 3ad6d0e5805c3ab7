"""Which rows of each series belong to which split."""

from collections.abc import Mapping, Sequence

from preprocessing.counting import Job, SourceCount
from preprocessing.splits import Part, cut_into_splits

__all__ = ["parts_of_series"]


def parts_of_series(
    counts: Sequence[SourceCount],
    job: Job,
    totals: Mapping[tuple[str, str], int],
) -> dict[tuple[str, str], tuple[Part, ...]]:
    """The splits of each series.

    Args:
        counts: of all files.
        job: its fractions and gap.
        totals: (split of the file, series id) to the rows in all its files.

    Returns:
        (split of the file, series id) to its splits, in order of time.
    """
    own = {count.split for count in counts if count.split}
    num_train_rows: dict[str, int] = {}
    for count in counts:
        num_train_rows.update(count.num_train_rows)
    return {
        (split, series_id): _parts(
            job, split, num_rows, own, num_train_rows.get(series_id)
        )
        for (split, series_id), num_rows in totals.items()
    }


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
        (name, fraction)
        for name, fraction in settings.split_fractions.items()
        if name not in own and not (has_own_test and name == "test")
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
