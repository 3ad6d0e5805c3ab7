"""The flags of preprocessing that all formats share."""

import dataclasses

from preprocessing.readers import READERS
from trainer.config import Settings, setting
from trainer.schema import declared_roles

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
    sampling_period_seconds: float = setting(
        0.0, "seconds between rows; 0 = the median of the file", minimum=0
    )
    max_bad_fraction: float = setting(
        0.01, "refused rows, of all, that fail the job", minimum=0, maximum=1
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        total = (
            self.validation_fraction
            + self.statistics_fraction
            + self.tuning_fraction
            + self.test_fraction
        )
        if total >= 1.0:
            raise ValueError(
                "The fractions of validation, statistics, tuning and test "
                "must leave something for train: their sum must be below 1. "
                f"Received: {total:g}. Lower one of them."
            )

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
