"""The NAB score: early flags inside a window are worth most.

Followed from the scorer of numenta/NAB (its `sweeper`):

- A flag at row i of a window of `width` rows that ends at row `last` is at
  position -(last - i + 1) / width, from -1 on; only the best, that is the
  first, flag of a window counts: weight * s(position) / s(-1), where
  s(y) = 2 / (1 + exp(5 y)) - 1. So the first row is worth the whole weight.
- A window without a flag costs the weight of a false negative.
- Each flagged row outside of the windows costs: s((i - last) / (width - 1))
  times the weight of a false positive, measured from the window before; -1
  instead of s beyond position 3 and where no window is before.
- Probation: the first 15 % of the rows, at most 750, are not judged. A window
  that reaches into it keeps its full width; one that lies in it is left out.
- Normalised: 0 = nothing flagged, 100 = the first row of each window.

Not followed: NAB picks one threshold per detector and profile on the scored
data itself; here the deployed flags are judged. Behind a window of one row,
where NAB divides by 0, a flag is infinitely far. `nab_windows` merges whole
chains of overlapping windows and drops all that start in the probation; NAB
joins pairs and looks at the first window only.

References:
    Lavin and Ahmad 2015, "Evaluating Real-time Anomaly Detection Algorithms -
    the Numenta Anomaly Benchmark".
"""

import dataclasses

import numpy as np
from scipy.special import expit

from evaluation.metrics.events import events, num_rows_in
from evaluation.metrics.rows import counted_flags

__all__ = [
    "PROFILES",
    "NabProfile",
    "NabScore",
    "nab_score",
    "nab_windows",
    "probation_length",
]


@dataclasses.dataclass(frozen=True)
class NabProfile:
    """What hits and errors weigh.

    Attributes:
        true_positive: greatest worth of a found window.
        false_positive: greatest cost of a flag outside of the windows.
        false_negative: cost of a missed window.
    """

    true_positive: float
    false_positive: float
    false_negative: float


PROFILES = {
    "standard": NabProfile(1.0, 0.11, 1.0),
    "reward_low_FP_rate": NabProfile(1.0, 0.22, 1.0),
    "reward_low_FN_rate": NabProfile(1.0, 0.11, 2.0),
}


@dataclasses.dataclass(frozen=True)
class NabScore:
    """The score of one series, or of several by `+`, as NAB sums them.

    Attributes:
        raw: sum of the worths and costs.
        null: what a detector gets that flags nothing.
        perfect: what one gets that flags the first row of each window only.
    """

    raw: float
    null: float
    perfect: float

    def __add__(self, other: "NabScore") -> "NabScore":
        """Both series together, under one profile."""
        return NabScore(
            self.raw + other.raw,
            self.null + other.null,
            self.perfect + other.perfect,
        )

    @property
    def normalised(self) -> float:
        """At most 100, and 0 = null; NaN where there is no window."""
        span = self.perfect - self.null
        return 100 * (self.raw - self.null) / span if span else float("nan")


def probation_length(num_rows: int) -> int:
    """First rows that NAB does not judge: 15 %, at most 750."""
    return min(15 * num_rows // 100, 750)


def nab_windows(anomaly_rows: np.ndarray, num_rows: int) -> np.ndarray:
    """Windows around labelled rows: 10 % of the rows over all of them.

    Args:
        anomaly_rows: `[anomaly]` int, one row for each anomaly, in order.
        num_rows: rows of the series, probation included.

    Returns:
        `[window, 2]` int64, first row and the row after the last.

    Raises:
        ValueError: a row is outside of the series, or not in order.

    Example:
        >>> nab_windows([325], 1624).tolist()
        [[244, 407]]
    """
    rows = np.asarray(anomaly_rows, np.int64).reshape(-1)
    is_inside = (0 <= rows) & (rows < num_rows)
    if not is_inside.all() or (np.diff(rows) <= 0).any():
        raise ValueError(
            "`anomaly_rows` must rise and lie within the series. Received: "
            f"{rows.tolist()[:5]} for {num_rows} rows. Give each row once."
        )
    half = num_rows // (10 * max(len(rows), 1)) // 2
    starts = np.maximum(rows - half, 0)
    is_judged = starts >= probation_length(num_rows)
    starts, stops = starts[is_judged], (rows + half + 1)[is_judged]
    stops = np.minimum(stops, num_rows)
    is_new = np.append(True, starts[1:] >= stops[:-1])[: len(starts)]
    is_last = np.append(is_new[1:], True)[: len(starts)]
    return np.stack([starts[is_new], stops[is_last]], axis=1)


def nab_score(
    scores: np.ndarray,
    is_anomaly: np.ndarray,
    labels: np.ndarray,
    windows: np.ndarray | None = None,
    profile: str = "standard",
    probation_rows: int | None = None,
) -> NabScore:
    """Scores the deployed flags of one series.

    Flags on rows without a score do not count: a window without any score is
    missed. Flags on rows labelled -1 count for nothing, and a window without
    another judged row is left out; positions are measured on all rows.

    Args:
        scores: `[row]` float; only NaN = not scored matters.
        is_anomaly: `[row]` bool.
        labels: `[row]`, 0, 1 or -1 = unknown.
        windows: `[window, 2]` int, first row and the row after the last, in
            order; None = the events of `labels`.
        profile: one of `PROFILES`.
        probation_rows: first rows that are not judged; None = NAB's own
            number. Give 0 for a test part that comes after a training part.

    Raises:
        ValueError: lengths differ, a label is something else, windows are
            empty, overlap or leave the rows, or the profile is not known.

    Example:
        >>> labels = [0] * 90 + [1] * 10
        >>> nab_score([1.] * 100, labels, labels).normalised
        100.0
    """
    is_flagged, labels = counted_flags(scores, is_anomaly, labels)
    ranges = events(labels) if windows is None else _ranges(windows, labels)
    if profile not in PROFILES:
        raise ValueError(
            f"`profile` must be one of {', '.join(PROFILES)}. Received: "
            f"profile={profile!r}. Give one of these names."
        )
    weights = PROFILES[profile]
    if probation_rows is None:
        probation_rows = probation_length(len(labels))
    is_judged = (np.arange(len(labels)) >= probation_rows) & (labels != -1)
    num_windows = int((num_rows_in(ranges, is_judged) > 0).sum())
    # Window -1, of one row before the first, stands for none before.
    starts, stops = np.append(ranges, [[-1, 0]], axis=0).T
    widths = stops - starts
    rows = np.flatnonzero(is_flagged & is_judged)
    window = np.searchsorted(ranges[:, 0], rows, side="right") - 1
    is_hit = rows < stops[window]
    found, first = np.unique(window[is_hit], return_index=True)
    hits = _sigmoid(-(stops[found] - rows[is_hit][first]) / widths[found])
    window, rows = window[~is_hit], rows[~is_hit]
    with np.errstate(divide="ignore"):
        positions = (rows - stops[window] + 1) / (widths[window] - 1)
    costs = np.where(positions > 3, -1.0, _sigmoid(positions))
    missed = -weights.false_negative * (num_windows - len(found))
    return NabScore(
        raw=weights.true_positive * float(hits.sum()) / float(_sigmoid(-1.0))
        + weights.false_positive * float(costs.sum())
        + missed,
        null=-weights.false_negative * num_windows,
        perfect=weights.true_positive * num_windows,
    )


def _sigmoid(position: np.ndarray | float) -> np.ndarray:
    """1 far before the end of a window, 0 there, -1 far behind."""
    return 2 * expit(-5 * np.asarray(position)) - 1


def _ranges(windows: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """`[window, 2]` int64."""
    ranges = np.asarray(windows, np.int64).reshape(-1, 2)
    is_inside = (0 <= ranges) & (ranges <= len(labels))
    is_apart = ranges[1:, 0] >= ranges[:-1, 1]
    if not (is_inside.all() and is_apart.all() and (np.diff(ranges) > 0).all()):
        raise ValueError(
            "`windows` must be [start, stop) with start < stop within the "
            "rows, in order and without a common row. Received: "
            f"{ranges.tolist()[:5]} for {len(labels)} rows. Join windows that "
            "overlap; add 1 to an end that is counted in."
        )
    return ranges
