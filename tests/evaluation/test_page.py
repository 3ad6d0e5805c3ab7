import re

import numpy as np

from evaluation import page
from evaluation.scored_run import ScoredRun
from inference.results import StepScores

EVIL = '</script><img src=x onerror="alert(1)">'


def run_of(num_steps, name="series"):
    generator = np.random.default_rng(0)
    score = generator.random(num_steps)
    score[: num_steps // 10] = np.nan
    score[num_steps // 2] = 900.0
    labels = np.zeros(num_steps, np.int8)
    labels[num_steps // 2 : num_steps // 2 + 3] = 1
    scores = StepScores(
        score,
        np.full(num_steps, 0.9),
        np.nan_to_num(score) >= 0.9,
        ~np.isnan(score),
        generator.random((num_steps, 4)) * [1, 5, 2, 3],
    )
    return ScoredRun(
        name,
        0,
        generator.random((num_steps, 5)).astype("f4"),
        labels,
        -1,
        None,
        {"time": scores, "feature": scores},
    )


def make(runs, names=("x", "a", "b", "c", "d")):
    return page.make_page(
        "title", ["remark"], ["", "F1"], [("row", "0.5")], runs, names,
        names[1:],
    )  # fmt: skip


def without_library(text):
    return re.sub(r"<script>.*?</script>", "", text, count=1, flags=re.DOTALL)


def test_page_needs_no_network():
    """Catches a library, style or font from another host."""
    text = without_library(make([run_of(100)]))
    assert not re.search(r"<(script|link|img|iframe)[^>]*(src|href)=", text)
    assert "@import" not in text and "http-equiv" not in text
    assert "url(" not in text


def test_names_are_escaped():
    """Catches markup in names that runs in the reader's browser."""
    text = page.make_page(
        EVIL, [EVIL], [EVIL], [(EVIL,)], [run_of(50, EVIL)],
        [EVIL + str(n) for n in range(5)],
        [EVIL + str(n) for n in range(1, 5)],
    )  # fmt: skip
    assert "<img" not in without_library(text)
    assert text.count("</script>") == text.count("<script")


def test_long_series_stay_small():
    """Catches all points of a long series in the page."""
    short, long = (
        len(without_library(make([run_of(n)]))) for n in (100_000, 500_000)
    )
    assert long < 1.1 * short < 1_500_000


def test_top_features_are_those_of_the_scored_columns():
    """Catches positions among scored columns used for all columns."""
    assert page._top_features(run_of(500), ["a", "b", "c", "d"]) == [
        "b",
        "d",
        "c",
    ]


def test_empty_labels_and_unscored_series_are_drawn():
    """Catches a failure where nothing is scored or labelled."""
    run = run_of(30)
    unknown = np.full(30, np.nan)
    nothing = np.zeros(30, bool)
    scores = StepScores(
        unknown, unknown, nothing, nothing, np.full((30, 4), np.nan)
    )
    empty = run._replace(
        labels=np.full(30, -1, np.int8),
        views={"time": scores, "feature": scores},
    )
    assert "series" in make([empty])
