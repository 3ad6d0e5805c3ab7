import re

import plotly.graph_objects as go
import pytest

from evaluation.page import document

EVIL = '</script><img src=x onerror="alert(1)">'


def test_every_text_is_escaped():
    """Catches markup in any text that runs in the reader's browser."""
    for part in (
        document.heading(EVIL, 'x" onclick="alert(1)'),
        document.paragraph(EVIL),
        document.bullets([EVIL]),
        document.contents([(EVIL, '" onclick="alert(1)')]),
        document.table([EVIL], [[EVIL]], has_words=True),
        document.table((), [[EVIL]]),
    ):
        assert "<img" not in part and "</script" not in part
        assert not re.search(r'\sonclick="', part)


def test_links_lead_to_headings():
    """Catches contents that point nowhere."""
    page = document.document(
        "t",
        [document.contents([("One", "one")]), document.heading("One", "one")],
    )
    [target] = re.findall(r'<a href="#([^"]+)"', page)
    assert f'<h2 id="{target}">' in page


def test_page_holds_plotly_once():
    """Catches a library for each figure, or one from the network."""
    drawn = document.figure(go.Figure(go.Scatter(y=[1, 2])))
    page = document.document("t", [drawn, drawn])
    assert len(drawn) < 50_000 < len(page)
    assert page.count("plotly.js v") == 1
    assert not re.search(r"<(script|link|img)[^>]*(src|href)=", drawn)


def test_a_table_holds_its_cells_in_order():
    """Catches cells mixed up, and an empty row in place of the header."""
    row = "<tr><td>a</td><td>b</td></tr>"
    [found] = re.findall("<tr.*</tr>", document.table((), [["a", "b"]]))
    assert found == row
    text = document.table(("x", "y"), [["a", "b"], ["a", "b"]])
    head = "<tr><th>x</th><th>y</th></tr>"
    assert re.findall("<tr.*</tr>", text) == [head, row, row]


@pytest.mark.parametrize(("num_rows", "is_long"), [(40, False), (41, True)])
def test_only_long_tables_scroll_up_and_down(num_rows, is_long):
    """Catches a short table that hides its last rows."""
    text = document.table(["x"], ([str(n)] for n in range(num_rows)))
    assert ('class="wide long"' in text) == is_long
    assert text.count("<td>") == num_rows


def test_text_of_plots_is_escaped_and_broken():
    """Catches markup that plotly reads, and names wider than a phone."""
    assert document.plot_text('<b>"&') == '&lt;b&gt;"&amp;'
    lines = document.plot_text("x" * 100).split("<br>")
    assert "".join(lines) == "x" * 100 and max(map(len, lines)) <= 34


def test_plots_have_no_way_to_a_server():
    """Catches the button with which plotly uploads what is drawn."""
    drawn = document.figure(go.Figure(go.Scatter(y=[1, 2])))
    assert '"showSendToCloud": false' in drawn


def test_short_texts_among_sentences_stay_on_one_line():
    """Catches an id broken over two lines beside a wide sentence."""
    text = document.table(["x"], [["machine-1-6", "long " * 9]], has_words=True)
    assert '<td class="short">machine-1-6</td>' in text
    assert f"<td>{'long ' * 9}</td>" in text and "<th>x</th>" in text
