"""Columns that are no features, and what is said of doubtful ones."""

import pytest

from preprocessing.readers.detection.table_look import look_at_lines
from preprocessing.readers.detection.table_roles import guess_roles

ROWS = 20


def _roles(columns, given=None):
    """Roles of columns, a name to a list of cells or to one for all rows."""
    cells = [
        found if isinstance(found, list) else [found] * ROWS
        for found in columns.values()
    ]
    lines = [",".join(map(str, row)) for row in zip(*cells, strict=True)]
    table = look_at_lines([",".join(columns), *lines])
    roles = guess_roles(table, given or {})
    return roles.columns, ", ".join(roles.remarks)


X = [row / 7 for row in range(ROWS)]
BITS = [row % 2 for row in range(ROWS)]


def test_labels_that_are_all_unknown_at_first():
    """Catches labels learned as a feature, as the first are empty."""
    found, said = _roles({"x": X, "label": ""})
    assert found == {"label_column": "label"}
    assert f"label in label, whose first {ROWS} cells are empty" in said


def test_empty_columns_named_like_times():
    """Catches a time that is a feature, unsaid."""
    found, said = _roles({"x": X, "time": ""})
    assert not found and "time is empty" in said and "timestamp_column" in said


@pytest.mark.parametrize(
    ("flag", "value", "column", "cells"),
    [
        ("label_column", "label", "label", [0, 1, 2, 3] * 5),
        ("label_column", "-1", "label", [0, 1, 2, 3] * 5),
        ("label_column", "label", "label", ["normal", "attack"] * 10),
        ("label_column", "y", "y", BITS),
        ("timestamp_column", "Zeit", "Zeit", "31.12.2020"),
        ("timestamp_column", "1", "time", [3, 1, 2, 0] * 5),
        ("series_column", "unit", "unit", [1, 2, 3, 4] * 5),
        ("ignored_columns", ("a",), "a", "text"),
    ],
)
def test_what_the_user_said_is_not_said_again(flag, value, column, cells):
    """Catches a hint to give a flag that is given."""
    columns = {"x": X, column: cells}
    assert (
        flag in _roles(columns)[1]
        or "is a feature" in _roles(columns)[1]
        or "holds words" in _roles(columns)[1]
    )
    assert _roles(columns, {flag: value}) == ({}, "")


def test_flags_of_the_user_win():
    """Catches a guess, and a remark, about what the user decided."""
    columns = {"x": X, "time": list(range(ROWS)), "t2": X, "label": BITS}
    found, said = _roles(columns, {"timestamp_column": "t2"})
    assert found == {"label_column": "label"} and "timestamp in" not in said
    found, said = _roles(columns, {"ignored_columns": ("time", "label")})
    assert (found, said) == ({}, "")


def test_ranges_of_the_user_replace_a_column_of_labels():
    """Catches two places of labels, and labels as a feature."""
    columns = {"x": X, "label": BITS}
    found, said = _roles(columns, {"label_ranges": "r.csv"})
    assert found == {"ignored_columns": ("label",)} and "--label_ranges" in said


def test_a_hint_keeps_the_columns_ignored_before():
    """Catches a hint that makes the user ignore less."""
    given = {"ignored_columns": ("a",)}
    _, said = _roles({"x": X, "a": "text", "b": "text"}, given)
    assert said == "no numbers: say --ignored_columns=a,b"
    columns = {"x": X, "a": "text", "__index_level_0__": list(range(ROWS))}
    found, said = _roles(columns, given)
    assert not found
    assert "--ignored_columns=a,__index_level_0__" in said


@pytest.mark.parametrize("name", ["label", "machine_status"])
@pytest.mark.parametrize("words", ["normal anomaly", "Normal Attack"])
def test_labels_in_words(name, words):
    """Catches a hint to throw the labels away."""
    found, said = _roles({"x": X, name: words.split() * (ROWS // 2)})
    assert not found and "ignored_columns" not in said
    assert f"{name} holds words (" in said and "write 0 and 1" in said


def test_truth_in_words():
    """Catches a hint to throw a valve away that is open or not."""
    _, said = _roles({"x": X, "is_open": ["True", "False"] * (ROWS // 2)})
    assert said == "is_open holds words (False, True): write 0 and 1"


@pytest.mark.parametrize(
    "cell", ["31.12.2020 23:59", "12/31/20", "31 Dec 2020", "31-Dec-2020"]
)
def test_times_of_an_unknown_form(cell):
    """Catches a hint to throw the time away."""
    _, said = _roles({"x": X, "Zeit": cell, "who": "me"})
    assert "--timestamp_column=Zeit --timestamp_format=" in said
    assert said.endswith("no numbers: say --ignored_columns=who")
    _, said = _roles({"x": X, "Zeit": cell}, {"timestamp_column": "x"})
    assert said == "no numbers: say --ignored_columns=Zeit"


def test_times_of_which_one_is_damaged():
    """Catches a format asked for, of times that are ISO 8601."""
    cells = ["2020-01-01", *["2020-01-02"] * (ROWS - 2), "?"]
    _, said = _roles({"x": X, "when": cells})
    assert said == "when looks like a time: say --timestamp_column=when"


def test_numbers_with_a_few_bad_cells():
    """Catches a hint to leave a sensor out for three bad cells."""
    cells = ["bad"] * 3 + X[3:]
    found, said = _roles({"x": X, "y1": cells, "note": "text"})
    assert not found
    assert f"first {ROWS} rows" in said and "are no numbers, 3 in y1" in said
    assert said.endswith("--ignored_columns=note")


@pytest.mark.parametrize("name", ["target", "Attack", "is_fault", "y"])
def test_a_column_that_may_be_the_label(name):
    """Catches labels that are learned under another name, unsaid."""
    found, said = _roles({"x": X, name: BITS})
    assert not found
    assert said == f"if {name} is the label, say --label_column={name}"
    assert _roles({"x": X, name: X}) == ({}, "")
    found, said = _roles({"x": X, name: BITS, "label": BITS})
    assert found == {"label_column": "label"}
    assert f"--ignored_columns={name}" in said


@pytest.mark.parametrize("cells", [list(range(ROWS)), "text"])
def test_the_index_of_a_parquet_export(cells):
    """Catches row numbers learned as a feature."""
    found, said = _roles({"x": X, "__index_level_0__": cells})
    assert found == {"ignored_columns": ("__index_level_0__",)}
    assert said == "left out as row numbers: __index_level_0__"


@pytest.mark.parametrize("names", [("a", "b"), ("0", "1")])
@pytest.mark.parametrize("cells", [list(range(ROWS)), [3, 9] * (ROWS // 2)])
def test_the_index_of_a_csv_export(names, cells):
    """Catches row numbers learned as a feature, or another column left out."""
    found, said = _roles({"": cells, names[0]: X, names[1]: X})
    position = "0" if names[0] == "a" else "-3"
    assert found == {"ignored_columns": (position,)}
    assert "left out as row numbers" in said
    # A column that has no name and nothing in it: a delimiter at the end.
    assert _roles({"a": X, "": ""})[0] == {"ignored_columns": ("1",)}


def test_an_index_of_times():
    """Catches the time thrown away with the index."""
    times = [f"2020-01-01 00:{row:02d}" for row in range(ROWS)]
    for name, flag in (("", "0"), ("__index_level_0__", "__index_level_0__")):
        found, said = _roles({name: times, "a": X})
        assert found == {"timestamp_column": flag}, said
