import numpy as np
import plotly.graph_objects as go
import pytest
from described_data import run_of, schema_of, survey_of

from preprocessing.description.range_buttons import (
    add_range_buttons,
    train_range,
)

# The first column is drawn last; the third is constant in train.
COLUMNS = [1, 2, 0]


def menus_of(test_rows):
    figure = go.Figure()
    runs = {
        "train": [run_of([[0.0, 10, 5], [4.0, 20, 5]])],
        "test": [run_of(test_rows, start=2)],
    }
    found = survey_of(schema_of(3), runs)
    add_range_buttons(
        figure, COLUMNS, train_range(found, "a"), found.series["a"]
    )
    return figure.layout.updatemenus


def test_each_button_does_what_it_says():
    """Catches buttons that do alike, or set the axis of another column."""
    [menu] = menus_of([[100.0, 15, 6]])
    every, closer = menu.buttons
    assert (every.label, every.method) == ("all values", "relayout")
    assert every.args == ({"yaxis.autorange": True, "yaxis3.autorange": True},)
    assert (closer.label, closer.method) == ("range of train", "relayout")
    [change] = closer.args
    assert change == {
        "yaxis.range": pytest.approx([9, 21]),
        "yaxis3.range": pytest.approx([-0.4, 4.4]),
    }


@pytest.mark.parametrize(
    ("value", "is_there"), [(8.0, False), (8.1, True), (-4.0, False),
                            (-4.1, True), (np.nan, False)]
)  # fmt: skip
def test_buttons_are_there_where_train_is_half_of_the_plot(value, is_there):
    """Catches a limit on one side only, or none."""
    assert bool(menus_of([[value, 15, 5]])) == is_there


def test_the_range_is_that_of_the_series_itself():
    """Catches the range of all series where the series has one."""
    runs = {
        "train": [
            run_of([[0.0, 3], [4.0, 3]]),
            run_of([[-9.0, 1], [50.0, 2]], "b"),
        ]
    }
    found = survey_of(schema_of(2), runs)
    for series_id, expected in (
        ("a", ([0, 1], [4, 3])),
        ("b", ([-9, 1], [50, 2])),
        ("", ([-9, 1], [50, 3])),
        ("elsewhere", ([-9, 1], [50, 3])),
    ):
        np.testing.assert_array_equal(train_range(found, series_id), expected)
