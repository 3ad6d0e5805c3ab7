"""Numbers, shares, times and lists as a person reads them."""

import math
from collections.abc import Sequence

__all__ = ["NOTHING", "duration", "listed", "number", "percent"]

NOTHING = "–"
NAMES_SHOWN = 8
UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def number(value: float) -> str:
    """Three significant digits; a dash for what is not known."""
    return f"{value:,.3g}" if math.isfinite(value) else NOTHING


def percent(share: float) -> str:
    """A share in percent; a dash for what is not known.

    Example:
        >>> percent(0.0001), percent(0.25), percent(0.0)
        ('<0.1%', '25.0%', '0%')
    """
    if not math.isfinite(share):
        return NOTHING
    if share == 0:
        return "0%"
    return "<0.1%" if share < 0.001 else f"{share:.1%}"


def duration(seconds: float) -> str:
    """Seconds in the unit that suits them.

    Example:
        >>> duration(90), duration(172_800), duration(0.02)
        ('1.5 min', '2 d', '0.02 s')
    """
    for unit, length in UNITS:
        if seconds >= length:
            return f"{seconds / length:,.3g} {unit}"
    return f"{seconds:.3g} s"


def listed(names: Sequence[str]) -> str:
    """The first of many names, and how many more there are."""
    more = len(names) - NAMES_SHOWN
    tail = f" and {more:,} more" if more > 0 else ""
    return ", ".join(names[:NAMES_SHOWN]) + tail
