"""Names in messages: the first few of them."""

from collections.abc import Sequence

__all__ = ["first_names"]

_NUM_SHOWN = 8


def first_names(names: Sequence[str]) -> str:
    """The first names, and how many more there are.

    Example:
        >>> first_names("abcdefghij")
        'a, b, c, d, e, f, g, h and 2 more'
    """
    shown = ", ".join(names[:_NUM_SHOWN])
    more = len(names) - _NUM_SHOWN
    return shown + (f" and {more} more" if more > 0 else "")
