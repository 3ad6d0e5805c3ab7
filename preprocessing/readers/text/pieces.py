"""Text files in large pieces cut at line ends."""

import itertools
import os
from collections.abc import Iterator

from preprocessing.readers.text.compression import (
    unpacked_pieces,
    without_suffix,
)
from preprocessing.readers.text.encoding import check_text, transcoded
from preprocessing.readers.text.line_ends import (
    count_ends_if_plain,
    count_newlines,
)

__all__ = [
    "blanks",
    "count_lines",
    "count_rows",
    "empty_file",
    "first_lines",
    "line_chunks",
    "lines_of",
    "pieces_of",
    "series_name",
    "split_paths",
    "text_pieces",
]

# The first chunk is short because a look at the data reads only that one;
# 4 MB parse as fast as 16 MB and stay in the processor's cache.
_FIRST_CHUNK_BYTES = 1 << 20
_CHUNK_BYTES = 1 << 21
_PIECE_BYTES = 1 << 18
_LOOK_BYTES = 1 << 16
# A longer line is no row of a table, and would fill the memory.
_LONGEST_LINE_BYTES = 1 << 25
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_BLANK = " \t"


def series_name(path: str) -> str:
    """Name of the series in a file that does not say: its stem."""
    return os.path.splitext(os.path.basename(without_suffix(path)))[0]


def empty_file(path: str) -> ValueError:
    """The error to raise for a file that holds nothing."""
    return ValueError(f"`{path}` is empty: remove it or name other files.")


def split_paths(pattern: str) -> list[str]:
    """The parts of a comma-separated list of files, folders and globs."""
    return [part for part in pattern.split(",") if part]


def text_pieces(
    path: str, encoding: str = "utf-8", first_bytes: int = 0
) -> Iterator[bytes]:
    r"""Yields a text file as UTF-8: unpacked, no mark, lines that end in \n.

    Args:
        path: the file; packed where its suffix says so.
        encoding: how it is written.
        first_bytes: of the first piece, at most; 0 = like the others.

    Raises:
        ValueError: it is no text, or cannot be unpacked.
    """
    sizes = itertools.chain(
        [first_bytes or _CHUNK_BYTES], itertools.repeat(_CHUNK_BYTES)
    )
    pieces = unpacked_pieces(path, sizes)
    head = next(pieces, b"")
    check_text(path, head, encoding == "utf-8")
    pieces = transcoded(path, itertools.chain([head], pieces), encoding)
    held = b""
    for number, data in enumerate(pieces):
        if number == 0:
            data = data.removeprefix(_BYTE_ORDER_MARK)
        data = held + data if held else data
        held = b""
        if b"\r" in data:
            if data.endswith(b"\r"):
                data, held = data[:-1], b"\r"
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        yield data
    if held:
        yield b"\n"


def first_lines(
    path: str, limit: int = 100, encoding: str = "utf-8"
) -> list[str]:
    """The first lines that are not blank, without line ends.

    Bytes that cannot be decoded become surrogate escapes.

    Args:
        path: the file.
        limit: how many.
        encoding: how it is written.

    Raises:
        ValueError: the file holds none.
    """
    found: list[str] = []
    chunks = _whole_lines(path, encoding, _LOOK_BYTES)
    for data in chunks:
        found += [text for _, text in lines_of(0, data)]
        if len(found) >= limit:
            break
    if not found:
        raise empty_file(path)
    return found[:limit]


def line_chunks(
    path: str, has_header: bool, encoding: str = "utf-8"
) -> Iterator[tuple[int, bytes]]:
    """Yields a file in chunks that end at line ends.

    Args:
        path: the file.
        has_header: leaves out the first line that is not blank.
        encoding: how it is written.

    Yields:
        The number of the first line (from 1) and the lines.

    Raises:
        ValueError: a line is too long for a row.
    """
    line = 1
    for data in _whole_lines(path, encoding, _FIRST_CHUNK_BYTES):
        begin = 0
        while has_header and begin < len(data):
            end = data.find(b"\n", begin) + 1 or len(data)
            has_header = not data[begin:end].strip()
            begin, line = end, line + 1
        if begin < len(data):
            yield line, data[begin:]
            line += count_newlines(data[begin:])


def _whole_lines(path: str, encoding: str, first_bytes: int) -> Iterator[bytes]:
    rest = b""
    pieces = text_pieces(path, encoding, first_bytes)
    for data in pieces:
        # After a short piece comes the end: no chunk for half a line.
        following: bytes | None = b""
        if len(data) < first_bytes:
            following = next(pieces, None)
            data += following or b""
        end = len(data) if following is None else data.rfind(b"\n") + 1
        if end:
            # One copy of the chunk, not two.
            yield b"".join((rest, memoryview(data)[:end]))
            rest = b""
        rest += data[end:]
        if len(rest) > _LONGEST_LINE_BYTES:
            raise ValueError(
                f"A line must be shorter than {_LONGEST_LINE_BYTES >> 20} MB. "
                f"Received: a longer one in `{path}`. Check that it is a text "
                "file with one row a line."
            )
    if rest:
        yield rest


def pieces_of(line: int, data: bytes) -> Iterator[tuple[int, bytes]]:
    """Cuts a chunk into small pieces, so that little is read slowly."""
    begin = 0
    while begin < len(data):
        end = data.find(b"\n", begin + _PIECE_BYTES) + 1 or len(data)
        piece = data[begin:end]
        yield line, piece
        line += count_newlines(piece)
        begin = end


def blanks(delimiter: str) -> bytes:
    """What a blank line is made of: a line of delimiters is a row."""
    return _BLANK.replace(delimiter, "").encode()


def lines_of(
    line: int, data: bytes, delimiter: str = ","
) -> Iterator[tuple[int, str]]:
    """Yields the lines that are not blank, with their numbers.

    Bytes that cannot be decoded become surrogate escapes.

    Args:
        line: number of the first line.
        data: whole lines.
        delimiter: a line of nothing but these is a row of empty cells.
    """
    blank = blanks(delimiter)
    for number, raw in enumerate(data.split(b"\n"), line):
        if raw.strip(blank):
            yield number, raw.decode("utf-8", "surrogateescape")


def count_rows(data: bytes, delimiter: str = ",") -> int:
    """Counts the lines that are not blank.

    Args:
        data: whole lines.
        delimiter: a line of nothing but these is a row of empty cells.
    """
    blank = blanks(delimiter)
    return sum(1 for line in data.split(b"\n") if line.strip(blank))


def count_lines(
    path: str,
    has_header: bool = False,
    encoding: str = "utf-8",
    delimiter: str = ",",
) -> int:
    """Counts the lines that are not blank; a last one needs no line end.

    Args:
        path: the file.
        has_header: leaves out the first of them.
        encoding: how it is written.
        delimiter: a line of nothing but these is a row of empty cells.
    """
    total, last = 0, b"\n"
    for data in text_pieces(path, encoding):
        num_ends = count_ends_if_plain(last, data)
        if num_ends is None:
            break
        total += num_ends
        last = data[-1:] or last
    else:
        if last not in b" \t":
            return max(0, total + (last != b"\n") - has_header)
    # Some line may be blank: look at each.
    chunks = line_chunks(path, has_header, encoding)
    return sum(count_rows(data, delimiter) for _, data in chunks)
