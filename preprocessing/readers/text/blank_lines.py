"""Blank lines that are rows: a table of one column has missing cells so."""

from collections.abc import Iterator

from preprocessing.readers.text.line_ends import count_ends_if_plain

__all__ = ["with_blank_rows"]

_CELL = b'""\n'


def with_blank_rows(
    chunks: Iterator[tuple[int, bytes]], blank: bytes
) -> Iterator[tuple[int, bytes]]:
    """Writes an empty cell into each blank line; drops those at the end.

    Args:
        chunks: number of the first line, and lines that are whole.
        blank: characters of which a blank line may consist.

    Yields:
        The same, no line of which is blank.
    """
    num_held = 0
    for line, data in chunks:
        if not num_held and _has_no_blank(data):
            yield line, data
            continue
        texts = data.removesuffix(b"\n").split(b"\n")
        is_row = [bool(text.strip(blank)) for text in texts]
        if not any(is_row):
            num_held += len(texts)
            continue
        num_last = is_row[::-1].index(True)
        kept = [
            text + b"\n" if has_cell else _CELL
            for text, has_cell in zip(texts, is_row, strict=True)
        ][: len(texts) - num_last]
        yield line - num_held, _CELL * num_held + b"".join(kept)
        num_held = num_last


def _has_no_blank(data: bytes) -> bool:
    last = data[-1:]
    return last == b"\n" and count_ends_if_plain(last, data) is not None
