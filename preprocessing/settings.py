"""The flags of preprocessing that all formats share."""

import dataclasses

from preprocessing.readers import READERS
from trainer.config import Settings, setting
from trainer.schema import SPLITS, declared_roles

__all__ = ["PreprocessingSettings"]


@dataclasses.dataclass(frozen=True)
class PreprocessingSettings(Settings):
    """What to read, where to write, how to split."""

    input: str = setting(
        "", "file, folder or quoted glob to read; several with commas"
    )
    format: str = setting(
        "auto",
        "format of the input; auto guesses and says what",
        choices=("auto", *READERS),
    )
    output: str = setting("", "folder to write; an older data set is replaced")
    series: tuple[str, ...] = setting((), "series ids to take; none = all")
    roles: tuple[str, ...] = setting(
        (), "roles as name=scored|covariate|ignored; others go by rule"
    )
    scored_columns: tuple[str, ...] = setting(
        (), "columns that are scored, whatever the rule says"
    )
    covariate_columns: tuple[str, ...] = setting(
        (), "columns that are read, and never scored"
    )
    ignored_columns: tuple[str, ...] = setting(
        (),
        "columns that no model reads; csv and parquet leave them out, numbers "
        "or not, and take positions too",
    )
    max_window_length: int = setting(
        512, "longest window to train on later, in time steps", minimum=2
    )
    validation_fraction: float = setting(
        0.1, "of each series, for early stopping", minimum=0, maximum=1
    )
    statistics_fraction: float = setting(
        0.1, "of each series, for error statistics", minimum=0, maximum=1
    )
    tuning_fraction: float = setting(
        0.1, "of each series, for thresholds", minimum=0, maximum=1
    )
    test_fraction: float = setting(
        0.2,
        "of each series, where the input has no test part",
        minimum=0,
        maximum=1,
    )
    split_gap_rows: int = setting(
        -1,
        "rows unused between splits; -1 = a hundredth of the series, "
        "at most max_window_length",
        minimum=-1,
    )
    normal_life_fraction: float = setting(
        0.0,
        "of each series, from its start, to label normal, for series that are "
        "whole lives without labels; each then goes whole into one split; 0 = "
        "off",
        minimum=0,
        maximum=1,
    )
    anomalous_life_fraction: float = setting(
        0.0,
        "with normal_life_fraction: of each series, up to its end, to label "
        "anomalous; what lies between is unknown",
        minimum=0,
        maximum=1,
    )
    sampling_period_seconds: float = setting(
        0.0, "seconds between rows; 0 = the median of the file", minimum=0
    )
    max_bad_fraction: float = setting(
        0.01, "refused rows, of all, that fail the job", minimum=0, maximum=1
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        total = sum(self.split_fractions.values())
        if total >= 1.0:
            raise ValueError(
                "The fractions of validation, statistics, tuning and test "
                "must leave something for train: their sum must be below 1. "
                f"Received: {total:g}. Lower one of them."
            )
        self._check_lives()

    def _check_lives(self) -> None:
        """Refuses one end of a life without the other, and ends that meet."""
        normal, anomalous = self.life_fractions
        received = (
            f"normal_life_fraction={normal:g}, "
            f"anomalous_life_fraction={anomalous:g}"
        )
        if (normal > 0) != (anomalous > 0):
            missing = "anomalous" if normal > 0 else "normal"
            raise ValueError(
                "Labels by life need both ends of it. Received: "
                f"{received}. Give --{missing}_life_fraction too."
            )
        if normal + anomalous > 1:
            raise ValueError(
                "`normal_life_fraction` and `anomalous_life_fraction` must not "
                f"overlap: their sum must be at most 1. Received: {received}. "
                "Lower one of them."
            )

    @property
    def has_lives(self) -> bool:
        """True where each series is a whole life, labelled by position."""
        return self.normal_life_fraction > 0

    @property
    def life_fractions(self) -> tuple[float, float]:
        """Of each life: normal at its start, anomalous at its end."""
        return self.normal_life_fraction, self.anomalous_life_fraction

    @property
    def split_fractions(self) -> dict[str, float]:
        """Split to its fraction, in order of time; the rest is train."""
        return {name: getattr(self, f"{name}_fraction") for name in SPLITS[1:]}

    @property
    def declared_roles(self) -> dict[str, str]:
        """Column name to declared role.

        Raises:
            ValueError: not written as name=role, or a column is named twice.
        """
        pairs = []
        for text in self.roles:
            name, separator, role = text.rpartition("=")
            if not separator or not name:
                raise ValueError(
                    "`roles` must be written as name=role, with commas "
                    f"between. Received: {text!r}. Write for example "
                    "--roles=valve=covariate,note=ignored."
                )
            pairs.append((name, role))
        return declared_roles(self, pairs)
