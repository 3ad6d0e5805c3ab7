"""Threshold rules that judge a whole series, around the exported model."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from inference.results import StepScores
from trainer.config import PHASES, load
from trainer.thresholds import RULES

__all__ = ["adaptive_rules", "judged_anew"]


def adaptive_rules(
    settings: Mapping[str, Any], learned: Mapping[str, Any]
) -> dict[str, Any]:
    """View to its rule, of those whose thresholds follow the series.

    Args:
        settings: that the model was trained with.
        learned: the numbers of each phase.
    """
    suffix = "_rule"
    names = {
        name.removesuffix(suffix): rule
        for name, rule in learned.get(PHASES[-1], {}).items()
        if name.endswith(suffix) and rule in RULES
    }
    found = {}
    for view, name in names.items():
        rule = load(RULES, name, "threshold rule")
        if rule.is_adaptive:
            fields = dataclasses.fields(rule.settings_class)
            own = {each.name: settings[each.name] for each in fields}
            found[view] = rule(rule.settings_class(**own))
    return found


def judged_anew(scores: StepScores, rule: Any) -> StepScores:
    """Scores of a whole series with thresholds and flags of the rule.

    What it cannot judge is not scored: unknown is not normal.
    """
    judged = rule.judge(scores.score)
    is_scored = scores.is_scored & judged.is_judged
    return scores._replace(
        score=np.where(is_scored, scores.score, np.nan),
        threshold=judged.upper_epsilon,
        is_anomaly=judged.is_anomaly & is_scored,
        is_scored=is_scored,
    )
