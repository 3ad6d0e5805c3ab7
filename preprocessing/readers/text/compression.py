"""Files that are packed: their suffixes, and reading what is in them."""

import bz2
import gzip
import lzma
import zlib
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

from trainer import storage

__all__ = [
    "SUFFIXES",
    "refuse_packed_copies",
    "unpacked_pieces",
    "without_suffix",
]

SUFFIXES = (".gz", ".bz2", ".xz", ".zst")

# What the unpackers raise; a network's errors have a number, theirs have not.
_DAMAGE = (EOFError, OSError, zlib.error, lzma.LZMAError)


def without_suffix(path: str) -> str:
    """The path without the suffix that says how it is packed.

    Example:
        >>> without_suffix("pump.csv.gz")
        'pump.csv'
    """
    for suffix in SUFFIXES:
        if path.lower().endswith(suffix):
            return path[: -len(suffix)]
    return path


def refuse_packed_copies(paths: Sequence[str]) -> None:
    """Refuses a file beside its packed copy: it would be read twice.

    Raises:
        ValueError: there is one.
    """
    seen: dict[str, str] = {}
    for path in paths:
        other = seen.setdefault(without_suffix(path), path)
        if other != path:
            raise ValueError(
                "A file must not be read beside its packed copy. Received: "
                f"`{other}` and `{path}`. Name one of them in --input, for "
                "example by its suffix, or move one away."
            )


def unpacked_pieces(path: str, sizes: Iterator[int]) -> Iterator[bytes]:
    """Yields the bytes of a file, unpacked where its suffix says so.

    Args:
        path: the file.
        sizes: bytes of each piece, at most.

    Raises:
        ValueError: what is packed ends early or is damaged.
    """
    with storage.open_binary(path) as packed:
        try:
            file = _unpacker(path, packed)
            while data := file.read(next(sizes)):
                yield data
        except _DAMAGE as error:
            if getattr(error, "errno", None) is not None:
                raise
            raise ValueError(
                "A packed file must be whole and be what its suffix says. "
                f"Received: `{path}` ({error}). Copy or pack it again, or "
                "rename it if it is not packed."
            ) from error


def _unpacker(path: str, packed: BinaryIO) -> Any:
    suffix = path.lower().rpartition(".")[2]
    if suffix == "gz":
        return gzip.GzipFile(fileobj=packed)
    if suffix == "bz2":
        return bz2.BZ2File(packed)
    if suffix == "xz":
        return lzma.LZMAFile(packed)
    if suffix == "zst":
        import pyarrow as pa

        stream = pa.PythonFile(packed, mode="r")
        return pa.CompressedInputStream(stream, "zstd")
    return packed
