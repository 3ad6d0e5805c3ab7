"""Counting of overlapping ranges, as Telemanom reports it.

An event is found where at least one row of it is flagged; each stretch of
flags without any event counts once as false. Long stretches are cheap: one
that covers a whole series with one event is perfect. So the share of flagged
rows is to stand beside these figures.

References:
    Hundman et al. 2018, "Detecting Spacecraft Anomalies Using LSTMs and
    Nonparametric Dynamic Thresholding"; its code (v2.0) for the counting.
"""

import dataclasses

import numpy as np

from evaluation.metrics.events import events, num_rows_in
from evaluation.metrics.rows import counted_flags, f_beta

__all__ = ["OverlapCounts", "overlap_counts", "range_overlap_counts"]


@dataclasses.dataclass(frozen=True)
class OverlapCounts:
    """Events found and missed, and ranges that found none; sums with `+`.

    Attributes:
        true_positives: events that a range overlaps.
        false_positives: ranges that overlap no event.
        false_negatives: events without.
    """

    true_positives: int
    false_positives: int
    false_negatives: int

    def __add__(self, other: "OverlapCounts") -> "OverlapCounts":
        """Counts of two series together."""
        return OverlapCounts(
            self.true_positives + other.true_positives,
            self.false_positives + other.false_positives,
            self.false_negatives + other.false_negatives,
        )

    @property
    def num_events(self) -> int:
        """Events, found or missed."""
        return self.true_positives + self.false_negatives

    @property
    def precision(self) -> float:
        """Found events against false ranges; 0 without any range.

        NaN where there is no event.
        """
        if not self.num_events:
            return float("nan")
        num_claims = self.true_positives + self.false_positives
        return self.true_positives / num_claims if num_claims else 0.0

    @property
    def recall(self) -> float:
        """Share of the events that were found; NaN where there is none."""
        if not self.num_events:
            return float("nan")
        return self.true_positives / self.num_events

    def f_beta(self, beta: float = 1.0) -> float:
        """Weighted harmonic mean of precision and recall.

        Args:
            beta: weight of recall; Telemanom reports 0.5.

        Returns:
            0 to 1; NaN where there is no event.

        Raises:
            ValueError: `beta` is not a positive number.
        """
        return f_beta(self.precision, self.recall, beta)


def range_overlap_counts(
    predicted: np.ndarray, true_events: np.ndarray, compat: bool = False
) -> OverlapCounts:
    """Compares predicted ranges with events.

    Args:
        predicted: `[range, 2]` int, first row and the row after the last.
        true_events: `[event, 2]` likewise, in any order; they must not
            overlap each other.
        compat: False = a range finds every event that it overlaps. True = as
            Telemanom v2.0 counts: only the first of them in the order given,
            the others are missed unless another range finds them first.

    Raises:
        ValueError: a range is empty or not a pair, or events overlap.

    Example:
        >>> range_overlap_counts([[0, 9], [20, 21]], [[1, 2], [5, 7]])
        OverlapCounts(true_positives=2, false_positives=1, false_negatives=0)
    """
    predicted = _ranges("predicted", predicted)
    true_events = _ranges("true_events", true_events)
    order = np.argsort(true_events[:, 0], kind="stable")
    starts, stops = true_events[order].T
    if (starts[1:] < stops[:-1]).any():
        raise ValueError(
            "`true_events` must not overlap each other. Received: "
            f"{true_events.tolist()[:5]}. Join the overlapping ones first."
        )
    # Events first to last - 1 in the order of rows overlap the range.
    first = np.searchsorted(stops, predicted[:, 0], side="right")
    last = np.searchsorted(starts, predicted[:, 1], side="left")
    is_hit = first < last
    first, last = first[is_hit], last[is_hit]
    if compat:
        blocks = np.stack([first, last], axis=1).ravel()
        credited = np.minimum.reduceat(np.append(order, len(order)), blocks)
        num_found = len(np.unique(credited[::2]))
    else:
        change = np.zeros(len(order) + 1, np.int64)
        np.add.at(change, first, 1)
        np.add.at(change, last, -1)
        num_found = int((change.cumsum() > 0).sum())
    return OverlapCounts(
        true_positives=num_found,
        false_positives=int((~is_hit).sum()),
        false_negatives=len(order) - num_found,
    )


def overlap_counts(
    scores: np.ndarray,
    is_anomaly: np.ndarray,
    labels: np.ndarray,
    compat: bool = False,
) -> OverlapCounts:
    """Compares stretches of flags with events.

    A row without a score is not flagged and ends a stretch; an event without
    any score is missed. A stretch goes on over rows labelled -1, but one that
    lies on such rows only is left out.

    Args:
        scores: `[row]` float; only NaN = not scored matters.
        is_anomaly: `[row]` bool.
        labels: `[row]`, 0, 1 or -1 = unknown, which ends an event.
        compat: see `range_overlap_counts`.

    Raises:
        ValueError: lengths differ, or a label is something else.

    Example:
        >>> overlap_counts([.1, .9, .9], [0, 1, 1], [0, 0, 1]).recall
        1.0
    """
    is_flagged, labels = counted_flags(scores, is_anomaly, labels)
    stretches = events(is_flagged)
    has_known = num_rows_in(stretches, labels != -1) > 0
    return range_overlap_counts(stretches[has_known], events(labels), compat)


def _ranges(name: str, ranges: np.ndarray) -> np.ndarray:
    """`[range, 2]` int64."""
    given = np.asarray(ranges)
    pairs = given.astype(np.int64) if given.size else np.zeros((0, 2), np.int64)
    if pairs.ndim != 2 or pairs.shape[1] != 2 or (np.diff(pairs) <= 0).any():
        raise ValueError(
            f"`{name}` must be pairs [start, stop) with start < stop. "
            f"Received: shape {given.shape}, {given.tolist()[:5]}. Add 1 to "
            "an end that is counted in."
        )
    return pairs
