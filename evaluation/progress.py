"""A bar for what takes a while, where somebody looks on."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

import rich.markup
from rich.console import Console
from rich.progress import track

__all__ = ["tracked"]

Item = TypeVar("Item")


def tracked(
    items: Iterable[Item], text: str, total: int | None = None
) -> Iterator[Item]:
    """Yields the items; on a terminal a bar tells how many are done.

    Args:
        items: what to work on.
        text: beside the bar; it may hold what looks like markup.
        total: number of items, where they cannot be counted.
    """
    console = Console(stderr=True)
    yield from track(
        items,
        rich.markup.escape(text),
        total,
        console=console,
        disable=not console.is_terminal,
    )
