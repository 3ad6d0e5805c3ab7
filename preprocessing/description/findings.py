"""What a person should look at before training, in one sentence each."""

from collections.abc import Iterator, Mapping

from preprocessing.description.column_findings import find_in_columns
from preprocessing.description.series_findings import find_in_series
from preprocessing.description.survey import Survey, has_whole_series
from preprocessing.description.words import percent
from trainer.schema import Schema

__all__ = ["find"]

# The trainer calibrates on train where there are fewer steps.
FEWEST_STEPS = 100


def find(
    schema: Schema, survey: Survey, refused: Mapping[str, int]
) -> list[str]:
    """Lists what is worth a look, columns first.

    Args:
        schema: of the data set.
        survey: of the same.
        refused: reason to number of refused rows.
    """
    return [
        *find_in_columns(schema, survey),
        *_split_findings(survey),
        *_label_findings(schema, survey),
        *find_in_series(schema, survey),
        *_refused_findings(refused),
    ]


def _split_findings(survey: Survey) -> Iterator[str]:
    rows = {name: split.num_rows for name, split in survey.splits.items()}
    empty = [name for name, count in rows.items() if not count]
    if empty:
        yield f"No rows in: {', '.join(empty)}."
    few = [
        f"{name} ({rows[name]})"
        for name in ("statistics", "tuning")
        if rows[name] < FEWEST_STEPS
    ]
    if few:
        yield (
            f"Fewer than {FEWEST_STEPS} rows in {', '.join(few)}: with fewer "
            f"than {FEWEST_STEPS} calibration steps, train residuals are "
            "used, and errors look smaller than they are."
        )
    small = [
        f"{name} ({count})"
        for name, count in rows.items()
        if 0 < count < FEWEST_STEPS and name not in ("statistics", "tuning")
    ]
    if small:
        yield f"Fewer than {FEWEST_STEPS} rows in: {', '.join(small)}."


def _label_findings(schema: Schema, survey: Survey) -> Iterator[str]:
    what = "sequences" if has_whole_series(schema) else "steps"
    for name in ("train", "validation", "statistics"):
        labels = survey.splits[name].labels
        if labels.anomalous:
            yield (
                f"Labelled anomalies in {name}: {labels.anomalous:,} {what} "
                f"({percent(labels.share)}). Windows that hold them are not "
                "learned as normal; what was not labelled is."
            )
    tuning = survey.splits["tuning"]
    if tuning.num_rows and not (
        tuning.labels.normal and tuning.labels.anomalous
    ):
        has = (
            "no labels"
            if not tuning.labels.normal + tuning.labels.anomalous
            else "labels of one class only"
        )
        yield (
            f"Tuning has {has}: thresholds will come from a rule that needs "
            "no labels."
        )
    test = survey.splits["test"]
    if test.num_rows and not test.labels.anomalous:
        yield "Test has no labelled anomaly: nothing can be measured on it."


def _refused_findings(refused: Mapping[str, int]) -> Iterator[str]:
    if refused:
        yield (
            f"{sum(refused.values()):,} rows were refused: the table "
            "of refused rows has the reasons, dead_letters.jsonl the rows."
        )
