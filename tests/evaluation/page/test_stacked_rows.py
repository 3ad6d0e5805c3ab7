import pytest

from evaluation.page.stacked_rows import (
    axis_key,
    axis_name,
    line_at_one,
    name_once,
    stacked_rows,
)


def pixels(figure):
    """Pixels from the top of the plots: title's, row's top and bottom."""
    layout = figure.layout
    inner = layout.height - layout.margin.t - layout.margin.b
    rows = []
    for row, title in enumerate(layout.annotations):
        bottom, top = layout[axis_key("y", row)].domain
        rows.append([(1 - each) * inner for each in (title.y, top, bottom)])
    return inner, rows


@pytest.mark.parametrize("is_x_shared", [True, False])
def test_rows_have_their_height_and_do_not_overlap(is_x_shared):
    """Catches heights in shares, by which long titles cover plots."""
    titles = ["a", "long " * 40, "b"]
    inner, rows = pixels(stacked_rows(titles, "x", 100, is_x_shared))
    above = 0
    for title, (title_pixels, top, bottom) in zip(titles, rows, strict=True):
        num_lines = 1 + len(title) // 35
        assert title_pixels == pytest.approx(top)
        assert bottom - top == pytest.approx(100)
        assert top - above >= 16 * num_lines
        above = bottom
    assert rows[-1][2] == pytest.approx(inner)


def test_a_legend_gets_a_line_for_each_name():
    """Catches a legend that covers the axis."""
    without = stacked_rows(["a"], "x", 100)
    named = stacked_rows(["a"], "x", 100, legend_names=["b", "c " * 30])
    assert named.layout.height - without.layout.height == 3 * 20
    assert named.layout.margin.b - without.layout.margin.b == 3 * 20


def test_x_axes_are_shared_or_not():
    """Catches rows that are anchored to the axis of another."""
    shared = stacked_rows(["a", "b"], "x", 100).layout
    assert shared.yaxis.anchor == shared.yaxis2.anchor == "x"
    own = stacked_rows(["a", "b"], "x", 100, is_x_shared=False).layout
    assert (own.yaxis2.anchor, own.xaxis2.anchor) == ("x2", "y2")
    assert own.xaxis2.title.text == "x"


def test_axes_are_named_as_plotly_does():
    """Catches an axis x1, which plotly does not know."""
    assert [axis_name("x", row) for row in (0, 1)] == ["x", "x2"]
    assert [axis_key("y", row) for row in (0, 1)] == ["yaxis", "yaxis2"]


def test_the_line_at_one_is_that_of_its_row():
    """Catches a threshold drawn in another row."""
    assert (line_at_one(2)["xref"], line_at_one(2)["yref"]) == (
        "x3",
        "y3 domain",
    )
    assert line_at_one()["yref"] == "paper"


def test_each_group_is_named_once():
    """Catches a legend entry for each row."""
    figure = stacked_rows(["a"], "x", 100)
    for group in ("one", "one", "two"):
        figure.add_scatter(y=[1], legendgroup=group)
    figure.add_scatter(y=[1], showlegend=False)
    name_once(figure)
    shown = [trace.showlegend for trace in figure.data]
    assert shown == [True, False, True, False]


def test_titles_are_plain_text():
    """Catches markup in a name."""
    [title] = stacked_rows(["<b>x"], "<i>", 100).layout.annotations
    assert title.text == "&lt;b&gt;x"
