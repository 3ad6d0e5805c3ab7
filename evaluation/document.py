"""The frame of an HTML page without network: style, tables, figures."""

import html
from collections.abc import Iterable, Sequence

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

__all__ = [
    "LABEL_COLOUR",
    "VALUE_COLOUR",
    "bullets",
    "contents",
    "document",
    "figure",
    "heading",
    "paragraph",
    "table",
]

# Distinct for colour-blind readers too; the same on every page.
VALUE_COLOUR = "#0072B2"
LABEL_COLOUR = "rgba(230, 159, 0, 0.3)"

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto;
       max-width: 75rem; padding: 0 1rem; color: #222; background: #fff; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; }
th, td { padding: .3rem .8rem; border-bottom: 1px solid #ddd;
         text-align: right; }
th:first-child, td:first-child { text-align: left; }
.words th, .words td { text-align: left; vertical-align: top;
                       overflow-wrap: anywhere; }
.words th:first-child, .words td:first-child { white-space: nowrap; }
nav { margin: 1.5rem 0; }
a { color: #0072B2; }
h2, h3 { margin-top: 2.5rem; overflow-wrap: anywhere; }
"""


def document(title: str, parts: Iterable[str]) -> str:
    """Makes a page that holds its style and plotly's script.

    Args:
        title: of the page, plain text.
        parts: HTML made by the functions of this module.
    """
    return "\n".join(
        [
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            f"<title>{html.escape(title)}</title><style>{STYLE}</style>",
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
    """A table of plain texts.

    Args:
        header: names of the columns; empty = no header.
        rows: cells, row by row.
        has_words: cells are sentences, set to the left, and not numbers.
    """
    kind = ' class="words"' if has_words else ""
    lines = [f'<div class="wide"><table{kind}>']
    head = [("th", header)] if header else []
    for tag, cells in [*head, *(("td", row) for row in rows)]:
        inner = "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in cells)
        lines.append(f"<tr>{inner}</tr>")
    return "\n".join([*lines, "</table></div>"])


def figure(drawn: go.Figure) -> str:
    """A plot; its names must be escaped already, plotly reads markup."""
    return drawn.to_html(
        full_html=False,
        include_plotlyjs=False,
        config={
            "displaylogo": False,
            "responsive": True,
            "modeBarButtonsToRemove": ["select2d", "lasso2d"],
        },
    )
