import pytest

from evaluation import columns, tables
from evaluation.tables import GroupFigures, Table

NAN = float("nan")


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("f1", 0.12345, "0.123"),
        ("f1", NAN, "n/a"),
        ("flagged_share", 0.0123, "1.2%"),
        ("num_missed", 1234.0, "1,234"),
        ("num_missed", 8.8, "8.8"),
        ("alarms_per_day", 0.01234, "0.0123"),
        ("alarms_per_day", 12345.6, "12,346"),
    ],
)
def test_cells(name, value, text):
    """Catches a count with decimals, a share in thousandths, 'nan'."""
    chosen = [
        *columns.summary_columns("step", True, True),
        *columns.summary_columns("sequence", True, False),
    ]
    column = next(each for each in chosen if each.name == name)
    assert columns.text_of(column, {name: value}) == text


def group(name, num_members, **figures):
    return GroupFigures(name, figures, {"f1": 0.01}, num_members)


def test_spread_has_a_row_of_its_own():
    """Catches a mean of seeds that passes for one run."""
    chosen = columns.summary_columns("sequence", True, False)[1:4]
    found = tables.table_of_groups(
        "t", "", chosen, [group("x", 1, f1=1.0), group("y", 5, f1=0.5)]
    )
    assert found.header == ("", "precision", "recall", "F1")
    assert found.rows == [
        ("x", "n/a", "n/a", "1.000"),
        ("y", "n/a", "n/a", "0.500"),
        ("  ± of 5 seeds", "n/a", "n/a", "0.010"),
    ]


def test_figures_that_nobody_has_are_left_out():
    """Catches a table of n/a, and figures in the wrong column."""
    groups = [
        group("x", 1, f1=1.0, nab_standard=NAN, vus_pr=NAN),
        group("y", 5, f1=0.5, nab_standard=50.0, vus_pr=NAN),
    ]
    found = tables.table_of_figures("t", "", groups)
    assert found.header == ("", "x", "y")
    assert found.rows == [
        ("F1", "1.000", "0.500 ± 0.010"),
        ("NAB score", "n/a", "50 ± n/a"),
    ]


def test_markdown_escapes_names():
    """Catches a series' name that breaks the table or is markup."""
    table = Table("t", "", ("", "a|b"), [("<img> *x* [y]", "1")])
    assert tables.as_markdown(table).splitlines() == [
        "|  | a\\|b |",
        "| --- | ---: |",
        "| \\<img> \\*x\\* \\[y] | 1 |",
    ]


def test_columns_fit_what_is_there():
    """Catches VUS of sequences, and F1 where nobody labelled anything."""
    names = {
        key: {column.name for column in columns.summary_columns(*key)}
        for key in (
            ("step", True, True),
            ("step", False, False),
            ("sequence", True, False),
            ("sequence", False, False),
        )
    }
    assert {"vus_pr", "oracle_gap", "alarms_per_day"} <= names[
        "step", True, True
    ]
    assert names["step", False, False] == {
        "flagged_share",
        "alarms_per_1000_steps",
        "num_unscored",
    }
    assert "vus_pr" not in names["sequence", True, False]
    assert "alarms_per_day" not in names["sequence", True, False]
    assert "f1" not in names["sequence", False, False]
