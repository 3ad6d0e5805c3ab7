"""The strangest stretches of series, for a person to look at."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from evaluation.metrics.events import events, merged
from evaluation.threshold_ratios import threshold_ratios

__all__ = [
    "NotableEvent",
    "SeriesScores",
    "notable_events",
    "strangest",
]

NUM_FEATURES_NAMED = 3


class SeriesScores(NamedTuple):
    """A series as one view or baseline scores it.

    Its gaps may have been closed up: rows are then counted without the
    missing ones, and only timestamps tell where those were.

    Attributes:
        series_id: which series.
        start: row number of the first row; those that follow count on.
        scores: `[time]` float, NaN = not scored.
        thresholds: `[time]` float, or one number for all rows.
        is_anomaly: `[time]` bool.
        contributions: `[time, scored]` float, terms of the score.
        labels: `[time]` 0, 1, -1 unknown.
        timestamps: `[time]` int64 microseconds, or None.
    """

    series_id: str
    start: int
    scores: np.ndarray
    thresholds: np.ndarray
    is_anomaly: np.ndarray
    contributions: np.ndarray
    labels: np.ndarray
    timestamps: np.ndarray | None


class NotableEvent(NamedTuple):
    """A stretch of rows that a detector flags, or one row that comes near.

    Attributes:
        series_id: which series.
        start_row: number of the first row, counted as in `SeriesScores`.
        stop_row: number of the row after the last.
        start_time: microseconds of the first row, or None.
        peak_ratio: the largest of `threshold_ratios` among flagged rows.
        peak_row: number of the row that has it.
        top_features: name and share of the features with the largest terms
            of the score there, as `inference.predict` names them.
        is_flagged: False for a row below its threshold.
        is_labelled: True where a row is labelled 1, False where all are
            labelled 0, None = unknown.
    """

    series_id: str
    start_row: int
    stop_row: int
    start_time: int | None
    peak_ratio: float
    peak_row: int
    top_features: tuple[tuple[str, float], ...]
    is_flagged: bool
    is_labelled: bool | None


def notable_events(
    series: SeriesScores,
    scored_names: Sequence[str],
    window_length: int,
    limit: int,
) -> list[NotableEvent]:
    """Finds the events of one series that a person should look at.

    Events are stretches of flagged rows; those with fewer than
    `window_length` rows between them, which one window sees together, are
    one. Where there are fewer than `limit`, rows that are not flagged follow,
    those with the highest ratios, with at least `window_length` rows between
    them and all else.

    Args:
        series: its scores. A flag on a row without a score does not count.
        scored_names: names of the columns of its contributions.
        window_length: of the detector, at least 1.
        limit: events to give at most.

    Returns:
        Flagged ones first, each kind from the largest ratio on. The
        strangest of many series are among the strangest of each.

    Raises:
        ValueError: `window_length` or `limit` is too small, or lengths
            differ.
    """
    _check(series, scored_names, window_length, limit)
    ratios = threshold_ratios(series.scores, series.thresholds)
    is_flagged = np.asarray(series.is_anomaly, bool) & ~np.isnan(ratios)
    ranges = merged(events(is_flagged), window_length)
    ranked = np.where(np.isnan(ratios), -np.inf, ratios)
    flagged = np.where(is_flagged, ranked, -np.inf)
    peaks = [start + flagged[start:stop].argmax() for start, stop in ranges]
    order = sorted(range(len(peaks)), key=lambda place: -flagged[peaks[place]])
    found = [
        _described(series, scored_names, ratios, ranges[place], peaks[place])
        for place in order[:limit]
    ]
    for start, stop in ranges:
        _exclude(ranked, start, stop, window_length)
    while len(found) < limit and ranked.max(initial=-np.inf) > -np.inf:
        row = int(ranked.argmax())
        _exclude(ranked, row, row + 1, window_length)
        found.append(
            _described(series, scored_names, ratios, (row, row + 1), row)
        )
    return found


def strangest(found: Iterable[NotableEvent], limit: int) -> list[NotableEvent]:
    """Chooses among the events of many series.

    Args:
        found: of `notable_events`, with at least this limit.
        limit: events to give at most.

    Returns:
        Flagged ones first, each kind from the largest ratio on.
    """
    ranked = sorted(found, key=lambda it: (not it.is_flagged, -it.peak_ratio))
    return ranked[:limit]


def _check(
    series: SeriesScores,
    scored_names: Sequence[str],
    window_length: int,
    limit: int,
) -> None:
    if window_length < 1 or limit < 0:
        raise ValueError(
            "`window_length` must be at least 1 and `limit` at least 0. "
            f"Received: window_length={window_length}, limit={limit}. Give "
            "the window length of the detector."
        )
    shape = len(series.scores), len(scored_names)
    lengths = {len(series.scores), len(series.is_anomaly), len(series.labels)}
    if np.shape(series.contributions) != shape or len(lengths) > 1:
        raise ValueError(
            "`series` must have one score, flag and label for each row, and a "
            "contribution for each of the scored columns. Received: "
            f"{len(series.scores)} scores, {len(series.is_anomaly)} flags, "
            f"{len(series.labels)} labels and contributions "
            f"{np.shape(series.contributions)} for {len(scored_names)} names. "
            "Give those of one series and one view."
        )


def _exclude(
    ranked: np.ndarray, start: int, stop: int, window_length: int
) -> None:
    """Takes out rows, and those with fewer than a window in between."""
    ranked[max(0, start - window_length) : stop + window_length] = -np.inf


def _described(
    series: SeriesScores,
    scored_names: Sequence[str],
    ratios: np.ndarray,
    rows: Sequence[int],
    peak: int,
) -> NotableEvent:
    start, stop = map(int, rows)
    labels = np.asarray(series.labels)[start:stop]
    is_known = (labels == 1).any() or (labels == 0).all()
    times = series.timestamps
    return NotableEvent(
        series_id=series.series_id,
        start_row=series.start + start,
        stop_row=series.start + stop,
        start_time=None if times is None else int(times[start]),
        peak_ratio=float(ratios[peak]),
        peak_row=series.start + int(peak),
        top_features=_top_features(series.contributions[peak], scored_names),
        is_flagged=bool(series.is_anomaly[peak]),
        is_labelled=bool((labels == 1).any()) if is_known else None,
    )


def _top_features(
    terms: np.ndarray, names: Sequence[str]
) -> tuple[tuple[str, float], ...]:
    """Largest shares of the sum of all terms; none where that is not > 0."""
    terms = np.nan_to_num(terms, posinf=1e300, neginf=-1e300)
    total = terms.sum()
    if not total > 0:
        return ()
    order = np.argsort(-terms, kind="stable")[:NUM_FEATURES_NAMED]
    return tuple(
        (names[column], float(terms[column] / total))
        for column in order
        if terms[column] > 0
    )
