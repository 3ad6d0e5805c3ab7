import numpy as np
import pytest
from described_data import (
    PERIOD,
    clean_runs,
    reader,
    run_of,
    schema_of,
    survey_of,
)

from preprocessing.description import drawing


def draw(schema, runs, limit=20):
    found = survey_of(schema, runs)
    shown = drawing.shown_series(found, limit)
    return drawing.draw_series(schema, found, shown, reader(runs))


def test_a_peak_and_a_label_of_one_step_survive():
    """Catches every n-th row drawn."""
    runs = clean_runs(50_000, 1)
    test = runs["test"][0]
    test.values[31_234, 0] = 99
    test.labels[:] = 0
    test.labels[31_234] = 1
    [drawn] = draw(schema_of(1), runs)
    x = np.concatenate([positions for positions, _ in drawn.lines[0]])
    y = np.concatenate([values for _, values in drawn.lines[0]])
    assert len(x) == len(y) < 2 * drawing.POINTS_A_LINE
    assert x[np.nanargmax(y)] == test.timestamps[31_234] / 1000
    [(start, stop)] = drawn.bands[-1].marks
    assert start == test.timestamps[31_234] / 1000 < stop


@pytest.mark.parametrize("size", [40, 30_000])
def test_a_gap_breaks_the_line(size):
    """Catches a line drawn through a gap, with and without decimation."""
    generator = np.random.default_rng(0)
    runs = {
        "train": [
            run_of(generator.uniform(size=(size, 1)), start=number * size,
                   first_time=number * (size + 100) * PERIOD)
            for number in range(3)
        ]
    }  # fmt: skip
    [drawn] = draw(schema_of(1), runs)
    [(x, y)] = drawn.lines[0]
    is_joined = ~np.isnan(y[:-1]) & ~np.isnan(y[1:])
    crossing = 100 * PERIOD / 1000
    longest = np.diff(x)[is_joined].max()
    assert longest < max(crossing, 100 * size / drawing.POINTS_A_LINE * 60e3)
    for number in range(1, 3):
        border = runs["train"][number].timestamps[0] / 1000
        spans = (x[:-1] < border) & (x[1:] >= border)
        assert spans.any() and not (spans & is_joined).any()
    assert np.isnan(y[-1]) and np.isnan(y).sum() == 3


def test_series_with_anomalies_come_first():
    """Catches an alphabetic choice that hides all anomalies."""
    runs = {}
    for series_id in "abcd":
        for split, found in clean_runs(150, 1, series_id).items():
            if series_id != "c":
                found[0].labels[:] = 0
            runs.setdefault(split, []).extend(found)
    found = survey_of(schema_of(1), runs)
    assert drawing.shown_series(found, 2) == ["c", "a"]
    assert drawing.shown_series(found, 0) == []
    drawn = draw(schema_of(1), runs, 2)
    assert [each.series_id for each in drawn] == ["c", "a"]
    assert sum(len(band.marks) for band in drawn[0].bands) == 2
    assert not any(band.marks for band in drawn[1].bands)


def test_columns_that_move_most_are_drawn():
    """Catches the first columns taken, and covariates drawn."""
    roles = ["covariate"] + ["scored"] * 9
    runs = clean_runs(200, 10)
    runs["test"][0].values[:, 8] *= 50
    runs["test"][0].values[:, 0] *= 90
    [drawn] = draw(schema_of(10, roles=roles), runs)
    assert drawn.columns[0] == 8
    assert len(drawn.columns) == 6 and len(drawn.left_out) == 3
    assert sorted([*drawn.columns, *drawn.left_out]) == list(range(1, 10))


def test_many_events_stay_few():
    """Catches one shape for each of thousands of labelled steps."""
    runs = clean_runs(20_000, 1)
    runs["test"][0].labels[:] = np.arange(20_000) % 4 == 0
    [drawn] = draw(schema_of(1), runs)
    assert len(drawn.bands[-1].marks) <= drawing.EVENTS_A_SPLIT


def test_all_lines_share_one_budget():
    """Catches a page that grows with the number of series."""
    runs = {
        split: [
            run._replace(series_id=f"s{number:03d}")
            for number in range(100)
            for run in found
        ]
        for split, found in clean_runs(3_000, 6).items()
    }
    drawn = draw(schema_of(6), runs, 100)
    points = sum(
        len(x) for each in drawn for line in each.lines for x, _ in line
    )
    assert len(drawn) == 100 and points < 1.2 * drawing.POINTS_A_PAGE
