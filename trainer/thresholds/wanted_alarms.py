"""Settings of rules that aim at a rate of alarms."""

import dataclasses
import math

from trainer.config import Settings, setting

__all__ = ["WantedAlarms"]


@dataclasses.dataclass(frozen=True)
class WantedAlarms(Settings):
    """A wanted rate of alarms: runs of flagged steps, each counted once."""

    alarms_per_day: float = setting(
        0.0,
        "wanted alarms (runs of flagged steps) a day on normal data; 0 = no "
        "such wish",
        minimum=0.0,
    )
    alarms_per_1000_steps: float = setting(
        0.0,
        "wanted alarms (runs of flagged steps) in 1,000 normal steps; 0 = no "
        "such wish",
        minimum=0.0,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        self._refuse_several("alarms_per_day", "alarms_per_1000_steps")

    def num_wanted(self, num_steps: int, steps_per_day: float) -> float:
        """Wanted alarms in `num_steps`; 0 where no rate is wanted.

        Raises:
            ValueError: a rate a day is wanted, and no sampling period known.
        """
        if not self.alarms_per_day:
            return self.alarms_per_1000_steps * num_steps / 1000
        if not 0 < steps_per_day < math.inf:
            raise ValueError(
                "`alarms_per_day` needs a sampling period. Received: "
                f"alarms_per_day={self.alarms_per_day}, "
                f"steps_per_day={steps_per_day}. Preprocess with "
                "--sampling_period_seconds, or use --alarms_per_1000_steps."
            )
        return self.alarms_per_day * num_steps / steps_per_day

    def _refuse_several(self, *names: str) -> None:
        """Raises ValueError where more than one of these fields is given."""
        given = [f"{name}={getattr(self, name)}" for name in names]
        if sum(getattr(self, name) != 0 for name in names) > 1:
            raise ValueError(
                f"Of `{'`, `'.join(names)}` at most one may be given. "
                f"Received: {', '.join(given)}. Leave the others at 0."
            )
