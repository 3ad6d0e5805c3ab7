"""Detection delay and alarms per day at the deployed threshold.

Time runs over the whole row axis: a delay counts the rows from the start of
the event, scored or not, to its first flag. Flags on rows without a score do
not count. Alarms need no labels.
"""

import dataclasses

import numpy as np

from evaluation.metrics.events import events
from evaluation.metrics.rows import counted_flags

__all__ = ["DetectionDelay", "alarms_per_day", "detection_delay"]

_MICROSECONDS = 1e6
# Nobody watches a gap; preprocessing has the same rule.
_GAP_PERIODS = 5
_DAY_SECONDS = 86_400


@dataclasses.dataclass(frozen=True)
class DetectionDelay:
    """How long after its start an event is first flagged.

    Attributes:
        mean_steps: mean over the detected events, time steps; 0 = the first
            row of the event is flagged. NaN where none is detected.
        median_steps: median over the same.
        mean_seconds: mean in seconds; NaN without times, too.
        median_seconds: median in seconds; NaN without times, too.
        num_events: stretches of rows labelled 1.
        num_missed: those without a flag; they have no delay, so a mean over
            few detected events is to be read beside this number.
    """

    mean_steps: float
    median_steps: float
    mean_seconds: float
    median_seconds: float
    num_events: int
    num_missed: int


def detection_delay(
    scores: np.ndarray,
    is_anomaly: np.ndarray,
    labels: np.ndarray,
    seconds_per_row: float = float("nan"),
    timestamps: np.ndarray | None = None,
) -> DetectionDelay:
    """Measures the way from the start of each event to its first flag.

    A flag before the event does not count, unless it goes on into it. A row
    labelled -1 ends an event: behind it a new one starts. An event without
    any score is missed.

    Args:
        scores: `[row]` float; only NaN = not scored matters.
        is_anomaly: `[row]` bool.
        labels: `[row]`, 0, 1 or -1 = unknown.
        seconds_per_row: time between two rows, if it is always the same.
        timestamps: `[row]` int64 microseconds, in order; they win over
            `seconds_per_row`.

    Raises:
        ValueError: lengths differ, a label is something else, or times are
            not in order.

    Example:
        >>> detection_delay([1., 1., 5.], [0, 0, 1], [0, 1, 1]).mean_steps
        1.0
    """
    is_flagged, labels = counted_flags(scores, is_anomaly, labels)
    ranges = events(labels)
    flagged = np.flatnonzero(is_flagged)
    # A flag behind the last row stands for none.
    flagged = np.append(flagged, len(labels))
    first = flagged[np.searchsorted(flagged, ranges[:, 0])]
    is_detected = first < ranges[:, 1]
    starts, first = ranges[is_detected, 0], first[is_detected]
    seconds = _row_seconds(len(labels), seconds_per_row, timestamps)
    steps, delays = first - starts, seconds[first] - seconds[starts]
    return DetectionDelay(
        mean_steps=_mean(steps),
        median_steps=_median(steps),
        mean_seconds=_mean(delays),
        median_seconds=_median(delays),
        num_events=len(ranges),
        num_missed=len(ranges) - len(starts),
    )


def alarms_per_day(
    scores: np.ndarray,
    is_anomaly: np.ndarray,
    seconds_per_row: float = float("nan"),
    timestamps: np.ndarray | None = None,
) -> float:
    """Stretches of flags per day of scored time.

    Right and false alarms alike. A row without a score ends an alarm, and
    its time does not count as watched. A row lasts until the next one; the
    last row, and one before a gap (more than 5 times the median), as long as
    the median of all.

    Args:
        scores: `[row]` float; only NaN = not scored matters.
        is_anomaly: `[row]` bool.
        seconds_per_row: time between two rows, if it is always the same.
        timestamps: `[row]` int64 microseconds, in order; they win over
            `seconds_per_row`.

    Returns:
        Alarms a day; NaN without times or where nothing is scored.

    Raises:
        ValueError: lengths differ, or times are not in order.

    Example:
        >>> alarms_per_day([1., 9., 9., 1.], [0, 1, 1, 0], 21_600)
        1.0
    """
    scores = np.asarray(scores, np.float64)
    no_labels = np.zeros(scores.shape)
    is_flagged, _ = counted_flags(scores, is_anomaly, no_labels)
    is_scored = ~np.isnan(scores)
    lasts = np.diff(_row_seconds(len(scores), seconds_per_row, timestamps))
    median = np.median(lasts) if len(lasts) else np.nan
    lasts = np.append(lasts, median)
    lasts[lasts > _GAP_PERIODS * median] = median
    if timestamps is None:
        lasts = np.full(len(scores), seconds_per_row)
    watched_seconds = float(lasts[: len(scores)][is_scored].sum())
    num_alarms = len(events(is_flagged))
    if not watched_seconds > 0:
        return float("nan")
    return num_alarms / (watched_seconds / _DAY_SECONDS)


def _row_seconds(
    num_rows: int, seconds_per_row: float, timestamps: np.ndarray | None
) -> np.ndarray:
    """Seconds since the first row, `[row]` float64; NaN = not known."""
    if timestamps is None:
        if not (seconds_per_row > 0 or np.isnan(seconds_per_row)):
            raise ValueError(
                "`seconds_per_row` must be positive, or NaN = not known. "
                f"Received: seconds_per_row={seconds_per_row}. Give the time "
                "between two rows."
            )
        return np.arange(num_rows) * seconds_per_row
    timestamps = np.asarray(timestamps)
    if timestamps.shape != (num_rows,) or (np.diff(timestamps) < 0).any():
        raise ValueError(
            "`timestamps` must be one for each row, in order. Received: "
            f"shape {timestamps.shape} for {num_rows} rows, "
            f"{timestamps.tolist()[:5]}. Sort the rows by time first."
        )
    return (timestamps - timestamps[:1]) / _MICROSECONDS


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else float("nan")


def _median(values: np.ndarray) -> float:
    return float(np.median(values)) if len(values) else float("nan")
