"""Affiliation precision and recall: how near flags and events are."""

import dataclasses

import numpy as np

from evaluation.metrics.events import events
from evaluation.metrics.rows import counted_flags, f_beta

__all__ = ["AffiliationMetrics", "affiliation_metrics"]


@dataclasses.dataclass(frozen=True)
class AffiliationMetrics:
    """How near flags are to events, beside a flag at a random place.

    Attributes:
        precision: mean over the events with a flag in their zone; 0 where
            nothing is flagged. 1 if all flags lie in events.
        recall: mean over all events; one without a flag in its zone has 0.
        f1: harmonic mean of the two.
        num_events: stretches of rows labelled 1.
        num_zones_flagged: events with a flag in their zone.

    All three figures are NaN where no row is labelled 1. A random detector
    reaches about 0.5 in precision and more in recall: never read them alone.
    """

    precision: float
    recall: float
    f1: float
    num_events: int
    num_zones_flagged: int


def affiliation_metrics(
    scores: np.ndarray, is_anomaly: np.ndarray, labels: np.ndarray
) -> AffiliationMetrics:
    """Compares flags with events by the distance between them.

    A row is an interval of length one. The zone of an event is what is nearer
    to it than to any other. In a zone, the precision at an instant that is
    flagged is the probability that a random instant of the zone is at least
    as far from the event; the recall at an instant of the event is the
    probability that a random instant of the zone is at least as far from it
    as the nearest flag of the zone. Both are averaged over their instants.

    Zones and distances are measured on all rows. Rows labelled -1 and rows
    without a score are then left out: flags there do not count, and random
    instants are not drawn from there, else a long unknown stretch would make
    every flag look near. An event keeps its rows without a score.

    Args:
        scores: `[row]` float; only which of them are NaN matters.
        is_anomaly: `[row]` bool.
        labels: `[row]`, 0, 1 or -1 = unknown.

    Raises:
        ValueError: lengths differ, or a label is something else.

    Example:
        >>> metrics = affiliation_metrics(
        ...     np.zeros(8), np.array([1, 0, 0, 1, 1, 1, 0, 0]) == 1,
        ...     [0, 0, 0, 1, 1, 0, 0, 0])
        >>> metrics.precision, metrics.recall
        (0.6875, 1.0)

    References:
        Huet et al. 2022, "Local Evaluation of Time Series Anomaly Detection
        Algorithms". Theirs is the case in which all rows are known and scored.
    """
    is_flagged, labels = counted_flags(scores, is_anomaly, labels)
    is_counted = labels != -1
    is_flagged &= is_counted
    is_counted &= ~np.isnan(np.asarray(scores, np.float64))
    num_events = len(events(labels))
    precision = recall = float("nan")
    is_zone_flagged = np.zeros(num_events, bool)
    if num_events:
        halves = _Halves(is_counted, labels)
        flagged = np.repeat(is_flagged, 2)
        num_flagged = np.bincount(halves.zone[flagged], minlength=num_events)
        is_zone_flagged = num_flagged > 0
        precision = recall = 0.0
    if is_zone_flagged.any():
        sums = _precision_sums(halves, flagged)[is_zone_flagged]
        precision = float((sums / num_flagged[is_zone_flagged]).mean())
        recall = float((_recall_sums(halves, flagged) / halves.length).mean())
    return AffiliationMetrics(
        precision=precision,
        recall=recall,
        f1=f_beta(precision, recall),
        num_events=num_events,
        num_zones_flagged=int(is_zone_flagged.sum()),
    )


class _Halves:
    """The time axis in half rows: every border and midpoint is a whole number.

    `before[t]` is how much of the counted time lies before t; its integrals
    are exact, as it is linear in each half row.
    """

    def __init__(self, is_counted: np.ndarray, labels: np.ndarray) -> None:
        begin, end = 2 * events(labels).T
        borders = (end[:-1] + begin[1:]) // 2
        edges = np.concatenate([[0], borders, [2 * len(labels)]])
        weights = np.repeat(is_counted, 2).astype(np.float64)
        self.length = end - begin
        self.is_event = np.repeat(labels == 1, 2)
        self.zone = np.repeat(np.arange(len(begin)), np.diff(edges))
        self.begin, self.end = begin[self.zone], end[self.zone]
        self.left, self.right = edges[self.zone], edges[self.zone + 1]
        self.before = np.concatenate([[0.0], np.cumsum(weights)])
        self.total = self.before[self.right] - self.before[self.left]
        areas = (self.before[:-1] + self.before[1:]) / 2
        self._area = np.concatenate([[0.0], np.cumsum(areas)])

    def area(
        self, start: np.ndarray, stop: np.ndarray, halves: np.ndarray
    ) -> np.ndarray:
        """Integral of `before` from start to stop, held within the zone.

        Outside the zone of `halves`, `before` has its value at the border.
        """
        left, right = self.left[halves], self.right[halves]

        def from_left(time: np.ndarray) -> np.ndarray:
            inside = np.clip(time, left, right)
            return self._area[inside] + self.before[inside] * (time - inside)

        return from_left(stop) - from_left(start)

    def sums(self, halves: np.ndarray, shares: np.ndarray) -> np.ndarray:
        """Sums over each zone what is a share of its counted time."""
        shares = shares / self.total[halves]
        return np.bincount(self.zone[halves], shares, len(self.length))


def _precision_sums(halves: _Halves, flagged: np.ndarray) -> np.ndarray:
    """Integral over each zone's flags, half rows, `[event]`."""
    now = np.flatnonzero(flagged)
    # The instant on the other side of the event, and as far from it.
    mirror = halves.begin[now] + halves.end[now] - now
    here = halves.area(now, now + 1, now)
    there = halves.area(mirror - 1, mirror, now)
    is_after = now >= halves.end[now]
    nearer = np.where(is_after, there - here, here - there)
    nearer[halves.is_event[now]] = 0.0
    return halves.sums(now, halves.total[now] + nearer)


def _recall_sums(halves: _Halves, flagged: np.ndarray) -> np.ndarray:
    """Integral over each event, half rows, `[event]`; 0 without a flag."""
    places = np.arange(len(flagged))
    ends = np.maximum.accumulate(np.where(flagged, places + 1, -1))
    begins = np.where(flagged, places, 2 * len(flagged))
    begins = np.minimum.accumulate(begins[::-1])[::-1]
    has_left, has_right = ends > halves.left, begins < halves.right
    now = np.flatnonzero(halves.is_event & (has_left | has_right))
    has_left, has_right = has_left[now], has_right[now]
    to_left, to_right = now - ends[now], begins[now] - now - 1
    is_left = has_left & (~has_right | (to_left <= to_right))
    nearest = np.where(is_left, ends[now], begins[now])
    # The instant on the other side, and as far away as the nearest flag.
    mirror = 2 * now - nearest
    there = halves.area(mirror, mirror + 2, now) / 2
    here = halves.before[nearest]
    nearer = np.where(is_left, here - there, there - here)
    nearer[flagged[now]] = 0.0
    return halves.sums(now, halves.total[now] + nearer)
