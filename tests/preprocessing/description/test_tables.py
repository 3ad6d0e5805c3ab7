import numpy as np
from described_data import (
    run_of,
    schema_of,
    small_runs,
    small_schema,
    survey_of,
)

from preprocessing.description import tables
from trainer.runs import Run

SHORT = {"label_kind": "sequence", "sequence_length": 5}


def sequence_survey():
    """Three sequences of five rows in train, two in test."""
    labels = {"train": [0, 0, None], "test": [0, 1]}
    runs = {
        split: [
            Run(f"{split}{n}", 0, np.zeros((5, 1), "f4"), None, label)
            for n, label in enumerate(found)
        ]
        for split, found in labels.items()
    }
    return survey_of(schema_of(1, **SHORT), runs)


def test_what_the_data_set_is():
    """Catches a count of something else."""
    schema = small_schema(
        sampling_period_seconds=60.0,
        command="python -m x",
        reader={"format": "csv"},
        dtype="float64",
    )
    found = survey_of(schema, small_runs())
    assert tables.head_rows(schema, found) == [
        ("kind", "series"),
        ("rows", "10, without those left unused between splits"),
        ("series", "2"),
        ("columns", "5: 3 scored, 1 covariate, 1 ignored"),
        ("labels", "one for each step"),
        ("sampling period", "1 min"),
        ("stored as", "float64"),
        ("halo", "16 rows, the longest window there can be"),
        ("format", "csv"),
        ("made by", "python -m x"),
    ]


def test_what_a_data_set_of_sequences_is():
    """Catches sequences of one split, or rows, counted as the sequences."""
    schema = schema_of(1, **SHORT)
    head = dict(tables.head_rows(schema, sequence_survey()))
    assert head["series"] == "5 sequences of 5 rows"
    assert head["rows"].startswith("25,")
    assert head["columns"] == "1: 1 scored"
    assert head["labels"] == "one for each sequence"
    assert head["sampling period"].startswith("unknown: ")
    assert head["format"] == head["made by"] == "–"


def test_splits():
    """Catches labels under another heading, and unknown ones in the share."""
    schema = small_schema()
    table = tables.split_table(schema, survey_of(schema, small_runs()))
    assert table.header == (
        "split", "series", "rows", "normal", "anomalous", "unknown",
        "anomalous share",
    )  # fmt: skip
    assert table.rows == [
        ("train", "1", "4", "4", "0", "0", "0%"),
        ("validation", "1", "2", "1", "0", "1", "0%"),
        ("statistics", "0", "0", "0", "0", "0", "–"),
        ("tuning", "1", "2", "1", "1", "0", "50.0%"),
        ("test", "2", "2", "0", "1", "1", "100.0%"),
    ]
    assert table.note.startswith("Labels count steps; ")


def test_splits_of_sequences():
    """Catches labels counted by step where a whole sequence has one."""
    table = tables.split_table(schema_of(1, **SHORT), sequence_survey())
    assert table.rows[0] == ("train", "3", "15", "2", "0", "1", "0%")
    assert table.rows[-1] == ("test", "2", "10", "1", "1", "0", "50.0%")
    assert table.note.startswith("Labels count sequences; ")


def test_series():
    """Catches numbers of another series or split."""
    found = survey_of(small_schema(), small_runs())
    table = tables.series_table(found, 2)
    assert table.header == (
        "series", "rows", "longest stretch", "gaps", "longest gap",
        "train", "validation", "statistics", "tuning", "test",
    )  # fmt: skip
    assert table.rows == [
        ("a", "9", "3", "1", "1 h", "0%", "0%", "–", "50.0%", "100.0%"),
        ("b", "1", "1", "–", "–", "–", "–", "–", "–", "unknown"),
    ]
    assert table.note.endswith("only those inside a split are counted.")
    short = tables.series_table(found, 1)
    assert short.rows == table.rows[:1]
    assert short.note.endswith(" 1 more series are not listed.")


def test_gaps_between_splits_are_not_counted():
    """Catches a number that the note below it denies."""
    runs = {
        split: [run_of(np.zeros((3, 5)), start=start, first_time=time)]
        for split, start, time in (("train", 0, 0), ("test", 3, 10**12))
    }
    [row] = tables.series_table(survey_of(small_schema(), runs), 9).rows
    assert row[3:5] == ("0", "–")


def test_refused_rows():
    """Catches rows of rare reasons left out of the sum."""
    refused = {"time goes back": 2_000} | {f"r{n}": 3 for n in range(13)}
    assert tables.refused_table(refused).rows == [
        ("time goes back", "2,000"),
        *((f"r{n}", "3") for n in range(11)),
        ("other reasons", "6"),
    ]
    few = dict(list(refused.items())[:12])
    assert tables.refused_table(few).rows[-1] == ("r10", "3")
