"""How far the scores of one split lie from those of another.

A detector whose scores drift flags more, or less, than its thresholds were
chosen for; this shows without labels. Scores are taken relative to their
thresholds, so that splits compare where thresholds change.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from scipy.stats import ks_2samp

from evaluation.threshold_ratios import threshold_ratios

__all__ = ["SplitDrift", "SplitScores", "score_drift"]

# Not train: what a network has learned from it scores too low.
REFERENCES = ("statistics", "validation")


class SplitScores(NamedTuple):
    """Scores of all rows of a split, of one view.

    Attributes:
        scores: `[row]` float, NaN = not scored.
        thresholds: `[row]` float, or one number for all rows.
        is_anomaly: `[row]` bool.
    """

    scores: np.ndarray
    thresholds: np.ndarray
    is_anomaly: np.ndarray


class SplitDrift(NamedTuple):
    """One row of the table; NaN where nothing is scored.

    Attributes:
        split: its name.
        num_scored: rows with a score and a threshold.
        median: of score / threshold, as `threshold_ratios` has it. Quantiles
            are ratios that occur, so that infinite ones do no harm.
        quantile_90: the ratio that 90 % of the rows do not exceed.
        quantile_99: the same for 99 %.
        flagged_share: of the scored rows.
        distance: Kolmogorov-Smirnov distance of the ratios to those of the
            reference split, 0 (alike) to 1 (apart).
        is_reference: whether it is that split.
    """

    split: str
    num_scored: int
    median: float
    quantile_90: float
    quantile_99: float
    flagged_share: float
    distance: float
    is_reference: bool


def score_drift(splits: Mapping[str, SplitScores]) -> list[SplitDrift]:
    """Compares the scores of each split with those of a reference.

    The reference is "statistics", else "validation", else the first split;
    one without scores is passed over. There is no test of significance: rows
    that follow one another are not independent.

    Args:
        splits: name to scores, in the order of the table.

    Raises:
        ValueError: scores and flags of a split differ in number.

    References:
        Kolmogorov 1933, Smirnov 1939; two-sample statistic as in
        `scipy.stats.ks_2samp`.

    Example:
        >>> rows = score_drift({
        ...     "statistics": SplitScores([1., 2.], 2., [False, True]),
        ...     "test": SplitScores([3., 4.], 2., [True, True])})
        >>> rows[1].median, rows[1].flagged_share, rows[1].distance
        (1.5, 1.0, 1.0)
    """
    ratios, flags = {}, {}
    for split, each in splits.items():
        _check(split, each)
        ratio = threshold_ratios(each.scores, each.thresholds)
        is_scored = ~np.isnan(ratio)
        ratios[split] = ratio[is_scored]
        flags[split] = np.asarray(each.is_anomaly, bool)[is_scored]
    order = [*(name for name in REFERENCES if name in ratios), *ratios]
    reference = next((name for name in order if ratios[name].size), "")
    compared = ratios.get(reference, np.zeros(0))
    return [
        _row(split, ratios[split], flags[split], compared, split == reference)
        for split in ratios
    ]


def _row(
    split: str,
    ratios: np.ndarray,
    flags: np.ndarray,
    reference: np.ndarray,
    is_reference: bool,
) -> SplitDrift:
    median = quantile_90 = quantile_99 = share = distance = float("nan")
    if ratios.size:
        median, quantile_90, quantile_99 = np.quantile(
            ratios, (0.5, 0.9, 0.99), method="inverted_cdf"
        ).tolist()
        share = float(flags.mean())
        # The exact p-value takes long, and none is shown.
        compared = ks_2samp(ratios, reference, method="asymp")
        distance = float(compared.statistic)
    return SplitDrift(
        split=split,
        num_scored=len(ratios),
        median=median,
        quantile_90=quantile_90,
        quantile_99=quantile_99,
        flagged_share=share,
        distance=distance,
        is_reference=is_reference,
    )


def _check(split: str, scores: SplitScores) -> None:
    if np.shape(scores.scores) != np.shape(scores.is_anomaly):
        raise ValueError(
            "`scores` and `is_anomaly` must have one entry for each row. "
            f"Received: {np.shape(scores.scores)} and "
            f"{np.shape(scores.is_anomaly)} for the split {split}. Give those "
            "of the same rows."
        )
