"""Cells of a text: numbers, and the ways to say that there is none."""

import math
import re

__all__ = ["NOT_MEASURED", "is_number", "parse_label", "parse_number"]

# Spellings of "not measured", in lower case.
NOT_MEASURED = ("", "nan", "na", "n/a", "null", "none", "-nan", "#n/a", "<na>")
# C libraries write the payload of a NaN behind it.
_NAN = re.compile(r"[+-]?nan(\(\w*\))?", re.ASCII | re.IGNORECASE)
_POINT_AND_COMMA = str.maketrans(",.", ".,")
_TRUTH = {"true": 1, "false": 0}


def parse_number(text: str, decimal: str = ".") -> float:
    """Reads a cell; NaN where it says that nothing was measured.

    Args:
        text: the cell.
        decimal: character before the fraction, a point or a comma.

    Raises:
        ValueError: neither a finite number nor a missing value.
    """
    plain = text if decimal == "." else text.translate(_POINT_AND_COMMA)
    try:
        number = float(plain)
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


def parse_label(text: str, decimal: str = ".") -> int:
    """Reads a label: 0, 1, or -1 where it says that none is known.

    Args:
        text: the cell; true and false are 1 and 0.
        decimal: character before the fraction of a number.

    Raises:
        ValueError: it is none of them.
    """
    truth = _TRUTH.get(text.strip().lower())
    if truth is not None:
        return truth
    number = parse_number(text, decimal)
    if math.isnan(number):
        return -1
    if number not in (0.0, 1.0):
        raise ValueError(f"a label is 0, 1 or empty: {text[:80]!r}")
    return int(number)


def is_number(text: str, decimal: str = ".") -> bool:
    """True for what is read as a finite number."""
    try:
        return math.isfinite(parse_number(text, decimal))
    except ValueError:
        return False
