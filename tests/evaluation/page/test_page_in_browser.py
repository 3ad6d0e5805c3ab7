"""Looks at the page with the eyes of a browser, at two widths."""

import dataclasses
import html
import itertools
import json
import re
import shutil
import subprocess

import pytest
from report_pages import labelled_runs, page_content, random_run, reported

from evaluation.page.page import make_page
from evaluation.tables import Table

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
WIDTHS = (1200, 400)
# One made by hand, and one that a report wrote.
HOSTILE, REPORT = "hostile.html", "report.html"
ALERT = "<script>window.hacked = 1; alert(1)</script>"
IMAGE = '<img src=x onerror="window.hacked = 2">'
MARKUP = "<b>bold</b> &amp; <br> %{x}"
LONG = "temperature_of_the_upper_bearing_" * 5

BEFORE = """<script>
window.problems = [];
window.onerror = message => { problems.push(String(message)); };
window.onunhandledrejection = event => { problems.push(String(event.reason)); };
console.error = (...parts) => { problems.push(parts.join(" ")); };
window.alert = () => { window.hacked = 3; };
</script>"""

AFTER = """<script>
const box = element => element.getBoundingClientRect();
const shown = element => box(element).width && element.textContent.trim();
const is_in = (inner, outer) =>
  inner.left >= outer.left - 1 && inner.right <= outer.right + 1 &&
  inner.top >= outer.top - 1 && inner.bottom <= outer.bottom + 1;
const touch = (one, two) =>
  one.left < two.right - 1 && two.left < one.right - 1 &&
  one.top < two.bottom - 1 && two.top < one.bottom - 1;
const all = (selector, inside = document) =>
  [...inside.querySelectorAll(selector)];

function look_at_plot(plot) {
  const texts = all(".main-svg text", plot).filter(shown);
  const left = box(plot).left, top = box(plot).top;
  const layout = plot._fullLayout;
  const rows = Object.keys(layout).filter(key => /^yaxis/.test(key))
    .map(key => layout[key]).map(axis => ({
      left: left + layout._size.l, right: left + layout.width - layout._size.r,
      top: top + axis._offset, bottom: top + axis._offset + axis._length}));
  const outside = all(".annotation-text, .legend, .xtitle", plot);
  return {
    drawings: all(".main-svg", plot).length,
    traces: plot.calcdata.filter(points => points.length > 1).length,
    drawn: all(".scatterlayer .trace", plot).filter(
      trace => all("path", trace).some(path => path.getAttribute("d"))).length,
    cut_off: texts.filter(text => !is_in(box(text), box(plot)))
      .map(text => text.textContent),
    covered: outside.filter(each => rows.some(row => touch(box(each), row)))
      .map(each => each.textContent),
    scrolled_legends: all(".legend .scrollbar", plot)
      .filter(bar => box(bar).height > 0).length,
    names: texts.map(text => text.textContent).join("\\n"),
  };
}

function look() {
  return {
    page: location.pathname.split("/").pop(),
    width: innerWidth,
    page_width: document.documentElement.scrollWidth,
    hacked: window.hacked || 0,
    problems: problems,
    text: document.body.innerText,
    requests: performance.getEntriesByType("resource").map(each => each.name),
    links: all("[src], [href]")
      .map(each => each.getAttribute("src") || each.getAttribute("href"))
      .filter(link => !link.startsWith("#")),
    buttons: all(".modebar-btn")
      .map(button => button.getAttribute("aria-label") ||
                     button.getAttribute("data-title")),
    overflowing_tables: all("table").filter(table =>
      box(table.parentNode).right > innerWidth + 1 ||
      (box(table).width > box(table.parentNode).width + 1 &&
       getComputedStyle(table.parentNode).overflowX != "auto")).length,
    plots: all(".plotly-graph-div").map(look_at_plot),
  };
}
window.addEventListener("load", () => setTimeout(() =>
  parent.postMessage(look(), "*"), 1000));
</script>"""

# A frame can be narrower than the narrowest window.
FRAMES = """<!doctype html><body><pre id="result"></pre><script>
const results = [];
window.addEventListener("message", event => {{
  results.push(event.data);
  document.getElementById("result").textContent = JSON.stringify(results);
}});
for (const [page, width] of {shown}) {{
  const frame = document.createElement("iframe");
  frame.style = `width: ${{width}}px; height: 900px; border: 0`;
  frame.src = page;
  document.body.append(frame);
}}
</script></body>"""


def seen_in_browser(folder, pages):
    """What each page's script measures, for each page and width."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        pytest.skip(f"no browser: install one of {', '.join(BROWSERS)}")
    for name, text in pages.items():
        text = text.replace("<head>", "<head>" + BEFORE, 1)
        text = text.replace("</body>", AFTER + "</body>")
        (folder / name).write_text(text)
    shown = [[name, width] for name in pages for width in WIDTHS]
    frames = folder / "frames.html"
    frames.write_text(FRAMES.format(shown=json.dumps(shown)))
    finished = subprocess.run(
        [
            browser,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--window-size=1300,2000",
            "--virtual-time-budget=20000",
            "--host-resolver-rules=MAP * ~NOTFOUND",
            f"--user-data-dir={folder / 'profile'}",
            "--dump-dom",
            frames.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=240,
    )
    found = re.search(r'<pre id="result">(.+?)</pre>', finished.stdout, re.S)
    assert found, finished.stdout[-2_000:] + finished.stderr[-2_000:]
    results = json.loads(html.unescape(found[1]))
    return {(result["page"], result["width"]): result for result in results}


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """Both pages, in both widths."""
    folder = tmp_path_factory.mktemp("pages")
    _, text = reported(folder, labelled_runs([ALERT, "plain"]))
    return seen_in_browser(folder, {HOSTILE: hostile_page(), REPORT: text})


def hostile_page():
    """A page with hostile, long and plain names."""
    views = [ALERT, IMAGE, f"model {LONG}: time", MARKUP, *"abcd"]
    runs = [
        random_run(2_000, ALERT, views),
        random_run(500, f"series {LONG}", views, has_times=True),
    ]
    names = ["not scored", ALERT, IMAGE, LONG, "plain feature"]
    content = page_content(runs, f"{IMAGE} {LONG}", names, ALERT + "baseline")
    wide = Table("Wide", "", ["figure"] * 20, [(LONG, *["0.123"] * 19)] * 60)
    content = dataclasses.replace(content, tables=[wide])
    return make_page(content)


@pytest.fixture(params=itertools.product((HOSTILE, REPORT), WIDTHS), ids=str)
def view(request, seen):
    """What is seen of one page at one width."""
    return seen[request.param]


def test_all_plots_are_drawn(view):
    """Catches a plot without a line, and a page without plots."""
    assert view["problems"] == []
    # Curves, sensitivity, histogram, two series, drift; and in the made-up
    # page thresholds by labels and components.
    assert len(view["plots"]) in (6, 8)
    for plot in view["plots"]:
        assert plot["drawings"] > 0
        assert plot["drawn"] >= plot["traces"] > 0


def test_nothing_is_cut_off(view):
    """Catches a page, table, title or legend wider than its place."""
    assert view["page_width"] <= view["width"]
    assert view["overflowing_tables"] == 0
    for plot in view["plots"]:
        assert plot["cut_off"] == []
        assert plot["scrolled_legends"] == 0


def test_titles_and_legends_cover_no_curve(view):
    """Catches text that lies on the data or on other rows."""
    assert [plot["covered"] for plot in view["plots"]] == [[]] * len(
        view["plots"]
    )


def test_nothing_is_run(view):
    """Catches markup in the name of a series that the browser runs."""
    assert view["hacked"] == 0
    assert ALERT in view["text"]


@pytest.mark.parametrize("width", WIDTHS)
def test_hostile_names_are_text(seen, width):
    """Catches names that plotly reads as markup."""
    view = seen[HOSTILE, width]
    assert IMAGE in view["text"]
    names = re.sub(r"\s", "", "".join(plot["names"] for plot in view["plots"]))
    for name in (ALERT, IMAGE, LONG, MARKUP):
        assert re.sub(r"\s", "", name) in names


def test_nothing_leaves_the_page(view):
    """Catches a request to a network, and plotly's button that uploads."""
    assert view["requests"] == [] and view["links"] == []
    assert view["buttons"]
    assert not [name for name in view["buttons"] if "hare" in (name or "")]
