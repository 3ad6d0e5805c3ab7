"""The frame of an HTML page without network: style, tables, figures."""

import html
import textwrap
from collections.abc import Iterable, Sequence

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from evaluation.page import colours

__all__ = [
    "LABEL_COLOUR",
    "VALUE_COLOUR",
    "bullets",
    "contents",
    "document",
    "figure",
    "heading",
    "paragraph",
    "plot_text",
    "table",
]

# The same on every page.
VALUE_COLOUR = colours.VALUE
LABEL_COLOUR = colours.LABEL
# Longer tables scroll within a box of their own.
MOST_ROWS_WHOLE = 40
# Among sentences, texts no longer than this stay on one line.
MOST_LETTERS_WHOLE = 24

STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto;
       max-width: 75rem; padding: 0 1rem; color: #222; background: #fff;
       overflow-wrap: anywhere; }
.wide { overflow: auto; }
.long { max-height: 36rem; }
table { border-collapse: separate; border-spacing: 0;
        font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .7rem; border-bottom: 1px solid #ddd;
         text-align: right; vertical-align: top;
         overflow-wrap: break-word; }
th { position: sticky; top: 0; background: #f4f4f4; vertical-align: bottom; }
td { white-space: nowrap; }
th:first-child, td:first-child { text-align: left; white-space: normal;
                                 min-width: 9rem; max-width: min(22rem, 60vw); }
.words th, .words td { text-align: left; min-width: 6rem;
                       max-width: min(34rem, 70vw); white-space: normal; }
.words th, .words .short { min-width: 0; }
.words .short { white-space: nowrap; }
nav { margin: 1.5rem 0; }
h1, h2, h3 { line-height: 1.25; }
h2, h3 { margin-top: 2.5rem; }
@media print {
  .wide { overflow: visible; max-height: none; }
  td { white-space: normal; }
  th { position: static; }
  h2, h3 { break-after: avoid; }
  tr, .js-plotly-plot { break-inside: avoid; }
  .modebar { display: none; }
}
"""
LINKS = f"a {{ color: {colours.LINK}; }}"


def document(title: str, parts: Iterable[str]) -> str:
    """Makes a page that holds its style and plotly's script.

    Args:
        title: of the page, plain text.
        parts: HTML made by the functions of this module.
    """
    return "\n".join(
        [
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width">',
            f"<title>{html.escape(title)}</title><style>{STYLE}{LINKS}</style>",
            f"<script>{get_plotlyjs()}</script></head><body>",
            f"<h1>{html.escape(title)}</h1>",
            *parts,
            "</body></html>\n",
        ]
    )


def heading(text: str, name: str = "", level: int = 2) -> str:
    """A heading of plain text.

    Args:
        text: what it says.
        name: for `contents` to point to, unique on the page; "" = none.
        level: 2 for a chapter, 3 below it.
    """
    anchor = f' id="{html.escape(name)}"' if name else ""
    return f"<h{level}{anchor}>{html.escape(text)}</h{level}>"


def contents(entries: Iterable[tuple[str, str]]) -> str:
    """Links within the page.

    Args:
        entries: text and name of each heading.
    """
    links = (
        f'<a href="#{html.escape(name)}">{html.escape(text)}</a>'
        for text, name in entries
    )
    return f"<nav>{' · '.join(links)}</nav>"


def paragraph(text: str) -> str:
    """A paragraph of plain text."""
    return f"<p>{html.escape(text)}</p>"


def bullets(texts: Iterable[str]) -> str:
    """A list of plain texts."""
    items = (f"<li>{html.escape(text)}</li>" for text in texts)
    return "\n".join(["<ul>", *items, "</ul>"])


def table(
    header: Sequence[str],
    rows: Iterable[Sequence[str]],
    has_words: bool = False,
) -> str:
    """A table of plain texts; a long one scrolls within its box.

    Args:
        header: names of the columns; empty = no header.
        rows: cells, row by row.
        has_words: cells are sentences, set to the left, and not numbers.
    """
    kind = ' class="words"' if has_words else ""
    rows = list(rows)
    size = "wide long" if len(rows) > MOST_ROWS_WHOLE else "wide"
    lines = [f'<div class="{size}" tabindex="0"><table{kind}>']
    head = [("th", header)] if header else []
    for tag, cells in [*head, *(("td", row) for row in rows)]:
        inner = (_cell(tag, cell, has_words) for cell in cells)
        lines.append(f"<tr>{''.join(inner)}</tr>")
    return "\n".join([*lines, "</table></div>"])


def plot_text(text: str, line_length: int = 34) -> str:
    """Plain text as plotly shows it, which reads markup and breaks no line.

    Args:
        text: of a title, a name in a legend, an axis.
        line_length: letters a line; a longer word is broken too.

    Example:
        >>> plot_text("a<b c", line_length=4)
        'a&lt;b<br>c'
    """
    lines = textwrap.wrap(text, line_length)
    # Plotly knows no entity for quotes, and needs none.
    return "<br>".join(html.escape(line, quote=False) for line in lines)


def figure(drawn: go.Figure) -> str:
    """A plot; its names are escaped already, as by `plot_text`."""
    return drawn.to_html(
        full_html=False,
        include_plotlyjs=False,
        config={
            "displaylogo": False,
            "responsive": True,
            "modeBarButtonsToRemove": ["select2d", "lasso2d"],
            # What is drawn must not leave the reader's machine by a click.
            "showSendToCloud": False,
        },
    )


def _cell(tag: str, text: str, is_words: bool) -> str:
    is_short = is_words and tag == "td" and len(text) <= MOST_LETTERS_WHOLE
    kind = ' class="short"' if is_short else ""
    return f"<{tag}{kind}>{html.escape(text)}</{tag}>"
