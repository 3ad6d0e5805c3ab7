"""The threshold with the best F-beta on labelled scores, by exact sweep."""

import dataclasses

import numpy as np

from trainer.config import Settings, setting
from trainer.thresholds.constant import ConstantRule, TuningScores, apply

__all__ = ["FBeta", "FBetaSettings", "best_f_beta_threshold", "f_beta_sweep"]

# F-beta values this close are equal: their difference is rounding.
TIE = 1e-12
CURVE_POINTS = 200


@dataclasses.dataclass(frozen=True)
class FBetaSettings(Settings):
    """Threshold rule f_beta: best F-beta on labelled scores."""

    beta: float = setting(
        1.0,
        "weight of recall against precision; above 1 finds more anomalies",
        minimum=1e-9,
    )


class FBeta(ConstantRule):
    """Chooses the threshold with the highest F-beta.

    Example:
        >>> rule = FBeta(FBetaSettings())
        >>> rule.fit(np.array([1.0, 2.0, 8.0]), np.array([0, 0, 1]))
        5.0
    """

    settings_class = FBetaSettings
    needs_labels = True

    def _fit_core(self, tuning: TuningScores) -> float:
        scores, labels = tuning.scores, tuning.labels
        num_normal, num_anomalous = np.sum(labels == 0), np.sum(labels == 1)
        if not num_normal or not num_anomalous:
            raise ValueError(
                "The rule f_beta needs scores of both classes. Received: "
                f"{num_normal} normal, {num_anomalous} anomalous. Choose a "
                "rule that needs no labels, for example quantile."
            )
        beta = self.settings.beta
        threshold, f_beta = best_f_beta_threshold(scores, labels, beta)
        is_flagged = apply(scores, threshold)
        num_found = int(np.sum(is_flagged & (labels == 1)))
        num_flagged = int(np.sum(is_flagged & (labels >= 0)))
        self.fit_details = {
            "beta": beta,
            "f_beta": f_beta,
            "precision": num_found / num_flagged if num_flagged else 0.0,
            "recall": num_found / int(num_anomalous),
            "curve": _curve(scores, labels, beta),
        }
        return threshold


def _curve(
    scores: np.ndarray, labels: np.ndarray, beta: float
) -> dict[str, list[float]]:
    """F-beta by threshold, in few enough points to draw."""
    thresholds, f_beta = f_beta_sweep(scores, labels, beta)
    shown = np.flatnonzero(np.isfinite(thresholds))
    best = int(np.argmax(f_beta[shown]))
    steps = np.linspace(0, len(shown) - 1, CURVE_POINTS).round().astype(int)
    shown = shown[np.unique(np.append(steps, best))]
    return {
        "threshold": thresholds[shown].tolist(),
        "f_beta": f_beta[shown].tolist(),
    }


def best_f_beta_threshold(
    scores: np.ndarray, labels: np.ndarray, beta: float
) -> tuple[float, float]:
    """Threshold with the highest F-beta, and that F-beta.

    Of thresholds that are equally good the lowest is taken: it has the
    highest recall. Arguments as in `f_beta_sweep`.
    """
    thresholds, f_beta = f_beta_sweep(scores, labels, beta)
    first = int(np.argmax(f_beta >= f_beta.max() * (1 - TIE)))
    return float(thresholds[first]), float(f_beta[first])


def f_beta_sweep(
    scores: np.ndarray, labels: np.ndarray, beta: float
) -> tuple[np.ndarray, np.ndarray]:
    """F-beta of every threshold that tells the scores apart differently.

    F-beta is (1 + beta**2) TP / ((1 + beta**2) TP + beta**2 FN + FP), and 0
    where that is 0 / 0.

    Args:
        scores: `[score]` float64; NaN is left out.
        labels: `[score]`, 0 normal, 1 anomalous; -1 (unknown) is left out.
        beta: weight of recall against precision, above 0.

    Returns:
        Thresholds, rising: the lowest score (flags everything), the middle
        of each gap between distinct scores, infinity (flags nothing); and
        the F-beta of each.

    Raises:
        ValueError: no labelled score is left.

    References:
        van Rijsbergen (1979), Information retrieval, chapter 7.
    """
    is_used = (labels >= 0) & ~np.isnan(scores)
    scores, labels = scores[is_used], labels[is_used]
    if not scores.size:
        raise ValueError(
            "`scores` must hold at least one that is labelled. "
            f"Received: {is_used.size} scores. Tune on labelled data."
        )
    levels, level_of = np.unique(scores, return_inverse=True)
    anomalous = np.bincount(level_of, labels, len(levels))
    flagged = np.bincount(level_of, minlength=len(levels)).astype(np.float64)
    # Flagged from each level upwards, and last with nothing flagged.
    true_positives = np.append(np.cumsum(anomalous[::-1])[::-1], 0.0)
    num_flagged = np.append(np.cumsum(flagged[::-1])[::-1], 0.0)
    # beta**2 FN + FP + (1 + beta**2) TP = beta**2 (TP + FN) + (TP + FP)
    numerator = (1 + beta**2) * true_positives
    denominator = beta**2 * true_positives[0] + num_flagged
    f_beta = np.divide(
        numerator,
        denominator,
        out=np.zeros_like(numerator),
        where=denominator > 0,
    )
    thresholds = np.concatenate([levels[:1], _middles(levels), [np.inf]])
    return thresholds, f_beta


def _middles(levels: np.ndarray) -> np.ndarray:
    """A finite number in each gap that flags the upper end, not the lower."""
    low, high = levels[:-1], levels[1:]
    # A gap up to an infinite score has no middle: any finite number does.
    high = np.where(np.isinf(high), low + np.maximum(np.abs(low), 1.0), high)
    middle = low / 2 + high / 2
    return np.where(middle > low, middle, high)
