import dataclasses
import html
import re

import numpy as np
import pytest
from report_pages import empty_content, page_content, random_run

from evaluation.page.page import make_page
from evaluation.tables import Table

EVIL = '</script><img src=x onerror="alert(1)">'


def without_library(text):
    return re.sub(r"<script>.*?</script>", "", text, count=1, flags=re.DOTALL)


def headings(text):
    found = re.findall(r"<h2[^>]*>(.*?)</h2>", text)
    return [html.unescape(each) for each in found]


def num_plots(text):
    return text.count('class="plotly-graph-div"')


def test_page_needs_no_network():
    """Catches a library, style or font from another host."""
    text = without_library(make_page(page_content([random_run(100)])))
    assert not re.search(r"<(script|link|img|iframe)[^>]*(src|href)=", text)
    assert "@import" not in text and "http-equiv" not in text
    assert "url(" not in text


def test_names_are_escaped():
    """Catches markup in names that runs in the reader's browser."""
    run = random_run(50, EVIL, views=[EVIL + "view"])
    names = [EVIL + str(number) for number in range(5)]
    content = page_content([run], EVIL, names, EVIL + "baseline")
    table = Table(EVIL, EVIL, [EVIL], [(EVIL,)])
    content = dataclasses.replace(content, summary=table, tables=[table])
    text = make_page(content)
    assert "<img" not in without_library(text)
    assert text.count("</script>") == text.count("<script")


def test_chapters_stand_in_their_order():
    """Catches a chapter lost, moved, or not in the contents."""
    text = make_page(page_content([random_run(200)]))
    expected = [
        "Summary",
        "Precision and recall",
        "Threshold sensitivity",
        "Score histogram",
        "Worst and best series",
        "Most anomalous events",
        "Each series",
        "Drift between splits",
        "Thresholds by labels",
        "Principal components",
        "Parameters",
    ]
    assert headings(text) == expected
    links = re.findall(r'<a href="#([^"]+)">(.*?)</a>', text)
    assert [name for _, name in links] == expected
    for target, name in links:
        assert f'<h2 id="{target}">{name}</h2>' in text
    assert num_plots(text) == 7


def test_series_stand_under_the_title_they_are_given():
    """Catches the most flagged series called the worst."""
    content = page_content([random_run(50)])
    content = dataclasses.replace(content, shown_title="Most flagged series")
    found = headings(make_page(content))
    assert "Most flagged series" in found and "Worst and best" not in found


def test_what_is_empty_says_why():
    """Catches an empty plot, and a chapter that vanishes in silence."""
    text = make_page(empty_content())
    assert headings(text) == [] and num_plots(text) == 0
    for sentence in (
        "No precision-recall curve: no row with a score is labelled",
        "No threshold sensitivity: no row is scored.",
        "No score histogram: no row is scored.",
        "No series is drawn",
        "Most anomalous events: nothing to show.",
        "No drift: no row of any split is scored.",
    ):
        assert sentence in text


def test_without_labels_no_curve_is_drawn():
    """Catches curves of labels that nobody gave."""
    run = random_run(300)
    unknown = np.full(300, -1, np.int8)
    text = make_page(page_content([run._replace(labels=unknown)]))
    assert "No precision-recall curve" in text
    assert "only the flagged share is left" in text
    assert num_plots(text) == 6


def test_unscored_series_are_drawn():
    """Catches a failure where nothing is scored."""
    run = random_run(30)
    scores = run.views["time"]
    nothing = scores._replace(
        score=np.full(30, np.nan),
        is_anomaly=np.zeros(30, bool),
        is_scored=np.zeros(30, bool),
        contribution=np.full((30, 4), np.nan),
    )
    content = dataclasses.replace(
        empty_content(),
        shown=[("Nothing.", run._replace(views={"time": nothing}))],
        feature_names=list("abcde"),
        scored_names=list("bcde"),
    )
    text = make_page(content)
    assert num_plots(text) == 1 and "Nothing." in text


@pytest.mark.parametrize(("num_rows", "num_shown"), [(200, 200), (201, 200)])
def test_long_tables_are_cut_and_say_so(num_rows, num_shown):
    """Catches a table of thousands of series, or one cut in silence."""
    rows = [(f"<{number}>",) for number in range(num_rows)]
    table = Table("Each series", "", ["series"], rows)
    text = make_page(dataclasses.replace(empty_content(), tables=[table]))
    assert text.count("<td>") == num_shown
    assert ("metrics.json has all" in text) == (num_rows > num_shown)


def test_left_out_views_are_named():
    """Catches scores that are missing without a word, and texts run on."""
    run = random_run(40, views=[f"view {n}" for n in range(6)])
    sentence = "Not drawn: the scores of view 4, view 5."
    content = page_content([run])
    assert f"<p>Caption 0. {sentence}</p>" in make_page(content)
    content = dataclasses.replace(content, shown=[("", run)])
    assert f"<p>{sentence}</p>" in make_page(content)


def test_left_out_panels_are_named():
    """Catches detectors that are missing without a word."""
    run = random_run(40, views=[f"view {n}" for n in range(9)])
    text = make_page(page_content([run]))
    assert text.count("Not drawn: view 8.") == 4


def test_long_series_stay_small():
    """Catches all points of a long series in the page."""
    short, long = (
        len(without_library(make_page(page_content([random_run(num_steps)]))))
        for num_steps in (100_000, 500_000)
    )
    assert long < 1.1 * short < 1_000_000


def test_four_series_of_four_views_stay_below_8_mb():
    """Catches dates written as text, and float64 for each point."""
    views = [
        f"model {n // 2}: {'time' if n % 2 else 'feature'}" for n in range(4)
    ]
    runs = [
        random_run(30_000, f"series {n}", views, has_times=n > 1)
        for n in range(4)
    ]
    assert len(make_page(page_content(runs))) < 8_000_000
