"""The settings of rules that count deviations above a centre."""

import dataclasses

from trainer.config import Settings, setting
from trainer.thresholds.constant import TuningScores, clear_of

__all__ = ["Deviations", "threshold_above"]


@dataclasses.dataclass(frozen=True)
class Deviations(Settings):
    """Deviations above the centre."""

    num_deviations: float = setting(
        3.0, "deviations above the centre of the scores", minimum=0.0
    )
    feature_num_deviations: float | None = setting(
        None, "the same for the view feature; none = as above", minimum=0.0
    )

    def of_view(self, view: str) -> float:
        """How many deviations the threshold of a view is above its centre."""
        if view == "feature" and self.feature_num_deviations is not None:
            return self.feature_num_deviations
        return self.num_deviations


def threshold_above(
    settings: Deviations, tuning: TuningScores, centre: float, deviation: float
) -> tuple[float, dict[str, float]]:
    """The threshold so many deviations above a centre, and what it rests on.

    Args:
        settings: how many.
        tuning: scores of a view.
        centre: of the scores; never flagged itself.
        deviation: of the scores, at least 0.
    """
    num_deviations = settings.of_view(tuning.view)
    threshold = centre + num_deviations * deviation
    return max(threshold, clear_of(centre)), {
        "centre": centre,
        "deviation": deviation,
        "num_deviations": num_deviations,
    }
