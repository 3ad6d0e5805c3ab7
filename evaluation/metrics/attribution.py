"""Attribution: do the features at fault carry the largest contributions?

The features are ranked by their contribution to the score. With g features
at fault and k = floor(P/100 * g), but at most all features,
HitRate@P% = (features at fault among the first k) / g, and NDCG@P% is the
discounted gain of the first k against that of the best order.

Features of equal contribution share their ranks: the figures are the means
over all orders of the tied ones. So equal contributions everywhere give the
chance level, which is high where many features are at fault: it is to stand
beside the figures.

References:
    Su et al. 2019, "Robust Anomaly Detection for Multivariate Time Series
    through Stochastic Recurrent Neural Network" (OmniAnomaly;
    HitRate@P%). Jarvelin and Kekalainen 2002, "Cumulated gain-based
    evaluation of IR techniques" (NDCG; gain 1 or 0, discount log2).
"""

import dataclasses

import numpy as np

__all__ = ["AttributionMetrics", "attribution_metrics", "event_contributions"]


@dataclasses.dataclass(frozen=True)
class AttributionMetrics:
    """Means over the cases with a feature at fault; NaN without any.

    Attributes:
        hit_rate_100: HitRate@100%.
        hit_rate_150: HitRate@150%.
        ndcg_100: NDCG@100%.
        ndcg_150: NDCG@150%.
        num_cases: events or rows the means are taken over.
        num_without_contributions: cases with a feature at fault, left out
            because no feature has a contribution.
    """

    hit_rate_100: float
    hit_rate_150: float
    ndcg_100: float
    ndcg_150: float
    num_cases: int
    num_without_contributions: int


def attribution_metrics(
    contributions: np.ndarray, is_at_fault: np.ndarray
) -> AttributionMetrics:
    """Compares the order of the contributions with the features at fault.

    Args:
        contributions: `[case, feature]` float, larger = more to blame. A
            case is an event or a row. NaN = not known: ranked behind all
            known ones of the case, and never a hit, not even by chance; a
            case of NaN only is left out.
        is_at_fault: `[case, feature]` bool. A case without any feature at
            fault is left out.

    Raises:
        ValueError: shapes differ or are not flat tables.

    Example:
        >>> metrics = attribution_metrics([[3., 1., 2.]], [[1, 1, 0]])
        >>> metrics.hit_rate_100, metrics.hit_rate_150
        (0.5, 1.0)
    """
    contributions = np.asarray(contributions, np.float64)
    is_at_fault = np.asarray(is_at_fault, bool)
    if contributions.shape != is_at_fault.shape or contributions.ndim != 2:
        raise ValueError(
            "`contributions` and `is_at_fault` must both be [case, feature]. "
            f"Received: {contributions.shape} and {is_at_fault.shape}. Give "
            "one row for each event, or for each row of the series."
        )
    has_fault = is_at_fault.any(axis=1)
    is_case = has_fault & ~np.isnan(contributions).all(axis=1)
    at_fault = is_at_fault[is_case]
    gains = _ranked_gains(contributions[is_case], at_fault)
    num_at_fault = at_fault.sum(axis=1)
    figures = [
        _at_percent(gains, num_at_fault, percent) for percent in (100, 150)
    ]
    return AttributionMetrics(
        hit_rate_100=figures[0][0],
        hit_rate_150=figures[1][0],
        ndcg_100=figures[0][1],
        ndcg_150=figures[1][1],
        num_cases=int(is_case.sum()),
        num_without_contributions=int((has_fault & ~is_case).sum()),
    )


def event_contributions(
    contributions: np.ndarray, ranges: np.ndarray
) -> np.ndarray:
    """Mean contribution of each feature over the rows of each event.

    Args:
        contributions: `[row, feature]` float; NaN = not known, left out of
            the mean.
        ranges: `[event, 2]` int, first row and the row after the last.

    Returns:
        `[event, feature]` float64; NaN where no row is known.

    Raises:
        ValueError: a range is empty or leaves the rows.

    Example:
        >>> event_contributions([[1., 4.], [3., np.nan]], [[0, 2]]).tolist()
        [[2.0, 4.0]]
    """
    contributions = np.asarray(contributions, np.float64)
    ranges = np.asarray(ranges, np.int64).reshape(-1, 2)
    num_rows, num_features = contributions.shape
    is_inside = (0 <= ranges) & (ranges <= num_rows)
    if not is_inside.all() or (np.diff(ranges) <= 0).any():
        raise ValueError(
            "`ranges` must be [start, stop) with start < stop within the "
            f"rows. Received: {ranges.tolist()[:5]} for {num_rows} rows. Add "
            "1 to an end that is counted in."
        )
    result = np.full((len(ranges), num_features), np.nan)
    for event, (start, stop) in enumerate(ranges):
        rows = contributions[start:stop]
        num_known = (~np.isnan(rows)).sum(axis=0)
        sums = np.nansum(rows, axis=0)
        np.divide(sums, num_known, out=result[event], where=num_known > 0)
    return result


def _ranked_gains(
    contributions: np.ndarray, is_at_fault: np.ndarray
) -> np.ndarray:
    """Chance that rank r holds a feature at fault, `[case, rank]`."""
    # NaN sorts last, and equal to itself: behind minus infinity.
    order = np.argsort(-contributions, axis=1)
    ranked = np.take_along_axis(contributions, order, axis=1)
    is_at_fault = is_at_fault & ~np.isnan(contributions)
    gains = np.take_along_axis(is_at_fault, order, axis=1).astype(np.float64)
    if not gains.size:
        return gains
    is_unknown = np.isnan(ranked)
    is_new = ranked[:, 1:] != ranked[:, :-1]
    is_new &= ~(is_unknown[:, 1:] & is_unknown[:, :-1])
    is_new = np.hstack([np.ones((len(gains), 1), bool), is_new])
    starts = np.flatnonzero(is_new)
    lengths = np.diff(np.append(starts, gains.size))
    means = np.add.reduceat(gains.ravel(), starts) / lengths
    return np.repeat(means, lengths).reshape(gains.shape)


def _at_percent(
    gains: np.ndarray, num_at_fault: np.ndarray, percent: int
) -> tuple[float, float]:
    """HitRate@P% and NDCG@P%, means over the cases."""
    if not gains.size:
        return float("nan"), float("nan")
    num_cases, num_features = gains.shape
    cut = np.minimum(percent * num_at_fault // 100, num_features)
    ranks = np.arange(num_features)
    is_first = ranks < cut[:, None]
    hit_rates = (gains * is_first).sum(axis=1) / num_at_fault
    discounts = 1 / np.log2(ranks + 2)
    best = discounts.cumsum()[np.minimum(cut, num_at_fault) - 1]
    ndcg = (gains * is_first * discounts).sum(axis=1) / best
    return float(hit_rates.mean()), float(ndcg.mean())
