"""Cells of a text: numbers, and the ways to say that there is none."""

import math
import re

__all__ = ["NOT_MEASURED", "is_number", "parse_number"]

# Spellings of "not measured", in lower case.
NOT_MEASURED = ("", "nan", "na", "n/a", "null", "none", "-nan", "#n/a", "<na>")
# C libraries write the payload of a NaN behind it.
_NAN = re.compile(r"[+-]?nan(\(\w*\))?", re.ASCII | re.IGNORECASE)


def parse_number(text: str) -> float:
    """Reads a cell; NaN where it says that nothing was measured.

    Raises:
        ValueError: neither a finite number nor a missing value.
    """
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    # Python reads 1_000 as a number, no other program does.
    if math.isfinite(number) and "_" not in text:
        return number
    word = text.strip()
    if word.lower() in NOT_MEASURED or _NAN.fullmatch(word):
        return math.nan
    kind = "finite number" if math.isinf(number) else "number"
    raise ValueError(f"not a {kind}: {text[:80]!r}")


def is_number(text: str) -> bool:
    """True for what is read as a finite number."""
    try:
        return math.isfinite(parse_number(text))
    except ValueError:
        return False
