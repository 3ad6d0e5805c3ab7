"""Trivial detectors, to see what a figure is worth."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from evaluation.metrics.point import PointMetrics, point_metrics

__all__ = ["FIGURES", "RandomBaseline", "all_positive", "random_score"]

# Labels of simulated data may come from a generator of the same small seed;
# a stream of our own keeps random scores independent of them.
STREAM = 20_417
FIGURES = ("precision", "recall", "f1", "auc_pr")


@dataclasses.dataclass(frozen=True)
class RandomBaseline:
    """Figures of random scores over several seeds.

    Attributes:
        mean: name of a figure to its mean.
        standard_deviation: name of a figure to its spread (ddof 1).
        flagged_share: the share of scored rows that each seed flags.
        num_unscored: rows without a score, as the detector's.
        num_seeds: how many.
    """

    mean: dict[str, float]
    standard_deviation: dict[str, float]
    flagged_share: float
    num_unscored: int
    num_seeds: int


def random_score(
    is_scored: np.ndarray,
    labels: np.ndarray,
    num_flagged: int,
    seeds: Sequence[int] = range(10),
) -> RandomBaseline:
    """Scores at random the rows a detector scored, flags as many as it did.

    Args:
        is_scored: `[row]` bool, the detector's.
        labels: `[row]`, 0, 1 or -1 = unknown.
        num_flagged: rows labelled 0 or 1 that the detector flagged.
        seeds: one random score each, at least two.

    Raises:
        ValueError: more rows to flag than there are.
    """
    labels = np.asarray(labels)
    candidates = np.flatnonzero(np.asarray(is_scored, bool) & (labels != -1))
    if not 0 <= num_flagged <= len(candidates):
        raise ValueError(
            "`num_flagged` must lie between 0 and the scored rows, "
            f"{len(candidates)}. Received: num_flagged={num_flagged}. Count "
            "flags among rows that are scored and labelled."
        )
    results = []
    for seed in seeds:
        generator = np.random.default_rng((STREAM, seed))
        scores = generator.random(len(labels))
        strangest = candidates[np.argsort(scores[candidates])[::-1]]
        is_anomaly = np.zeros(len(labels), bool)
        is_anomaly[strangest[:num_flagged]] = True
        results.append(point_metrics(scores, is_anomaly, is_scored, labels))
    figures = np.array(
        [[getattr(result, name) for name in FIGURES] for result in results]
    )
    means, deviations = figures.mean(axis=0), figures.std(axis=0, ddof=1)
    return RandomBaseline(
        mean=dict(zip(FIGURES, means.tolist(), strict=True)),
        standard_deviation=dict(zip(FIGURES, deviations.tolist(), strict=True)),
        flagged_share=results[0].flagged_share,
        num_unscored=results[0].num_unscored,
        num_seeds=len(results),
    )


def all_positive(labels: np.ndarray) -> PointMetrics:
    """Flags every row, with one score for all.

    Args:
        labels: `[row]`, 0, 1 or -1 = unknown.
    """
    always = np.ones(len(labels), bool)
    return point_metrics(always.astype(np.float64), always, always, labels)
