import dataclasses

import numpy as np
import pytest
from described_data import PERIOD, clean_runs, run_of, schema_of, survey_of

from preprocessing.description.findings import find


def found_in(runs, schema=None, refused=None):
    schema = schema or schema_of(2)
    return " ".join(find(schema, survey_of(schema, runs), refused or {}))


def test_clean_data_has_nothing_to_tell():
    """Catches warnings that are always there."""
    assert found_in(clean_runs()) == ""


def change_still(runs):
    for found in runs.values():
        found[0].values[:, 1] = 3


def change_moving(runs):
    runs["train"][0].values[:, 1] = 0.5


def change_missing(runs):
    for found in runs.values():
        found[0].values[::3, 1] = np.nan
        found[0].values[1::3, 1] = np.nan


def change_range(runs):
    runs["test"][0].values[200, 1] = 258


def change_distribution(runs):
    runs["test"][0].values[:, 1] += 0.6


def change_small(runs):
    runs["statistics"] = [run_of(np.zeros((99, 2)) + 0.5, start=900,
                                 labels=np.zeros(99))]  # fmt: skip


def change_empty(runs):
    runs["tuning"] = []


def change_train_labels(runs):
    runs["train"][0].labels[3:7] = 1


def change_one_class(runs):
    runs["tuning"][0].labels[:] = 0


def change_no_labels(runs):
    runs["tuning"][0].labels[:] = -1


def change_test_labels(runs):
    runs["test"][0].labels[:] = 0


def change_gap(runs):
    first = runs["train"][0]
    later = first._replace(
        start=400, timestamps=first.timestamps - 1_000 * PERIOD
    )
    runs["train"] = [later, first]


def change_no_train(runs):
    runs["test"].append(clean_runs(series_id="b")["test"][0])


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (change_still, "Constant in every split (1): c1."),
        (change_moving, "c1 (validation, statistics, tuning, test). A"),
        (change_missing, "More than half not measured (1): c1 (66.8%)"),
        (change_range, "in widths of that range (1): c1 (258x in test)"),
        (change_distribution, "0.5 or more (1): c1 (0.6"),
        (change_small, "statistics (99): with fewer than 100 calibration"),
        (change_empty, "No rows in: tuning. Fewer than 100 rows in tuning (0)"),
        (change_train_labels, "Labelled anomalies in train: 4 steps (1.0%)"),
        (change_one_class, "Tuning has labels of one class only"),
        (change_no_labels, "Tuning has no labels"),
        (change_test_labels, "Test has no labelled anomaly"),
        (change_gap, "100 sampling periods: a (10 h in train)"),
        (change_no_train, "Series without rows in train: b."),
    ],
)
def test_each_fault_is_told_once(change, expected):
    """Catches a fault that goes unnoticed."""
    runs = clean_runs()
    change(runs)
    text = found_in(runs)
    assert text.count(expected) == 1, text


def test_ignored_columns_are_left_alone():
    """Catches warnings about what the user has set aside."""
    schema = schema_of(2, roles=["scored", "ignored"])
    for change in (change_still, change_moving, change_missing, change_range):
        runs = clean_runs()
        change(runs)
        assert found_in(runs, schema) == ""


def test_series_shorter_than_the_halo_are_named():
    """Catches the sum of all stretches taken for the longest."""
    runs = clean_runs(400)
    halves = runs["train"][0]
    runs["train"] = [
        halves._replace(values=halves.values[:250], labels=None,
                        timestamps=None),
        halves._replace(values=halves.values[250:], labels=None,
                        timestamps=None, start=300),
    ]  # fmt: skip
    schema = schema_of(2, halo=300)
    assert "shorter than the longest window (300 rows" in found_in(runs, schema)
    schema = dataclasses.replace(schema, halo=250)
    assert "shorter" not in found_in(runs, schema)


def test_series_are_compared_with_one_another():
    """Catches what the sum of all series hides."""
    runs = clean_runs(series_id="a")
    other = clean_runs(series_id="b")
    for found in other.values():
        found[0].values[:, 1] *= 1e5
    other["train"][0].values[:, 0] = 0.5
    both = {split: [*runs[split], *other[split]] for split in runs}
    text = found_in(both)
    assert "of a series and move later in it (1): b (c0)" in text
    assert "differs much between series (1): c1 (1" in text


def test_refused_rows_are_told():
    """Catches dead letters nobody hears of."""
    text = found_in(clean_runs(), refused={"time goes back": 3, "other": 4})
    assert "7 rows were refused" in text
