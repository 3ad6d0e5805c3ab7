"""Bytes of a text file: how they are written, and whether they are text."""

import codecs
from collections.abc import Iterator

__all__ = [
    "check_encoding",
    "check_text",
    "has_undecodable",
    "shown",
    "transcoded",
]

_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# First bytes of what is no text: what it is, and the format that reads it.
_MAGIC = {
    b"PAR1": ("a parquet file", "parquet"),
    b"\x93NUMPY": ("a NumPy array", "npy"),
    b"PK\x03\x04": ("a zip file or a spreadsheet", ""),
    b"\x1f\x8b": ("packed by gzip: give it the suffix .gz", ""),
    b"BZh9": ("packed by bzip2: give it the suffix .bz2", ""),
    b"\xfd7zXZ": ("packed by xz: give it the suffix .xz", ""),
    b"\x28\xb5\x2f\xfd": ("packed by zstd: give it the suffix .zst", ""),
    b"\x89PNG": ("a picture", ""),
    b"\xff\xd8\xff": ("a picture", ""),
    b"GIF8": ("a picture", ""),
    b"%PDF": ("a PDF file", ""),
    b"\x89HDF": ("an HDF5 file", ""),
    b"ARROW1": ("an Arrow file", ""),
    b"\x7fELF": ("a program", ""),
    b"SQLite format": ("a database", ""),
    **{
        bytes([0x80, version]): ("a pickle, which is never loaded", "")
        for version in range(2, 6)
    },
}
_LOOK_BYTES = 4096
_OTHER = "A file of another kind needs its --format: see --help."


def check_encoding(name: str) -> None:
    """Refuses a name that is no encoding of text.

    Raises:
        ValueError: it is none.
    """
    try:
        "a".encode(name)
    except (LookupError, ValueError) as error:
        raise ValueError(
            "`encoding` must be one that Python knows. Received: "
            f"encoding={name!r}. Write for example utf-8, latin-1, cp1252 or "
            "utf-16."
        ) from error


def check_text(path: str, head: bytes, is_utf_8: bool) -> None:
    """Refuses a file that is no text, or text of another encoding.

    Args:
        path: the file.
        head: its first bytes.
        is_utf_8: no other encoding was named.

    Raises:
        ValueError: it is one of these.
    """
    for magic, (meaning, format_name) in _MAGIC.items():
        if head.startswith(magic):
            cure = f"Say --format={format_name}." if format_name else _OTHER
            raise ValueError(
                f"This format is text. Received: `{path}`, which is {meaning}. "
                f"{cure}"
            )
    if not is_utf_8:
        return
    line = head[:_LOOK_BYTES].partition(b"\n")[0]
    if head.startswith(_UTF_16) or b"\0" in line:
        raise ValueError(
            "A text file must be UTF-8 if no --encoding is named. Received: "
            f"`{path}`, which begins like UTF-16 or is no text. Say "
            f"--encoding=utf-16, or write it as UTF-8. {_OTHER}"
        )


def transcoded(
    path: str, pieces: Iterator[bytes], encoding: str
) -> Iterator[bytes]:
    """Yields text as UTF-8; what cannot be decoded stays no UTF-8.

    Args:
        path: of the file, for messages.
        pieces: its bytes in order.
        encoding: how it is written.

    Raises:
        ValueError: the decoder gives up.
    """
    if codecs.lookup(encoding).name in ("utf-8", "utf-8-sig", "utf_8_sig"):
        yield from pieces
        return
    decoder = codecs.getincrementaldecoder(encoding)("surrogateescape")
    try:
        for data in pieces:
            yield decoder.decode(data).encode("utf-8", "surrogateescape")
        yield decoder.decode(b"", final=True).encode("utf-8", "surrogateescape")
    except UnicodeError as error:
        raise ValueError(
            "A file must be written in the --encoding that is named. "
            f"Received: `{path}`, encoding={encoding} ({error}). Name its "
            "own encoding, or copy the file again."
        ) from error


def has_undecodable(text: str) -> bool:
    """True where decoding with surrogateescape met bytes that are no text."""
    if text.isascii():
        return False
    return any("\udc80" <= character <= "\udcff" for character in text)


def shown(text: str) -> str:
    r"""Text to print: bytes that were not decoded are written as \xff."""
    return text.encode("utf-8", "surrogateescape").decode(
        "utf-8", "backslashreplace"
    )
