"""Cells that hold a number, none, or something else."""

import pytest

from preprocessing.readers.text.cells import is_number, parse_number


@pytest.mark.parametrize(
    "cell", ["nan", "NaN", "-NAN", "", " NA ", "n/a", "NULL", "-nan(ind)"]
)
def test_spellings_of_not_measured(cell):
    """Catches a missing cell refused, and text taken for a missing cell."""
    number = parse_number(cell)
    assert number != number
    with pytest.raises(ValueError, match="not a number"):
        parse_number(cell + "x")


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("1e400", "not a finite number: '1e400'"),
        ("-inf", "not a finite number"),
        ("0x1F", "not a number: '0x1F'"),
        ("1_000", "not a number"),
        ("1,5", "not a number"),
        ("nan(", "not a number"),
    ],
)
def test_cells_that_are_refused(cell, message):
    """Catches infinity taken as a value, and spellings of one language."""
    with pytest.raises(ValueError) as failure:
        parse_number(cell)
    assert str(failure.value).startswith(message)


@pytest.mark.parametrize(
    ("cell", "is_one"), [("1_000", False), ("nan", False), ("-2e3", True)]
)
def test_a_number_is_what_is_read_as_one(cell, is_one):
    """Catches a header refused as numbers that no cell could be."""
    assert is_number(cell) == is_one
