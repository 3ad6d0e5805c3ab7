import html
import re

import numpy as np
import pytest
from described_data import (
    clean_runs,
    reader,
    run_of,
    schema_of,
    small_runs,
    small_schema,
    survey_of,
)

from preprocessing.description import drawing, page
from preprocessing.description.findings import find
from preprocessing.description.sequences import pick_groups
from trainer.runs import Run

EVIL = '</script><img src=x onerror="alert(1)">'


def make(schema, runs, max_series=20):
    found = survey_of(schema, runs)
    if schema.label_kind == "sequence":
        groups = pick_groups(reader(runs))
        plots = page.sequence_parts(groups, schema, found)
    else:
        shown = drawing.shown_series(found, max_series)
        drawn = drawing.draw_series(schema, found, shown, reader(runs))
        plots = page.series_parts(drawn, schema, found)
    refused = {EVIL: 2}
    text = page.make_page(
        "title", schema, found, refused, find(schema, found, refused), plots
    )
    return re.sub(r"<script>.*?</script>", "", text, count=1, flags=re.DOTALL)


def series_of(ids, num_rows=300, num_features=1):
    runs = {}
    for series_id in ids:
        for split, found in clean_runs(
            num_rows, num_features, series_id
        ).items():
            runs.setdefault(split, []).extend(found)
    return runs


def test_each_series_is_on_the_page_or_counted():
    """Catches series left out in silence."""
    ids = [f"pump-{number}" for number in range(5)]
    text = make(schema_of(1), series_of(ids), 3)
    drawn = re.findall(r"<h3>(.*?)</h3>", text)
    assert drawn == ids[:3]
    assert "3 of 5 series are drawn" in text and "2 are not" in text
    assert all(f"<td>{series_id}</td>" in text for series_id in ids)
    assert text.count("plotly-graph-div") == 3


def test_every_table_is_on_the_page():
    """Catches a table left out, and cells in another order."""
    text = make(small_schema(), small_runs())
    for title, row in (
        ("Splits", ["tuning", "1", "2", "1", "1", "0", "50.0%"]),
        ("Columns, in train", ["heat", "scored", "10", "20", "15", "7.07"]),
        ("Drift from train", ["flow", "0.25", "+0.00", "1.00", "+2.32"]),
        ("Series", ["a", "9", "3", "1", "1 h", "0%", "0%", "–", "50.0%"]),
        ("Refused rows", [html.escape(EVIL), "2"]),
    ):
        [name] = re.findall(f'href="#([^"]*)">{title}</a>', text)
        chapter = text.partition(f'<h2 id="{name}">{title}</h2>')[2]
        cells = "".join(f"<td>{cell}</td>" for cell in row)
        assert f"<tr>{cells}" in chapter.partition("<h2")[0]


def test_page_needs_no_network_and_escapes_names():
    """Catches a name that runs, and a font or script from elsewhere."""
    schema = schema_of(7, names=[f"{EVIL}{n}" for n in range(7)], command=EVIL)
    text = make(schema, series_of([EVIL, "<script>alert(1)</script>"], 300, 7))
    assert "<img" not in text and "<script>alert" not in text
    assert text.count("</script>") == text.count("<script")
    assert not re.search(r"<(script|link|img|iframe)[^>]*(src|href)=", text)
    assert "@import" not in text and "url(" not in text
    assert set(re.findall(r'href="(.)', text)) == {"#"}


def test_large_data_sets_make_small_pages():
    """Catches all points of all series in the page."""
    runs = series_of([f"s{n:02d}" for n in range(20)], 4_000, 8)
    text = make(schema_of(8), runs)
    assert text.count("plotly-graph-div") == 20
    assert 1e6 < len(text) < 5e6


@pytest.mark.parametrize("first_time", [None, 0])
def test_one_row_is_drawn(first_time):
    """Catches an axis without width, with and without timestamps."""
    runs = {"train": [run_of([[1.0, np.nan]], first_time=first_time)]}
    text = make(schema_of(2, label_kind="none"), runs)
    assert "No rows in: validation, statistics, tuning, test" in text
    assert "plotly-graph-div" in text


def test_range_buttons_are_there_where_train_is_squeezed():
    """Catches one far value that hides the rest for good."""
    runs = series_of(["a"])
    assert "range of train" not in make(schema_of(1), runs)
    runs["test"][0].values[7] = 258
    assert "range of train" in make(schema_of(1), runs)


def test_sequences_of_each_label_are_laid_over():
    """Catches labels drawn alike, or the first sequences only."""
    generator = np.random.default_rng(0)
    runs = {
        split: [
            Run(f"{split}{n}-{label}", 0, generator.uniform(size=(9, 2)).astype("f4"),
                sequence_label=label)
            for n in range(50)
            for label in labels
        ]
        for split, labels in (("train", [-1]), ("test", [0, 1]))
    }  # fmt: skip
    runs["test"][98].values[4, 0] = 77
    groups = pick_groups(reader(runs))
    assert [(each.label, each.split) for each in groups] == [
        (-1, "train"), (0, "test"), (1, "test"),
    ]  # fmt: skip
    assert all(len(each.values) == 12 for each in groups)
    first = [run.values for run in runs["test"] if run.sequence_label == 0]
    assert not all(
        drawn is kept
        for drawn, kept in zip(groups[1].values, first, strict=False)
    )
    schema = schema_of(2, label_kind="sequence", sequence_length=9)
    text = make(schema, runs)
    for name in ("12 unlabelled, from train", "12 normal, from test"):
        assert name in text
    assert "150 sequences of 9 rows" in text
