"""Infinite cells of arrays."""

import numpy as np

from preprocessing.readers.layouts.arrays import refuse_infinite


def test_a_row_with_an_infinite_cell_keeps_its_place():
    """Catches infinity in statistics, and rows that move up."""
    values = np.array([[1.0, np.nan], [2.0, -np.inf], [np.inf, 3.0]])
    cleaned, refused = refuse_infinite("a.npy", 10, values, ("x", "y"))
    np.testing.assert_array_equal(
        cleaned, [[1.0, np.nan], [np.nan] * 2, [np.nan] * 2]
    )
    assert np.isinf(values).any()
    assert [(row.line, row.text, row.has_place) for row in refused] == [
        (12, "2.0,-inf", True),
        (13, "inf,3.0", True),
    ]
    assert "'-inf' in column y" in refused[0].reason


def test_rows_whose_sum_is_infinite_are_finite():
    """Catches large numbers taken for infinity."""
    values = np.full((4, 1), 1e308)
    cleaned, refused = refuse_infinite("a.npy", 0, values, ("x",))
    assert cleaned.tolist() == values.tolist() and not refused
