import math

import numpy as np
import pytest

from evaluation.comparison.averages import figure_of_set, row_figures


def series(value, num_anomalous=5, num_labelled=10):
    return {
        "vus_pr": value,
        "num_anomalous": num_anomalous,
        "num_labelled": num_labelled,
    }


def test_each_set_counts_alike():
    """Catches a mean over all series, by which the largest set decides."""
    rng = np.random.default_rng(3)
    values = {"a": rng.random(7), "b": rng.random(1), "c": rng.random(3)}
    row = row_figures({n: [series(v) for v in vs] for n, vs in values.items()})
    total = 0.0
    for name, of_set in values.items():
        added = 0.0
        for value in of_set:
            added += value
        assert row[figure_of_set("vus_pr", name)] == pytest.approx(
            added / len(of_set)
        )
        total += added / len(of_set)
    assert row["vus_pr"] == pytest.approx(total / 3)


@pytest.mark.parametrize("num_anomalous", [0, 10])
def test_series_with_labels_of_one_class_are_left_out(num_anomalous):
    """Catches a mean that what cannot be ranked makes undefined, or moves."""
    unlike = series(math.nan, num_anomalous)
    row = row_figures(
        {"a": [series(0.25), unlike], "b": [unlike], "c": [series(0.75)]}
    )
    assert row["vus_pr"] == 0.5
    assert figure_of_set("vus_pr", "b") not in row


def test_a_failed_run_leaves_its_set_and_the_whole_undefined():
    """Catches a preset that gains by failing on the hard series."""
    row = row_figures({"a": [series(0.9), None], "b": [series(0.4)]})
    assert math.isnan(row["vus_pr"])
    assert figure_of_set("vus_pr", "a") not in row
    assert row[figure_of_set("vus_pr", "b")] == 0.4


def test_nothing_to_judge_is_nothing():
    """Catches a mean of nothing that becomes a number, or a warning."""
    assert row_figures({"a": [series(0.5, 0)]}) == {}
