"""Whole lives to splits: time would put each end of a life into test."""

import hashlib
from collections.abc import Collection, Mapping

from preprocessing.life_labels import Life
from preprocessing.splits import Part

__all__ = ["parts_of_lives", "splits_of_series", "too_few_series"]

# The others learn what is normal, so they end before the anomalous rows.
_MIXED_SPLITS = ("tuning", "test")
# Train can stand in for the first two; without tuning the labels are idle.
_SPARED_FIRST = ("statistics", "validation", "test", "tuning")


def parts_of_lives(
    totals: Mapping[tuple[str, str], int],
    lives: Mapping[str, Life],
    fractions: Mapping[str, float],
) -> dict[tuple[str, str], tuple[Part, ...]]:
    """One split for each life: all of it, or what is not anomalous.

    Args:
        totals: (split of the file, series id) to rows.
        lives: series id to its life.
        fractions: split to the fraction of all series; the rest is train.

    Returns:
        The keys of `totals` to their only part.
    """
    splits = splits_of_series(lives, fractions)
    parts = {}
    for key, num_rows in totals.items():
        split, life = splits[key[1]], lives[key[1]]
        stop = num_rows if split in _MIXED_SPLITS else life.anomalous_start
        parts[key] = (Part(split, 0, stop),)
    return parts


def splits_of_series(
    series_ids: Collection[str], fractions: Mapping[str, float]
) -> dict[str, str]:
    """Deals whole series out to splits.

    Each split with a fraction, and train, gets one series; each further one
    goes where most is missing. Names often rise with time or with quality, so
    the order is by a hash of them.

    Args:
        series_ids: in any order, which has no influence.
        fractions: split to the fraction of all series; the rest is train.

    Returns:
        Series id to split. Of too few series the last splits get none.

    Example:
        >>> splits_of_series(["a", "b", "c", "d"], {"tuning": 0, "test": 0.5})
        {'d': 'train', 'c': 'train', 'b': 'test', 'a': 'test'}
    """
    wanted = _wanted(fractions)
    counts = dict.fromkeys(wanted, 1)
    for _ in range(len(series_ids) - len(wanted)):
        lacking = max(
            wanted,
            key=lambda name: wanted[name] * len(series_ids) - counts[name],
        )
        counts[lacking] += 1
    splits = [name for name, count in counts.items() for _ in range(count)]
    return dict(zip(sorted(series_ids, key=_hash), splits, strict=False))


def too_few_series(num_series: int, fractions: Mapping[str, float]) -> str:
    """What to say of lives that do not fill all splits; "" = they do.

    Args:
        num_series: lives there are.
        fractions: split to the fraction of all series; the rest is train.
    """
    wanted = _wanted(fractions)
    num_missing = len(wanted) - num_series
    if num_missing <= 0:
        return ""
    spared = [name for name in _SPARED_FIRST if name in wanted][:num_missing]
    flags = " ".join(f"--{name}_fraction=0" for name in spared)
    return (
        "Labels by life put whole series into the splits, so each of "
        f"{', '.join(wanted)} needs one: {len(wanted)}. Received: "
        f"{num_series}. Give more, or do without a split: {flags}."
    )


def _wanted(fractions: Mapping[str, float]) -> dict[str, float]:
    """Splits that need a series, train first, to their fractions."""
    rest = {"train": 1 - sum(fractions.values())}
    return rest | {name: each for name, each in fractions.items() if each > 0}


def _hash(series_id: str) -> bytes:
    return hashlib.sha256(series_id.encode()).digest()
