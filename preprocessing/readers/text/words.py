"""Numbers parted by white space, whatever the lines."""

from collections.abc import Iterator

import numpy as np

from preprocessing.readers.base import BadRow
from preprocessing.readers.text.cells import parse_number
from preprocessing.readers.text.pieces import text_pieces

__all__ = ["count_words", "parse_words", "word_pieces"]

# A look at the data reads only the first piece.
_FIRST_BYTES = 1 << 20
# A longer one is no number, and would have to be held in memory.
_LONGEST_WORD = 1 << 16
_WHITE_SPACE = b" \t\n\r\v\f"


def word_pieces(path: str) -> Iterator[tuple[int, bytes]]:
    """Yields a file in pieces cut at white space.

    Args:
        path: the file.

    Yields:
        The number of the line at which the piece begins (from 1), and bytes.

    Raises:
        ValueError: no text, or no white space in it for long.
    """
    line, rest = 1, b""
    for data in text_pieces(path, first_bytes=_FIRST_BYTES):
        data = rest + data
        cut = 1 + max(data.rfind(byte) for byte in _WHITE_SPACE)
        piece, rest = data[:cut], data[cut:]
        if len(rest) > _LONGEST_WORD:
            raise ValueError(
                "Values must have white space between them. Received: none "
                f"in {len(rest)} bytes after line {line} of `{path}`. Is it "
                "another kind of file?"
            )
        if piece:
            yield line, piece
        line += piece.count(b"\n")
    if rest:
        yield line, rest


def count_words(path: str) -> int:
    """Counts what white space parts.

    Args:
        path: the file.

    Raises:
        ValueError: no text, or no white space in it for long.
    """
    return sum(len(piece.split()) for _, piece in word_pieces(path))


def parse_words(
    path: str, first_line: int, data: bytes
) -> tuple[np.ndarray, list[BadRow]]:
    """Reads the numbers of a piece.

    Args:
        path: the file.
        first_line: number of the line at which the piece begins.
        data: the piece.

    Returns:
        `[time]` float64, NaN = not measured or refused, and what was refused.
    """
    words = data.split()
    try:
        values = np.array([float(word) for word in words])
        # Python reads 1_000 as a number, no other program does.
        if b"_" not in data and not np.isinf(values).any():
            return values, []
    except ValueError:
        pass
    found: list[float] = []
    bad_rows = []
    for line, text in enumerate(data.split(b"\n"), first_line):
        for word in text.split():
            cell = word.decode("utf-8", "backslashreplace")
            try:
                found.append(parse_number(cell))
            except ValueError as error:
                found.append(np.nan)
                bad_rows.append(BadRow(path, line, str(error), cell, True))
    return np.array(found), bad_rows
