import dataclasses

from described_data import small_runs, small_schema, survey_of

from preprocessing.description.column_tables import column_table, drift_table


def test_columns_in_train():
    """Catches numbers under another heading, or of another column."""
    table = column_table(
        small_schema(), survey_of(small_schema(), small_runs())
    )
    assert table.header == (
        "column", "role", "minimum", "maximum", "mean", "std", "missing",
        "most drift",
    )  # fmt: skip
    assert table.rows == [
        ("flow", "scored", "1", "4", "2.5", "1.29", "0%", "1.00 tuning"),
        ("valve", "covariate, binary",
         "0", "1", "0.5", "0.577", "0%", "0.50 tuning"),
        ("idle", "scored, constant", "7", "7", "7", "0", "0%",
         "moves in test"),
        ("heat", "scored", "10", "20", "15", "7.07", "50.0%", "0.00"),
        ("spare", "ignored", "–", "–", "–", "–", "100.0%", "–"),
    ]  # fmt: skip


def test_drift_of_each_split():
    """Catches a shift with the wrong sign, and splits mixed up."""
    schema = small_schema()
    found = survey_of(schema, small_runs())
    table = drift_table(schema, found)
    # Statistics has no rows.
    assert table.header == (
        "column",
        "validation KS",
        "validation shift",
        "tuning KS",
        "tuning shift",
        "test KS",
        "test shift",
    )
    assert table.rows == [
        ("flow", "0.25", "+0.00", "1.00", "+2.32", "0.75", "-1.94"),
        ("valve", "0.00", "+0.00", "0.50", "+0.87", "0.50", "-0.87"),
        ("idle", "0.00", "–", "0.00", "–", "0.50", "moves"),
        ("heat", "0.00", "+0.00", "–", "–", "0.00", "+0.00"),
        ("spare", "–", "–", "–", "–", "–", "–"),
    ]
    assert "rows spread evenly" not in table.note
    part = dataclasses.replace(found, num_sample_rows=2)
    assert (
        "of 2 rows spread evenly over a split, good to about 0.87."
        in drift_table(schema, part).note
    )
