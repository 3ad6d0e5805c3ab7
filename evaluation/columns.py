"""Columns of the report's tables: which figures, and how they are written."""

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

__all__ = [
    "NOT_DEFINED",
    "Column",
    "figure_columns",
    "series_columns",
    "summary_columns",
    "text_of",
]

Figures = Mapping[str, float]
NOT_DEFINED = "n/a"


class Column(NamedTuple):
    """A column of a table.

    Attributes:
        title: above it.
        name: of the figure in metrics.json.
        text: from a value to its cell.
    """

    title: str
    name: str
    text: Callable[[float], str]


def _decimals(value: float) -> str:
    return f"{value:.3f}"


def _percent(value: float) -> str:
    return f"{value:.1%}"


def _count(value: float) -> str:
    # A mean over seeds need not be whole.
    return f"{value:,.0f}" if value == round(value) else f"{value:,.1f}"


def _number(value: float) -> str:
    return f"{value:,.3g}" if abs(value) < 1000 else f"{value:,.0f}"


_POINTS = (
    Column("precision", "precision", _decimals),
    Column("recall", "recall", _decimals),
    Column("F1", "f1", _decimals),
)
_AUC_PR = Column("AUC-PR", "auc_pr", _decimals)
_ORACLE = (
    Column("oracle F1", "oracle_f1", _decimals),
    Column("oracle gap", "oracle_gap", _decimals),
)
_FLAGGED = Column("flagged", "flagged_share", _percent)
_UNSCORED = Column("unscored", "num_unscored", _count)
_VUS_PR = Column("VUS-PR", "vus_pr", _decimals)
_MISSED = (
    Column("events", "num_events", _count),
    Column("missed", "num_missed", _count),
)
_BY_DAY = Column("alarms a day", "alarms_per_day", _number)
_BY_STEPS = Column("alarms per 1,000", "alarms_per_1000_steps", _number)
_RANKS = (
    _VUS_PR,
    Column("VUS-ROC", "vus_roc", _decimals),
    _AUC_PR,
    Column("AUC-ROC", "auc_roc", _decimals),
)
_EVENT_FIGURES = (
    Column("range-based precision", "range_precision", _decimals),
    Column("range-based recall", "range_recall", _decimals),
    Column("range-based F1", "range_f1", _decimals),
    Column("affiliation precision", "affiliation_precision", _decimals),
    Column("affiliation recall", "affiliation_recall", _decimals),
    Column("affiliation F1", "affiliation_f1", _decimals),
    Column("event-wise precision", "event_precision", _decimals),
    Column("event-wise recall", "event_recall", _decimals),
    Column("event-wise F1", "event_f1", _decimals),
    Column("composite F1", "composite_f1", _decimals),
    Column("point-adjusted F1", "point_adjusted_f1", _decimals),
    Column("PA%20 F1", "pa_k_f1", _decimals),
    Column("PA%K F1 area", "pa_k_f1_area", _decimals),
    Column("point-adjusted F1, oracle", "oracle_point_adjusted_f1", _decimals),
    Column("Telemanom precision", "telemanom_precision", _decimals),
    Column("Telemanom recall", "telemanom_recall", _decimals),
    Column("Telemanom F0.5", "telemanom_f0.5", _decimals),
    Column("Telemanom F0.5, as published", "telemanom_compat_f0.5", _decimals),
    Column("NAB score", "nab_standard", _number),
    Column("NAB, low false positives", "nab_reward_low_FP_rate", _number),
    Column("NAB, low false negatives", "nab_reward_low_FN_rate", _number),
    Column("mean delay, steps", "delay_mean_steps", _number),
    Column("median delay, steps", "delay_median_steps", _number),
    Column("mean delay, seconds", "delay_mean_seconds", _number),
    Column("median delay, seconds", "delay_median_seconds", _number),
    Column("alarms", "num_alarms", _count),
    _BY_DAY,
    Column("alarms in 1,000 steps", "alarms_per_1000_steps", _number),
    *_MISSED,
)
_ATTRIBUTION = (
    Column("HitRate@100%", "hit_rate_100", _decimals),
    Column("HitRate@150%", "hit_rate_150", _decimals),
    Column("NDCG@100%", "ndcg_100", _decimals),
    Column("NDCG@150%", "ndcg_150", _decimals),
    Column("cases", "num_cases", _count),
)


def summary_columns(
    sample: str, has_labels: bool, has_times: bool
) -> list[Column]:
    """The columns that people look at first.

    Args:
        sample: what is counted, "step" or "sequence".
        has_labels: whether any sample is labelled.
        has_times: whether alarms can be counted by the day.
    """
    alarms = _BY_DAY if has_times else _BY_STEPS
    if not has_labels:
        counted = [alarms] if sample == "step" else []
        return [_FLAGGED, *counted, _UNSCORED]
    if sample == "sequence":
        return [_AUC_PR, *_POINTS, _ORACLE[1], _FLAGGED, _UNSCORED]
    return [_VUS_PR, _AUC_PR, *_POINTS, _ORACLE[1], _MISSED[1], alarms]


def series_columns(has_labels: bool, has_times: bool) -> list[Column]:
    """The columns of the table of each series."""
    alarms = _BY_DAY if has_times else _BY_STEPS
    rows = Column("rows", "num_rows", _count)
    if not has_labels:
        return [rows, _FLAGGED, alarms, _UNSCORED]
    return [
        _VUS_PR,
        _AUC_PR,
        *_POINTS,
        *_MISSED,
        alarms,
        _FLAGGED,
        rows,
        _UNSCORED,
    ]


def figure_columns(figures: Figures) -> list[Column]:
    """All columns for which `figures` has a value, in the order to show."""
    columns = [
        *_RANKS,
        *_POINTS,
        *_ORACLE,
        *_EVENT_FIGURES,
        *_ATTRIBUTION,
        _FLAGGED,
        _UNSCORED,
    ]
    return [column for column in columns if column.name in figures]


def text_of(column: Column, figures: Figures) -> str:
    """The cell of a figure; "n/a" where it is not defined."""
    value = figures.get(column.name, math.nan)
    return NOT_DEFINED if math.isnan(value) else column.text(value)
