"""All figures of a detector on one series."""

import dataclasses
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from evaluation.metrics.affiliation import affiliation_metrics
from evaluation.metrics.best_threshold import best_threshold, oracle_gap
from evaluation.metrics.detection_delay import alarms_per_day, detection_delay
from evaluation.metrics.event_wise import event_wise_metrics
from evaluation.metrics.events import events
from evaluation.metrics.nab import PROFILES, nab_score
from evaluation.metrics.overlap import overlap_counts
from evaluation.metrics.point import point_metrics
from evaluation.metrics.point_adjust import (
    oracle_point_adjusted_f1,
    point_adjusted_f1_area,
    point_adjusted_metrics,
)
from evaluation.metrics.range_based import range_based_metrics
from evaluation.metrics.vus import NUM_THRESHOLDS, vus
from evaluation.overall import TELEMANOM_F_BETA, with_derived

__all__ = [
    "PARAMETERS",
    "Judged",
    "sample_figures",
    "series_figures",
]

# What the figures depend on, beside the buffer length; told with them.
PARAMETERS: dict[str, Any] = {
    "vus_thresholds": NUM_THRESHOLDS,
    "f_beta": 1.0,
    "range_based_alpha": 0.0,
    "range_based_cardinality": "one",
    "range_based_bias": "flat",
    "pa_k_percent": 20.0,
    "telemanom_f_beta": TELEMANOM_F_BETA,
    "nab_probation_rows": 0,
}
# Defined without any threshold.
_WITHOUT_FLAGS = (
    "vus_pr",
    "vus_roc",
    "auc_pr",
    "auc_roc",
    "oracle_f1",
    "oracle_point_adjusted_f1",
    "num_rows",
    "num_labelled",
    "num_anomalous",
    "num_unscored",
    "num_events",
)


class Judged(NamedTuple):
    """What one detector says of one series; all `[row]`.

    Attributes:
        scores: float64, NaN = not scored.
        is_anomaly: bool, at the deployed threshold.
        threshold: float64, the deployed one; NaN where a row with a score
            has none: figures that need flags are not defined then.
    """

    scores: np.ndarray
    is_anomaly: np.ndarray
    threshold: np.ndarray

    @property
    def has_threshold(self) -> bool:
        """Whether each score has a threshold to be compared with."""
        return not (np.isnan(self.threshold) & ~np.isnan(self.scores)).any()


def sample_figures(judged: Judged, labels: np.ndarray) -> dict[str, float]:
    """Figures for which the order of the samples does not matter.

    Args:
        judged: of `[sample]` time steps or whole sequences.
        labels: `[sample]`, 0, 1 or -1 = unknown.
    """
    scores, is_anomaly, _ = judged
    point = point_metrics(scores, is_anomaly, labels)
    is_scored = ~np.isnan(scores)
    num_scored = int(is_scored.sum())
    num_flagged = int((is_anomaly & is_scored).sum())
    figures = {
        "precision": point.precision,
        "recall": point.recall,
        "f1": point.f1,
        "auc_pr": point.auc_pr,
        "auc_roc": point.auc_roc,
        "oracle_f1": best_threshold(
            scores, labels, PARAMETERS["f_beta"]
        ).f_beta,
        "oracle_gap": oracle_gap(
            scores, is_anomaly, labels, PARAMETERS["f_beta"]
        ),
        # Of all rows: whether anyone labelled them changes no alarm.
        "flagged_share": num_flagged / num_scored if num_scored else np.nan,
        "num_rows": len(scores),
        "num_labelled": point.num_rows,
        "num_anomalous": point.num_anomalous,
        "num_unscored": len(scores) - num_scored,
        "num_flagged": num_flagged,
    }
    return figures if judged.has_threshold else _without_flags(figures)


def series_figures(
    judged: Judged,
    labels: np.ndarray,
    buffer_length: int,
    seconds_per_row: float = float("nan"),
    timestamps: np.ndarray | None = None,
) -> dict[str, float]:
    """All figures of one series; NaN = not defined.

    Args:
        judged: of each row.
        labels: `[row]`, 0, 1 or -1 = unknown.
        buffer_length: of VUS, in rows.
        seconds_per_row: time between two rows, NaN where unknown.
        timestamps: `[row]` int64 microseconds; they win.
    """
    scores, is_anomaly, _ = judged
    flags = scores, is_anomaly, labels
    volumes = vus(scores, labels, buffer_length)
    ranges = range_based_metrics(
        *flags,
        alpha=PARAMETERS["range_based_alpha"],
        cardinality=PARAMETERS["range_based_cardinality"],
        precision_bias=PARAMETERS["range_based_bias"],
        recall_bias=PARAMETERS["range_based_bias"],
        beta=PARAMETERS["f_beta"],
    )
    affiliation = affiliation_metrics(*flags)
    event_wise = event_wise_metrics(*flags)
    delay = detection_delay(*flags, seconds_per_row, timestamps)
    figures = with_derived(
        {
            "vus_pr": volumes.pr,
            "vus_roc": volumes.roc,
            **sample_figures(judged, labels),
            "range_precision": ranges.precision,
            "range_recall": ranges.recall,
            "range_f1": ranges.f_beta,
            "affiliation_precision": affiliation.precision,
            "affiliation_recall": affiliation.recall,
            "affiliation_f1": affiliation.f1,
            "event_precision": event_wise.event_precision,
            "event_recall": event_wise.event_recall,
            "event_f1": event_wise.event_f1,
            "composite_f1": event_wise.composite_f1,
            "point_adjusted_f1": point_adjusted_metrics(*flags).f1,
            "pa_k_f1": point_adjusted_metrics(
                *flags, percent=PARAMETERS["pa_k_percent"]
            ).f1,
            "pa_k_f1_area": point_adjusted_f1_area(*flags),
            "oracle_point_adjusted_f1": oracle_point_adjusted_f1(
                scores, labels
            ).f1,
            "delay_mean_steps": delay.mean_steps,
            "delay_median_steps": delay.median_steps,
            "delay_mean_seconds": delay.mean_seconds,
            "delay_median_seconds": delay.median_seconds,
            "num_events": delay.num_events,
            "num_missed": delay.num_missed,
            **_alarms(scores, is_anomaly, seconds_per_row, timestamps),
            **_counts(*flags),
        }
    )
    return figures if judged.has_threshold else _without_flags(figures)


def _without_flags(figures: Mapping[str, float]) -> dict[str, float]:
    return {
        name: value if name in _WITHOUT_FLAGS else float("nan")
        for name, value in figures.items()
    }


def _alarms(
    scores: np.ndarray,
    is_anomaly: np.ndarray,
    seconds_per_row: float,
    timestamps: np.ndarray | None,
) -> dict[str, float]:
    is_scored = ~np.isnan(scores)
    num_alarms = len(events(is_anomaly & is_scored))
    num_scored = int(is_scored.sum())
    return {
        "num_alarms": num_alarms,
        "alarms_per_day": alarms_per_day(
            scores, is_anomaly, seconds_per_row, timestamps
        ),
        "alarms_per_1000_steps": 1000 * num_alarms / num_scored
        if num_scored
        else np.nan,
    }


def _counts(
    scores: np.ndarray, is_anomaly: np.ndarray, labels: np.ndarray
) -> dict[str, float]:
    """Counts that are added up over series before figures are made of them."""
    counts = {}
    for name, compat in (("telemanom", False), ("telemanom_compat", True)):
        found = overlap_counts(scores, is_anomaly, labels, compat=compat)
        for field, value in dataclasses.asdict(found).items():
            counts[f"{name}_{field}"] = value
    for profile in PROFILES:
        score = nab_score(
            scores,
            is_anomaly,
            labels,
            profile=profile,
            probation_rows=PARAMETERS["nab_probation_rows"],
        )
        for field, value in dataclasses.asdict(score).items():
            counts[f"nab_{profile}_{field}"] = value
    return counts
