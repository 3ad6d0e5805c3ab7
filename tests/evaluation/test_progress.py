import pytest
from rich.console import Console

from evaluation.progress import tracked


@pytest.mark.parametrize("is_terminal", [True, False])
def test_items_come_whatever_the_text(is_terminal, monkeypatch, capsys):
    """Catches a name taken for markup, and bars in a log."""
    monkeypatch.setattr(Console, "is_terminal", is_terminal)
    assert list(tracked(iter("abc"), "scoring [/x]", 3)) == list("abc")
    assert ("scoring [/x]" in capsys.readouterr().err) == is_terminal
