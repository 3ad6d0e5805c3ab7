"""One .npy file: what its header says, and its rows block by block."""

import dataclasses
import math
import os
import warnings
from collections.abc import Iterator
from typing import NoReturn

import numpy as np

from trainer import storage

__all__ = ["REFUSED_SUFFIXES", "ArrayFile", "open_array", "refuse_file"]

# People keep arrays in these too; an archive holds several, for pickles see
# `refuse_file`.
REFUSED_SUFFIXES = (".pkl", ".pickle", ".npz")
_BLOCK_BYTES = 1 << 22
# Booleans, whole numbers and fractions, of any size and byte order.
_NUMBER_KINDS = "buif"


@dataclasses.dataclass(frozen=True)
class ArrayFile:
    """A file that holds one array of numbers.

    Attributes:
        path: where it lies.
        dtype: as stored, byte order included.
        shape: `[rows, columns]` or `[rows]`.
        is_fortran: columns are stored one after the other.
        offset: bytes before the first number.
    """

    path: str
    dtype: np.dtype
    shape: tuple[int, ...]
    is_fortran: bool
    offset: int

    @property
    def num_rows(self) -> int:
        """How many rows it has."""
        return self.shape[0]

    @property
    def num_columns(self) -> int:
        """How many columns it has."""
        return self.shape[1] if len(self.shape) > 1 else 1

    def blocks(self) -> Iterator[np.ndarray]:
        """Yields `[time, column]` float64, a few megabytes at a time.

        An array stored by columns is loaded whole.

        Raises:
            ValueError: the file became shorter since its header was read.
        """
        row_bytes = self.num_columns * np.dtype(np.float64).itemsize
        num_rows = max(_BLOCK_BYTES // row_bytes, 1)
        with storage.open_binary(self.path) as file:
            file.seek(self.offset)
            if self.is_fortran:
                num_rows = self.num_rows
            for first in range(0, self.num_rows, num_rows):
                num_read = min(num_rows, self.num_rows - first)
                yield self._rows(file, num_read)

    def _rows(self, file, num_rows: int) -> np.ndarray:
        num_cells = num_rows * self.num_columns
        num_bytes = num_cells * self.dtype.itemsize
        data = file.read(num_bytes)
        if len(data) != num_bytes:
            raise ValueError(
                "A file must not change while it is read. Received: "
                f"`{self.path}`, which became shorter. Run the command again "
                "once nothing writes to it."
            )
        cells = np.frombuffer(data, self.dtype)
        # A longer float than ours may overflow: then it is infinite.
        with np.errstate(over="ignore"):
            values = cells.astype(np.float64)
        if self.is_fortran:
            return values.reshape((self.num_columns, num_rows)).T
        return values.reshape((num_rows, self.num_columns))


def open_array(path: str) -> ArrayFile:
    """Reads the header of a .npy file; never unpickles anything.

    Args:
        path: the file.

    Raises:
        ValueError: no such file, damaged, or no rows and columns of numbers.
    """
    with storage.open_binary(path) as file:
        start = file.read(2)
        # Whatever the name says: a pickle begins with 128, an archive with PK.
        if start[:1] == b"\x80" or start == b"PK":
            refuse_file(path, is_archive=start == b"PK")
        if not start:
            raise ValueError(
                f"`{path}` is empty: remove it or name other files."
            )
        file.seek(0)
        shape, is_fortran, dtype = _header(path, file)
        offset = file.tell()
        num_bytes = file.seek(0, os.SEEK_END) - offset
    _check_numbers(path, dtype, shape)
    expected = math.prod(shape) * dtype.itemsize
    if num_bytes != expected:
        raise ValueError(
            "An array file must hold as many bytes as its header says. "
            f"Received: {num_bytes} after the header of `{path}`, expected "
            f"{expected} for shape {shape} of {dtype}. Copy the file again, "
            "or save one array in each file."
        )
    return ArrayFile(path, dtype, shape, is_fortran, offset)


def refuse_file(path: str, is_archive: bool) -> NoReturn:
    """Says why a pickle, or an archive of arrays, is not read.

    Args:
        path: the file.
        is_archive: it holds several arrays, else it is a pickle.

    Raises:
        ValueError: always.
    """
    if is_archive:
        raise ValueError(
            "An archive of arrays is not read. Received: "
            f"`{path}`. Save each array alone: for name, array in "
            "numpy.load(path).items(): numpy.save(name, array)."
        )
    raise ValueError(
        "A pickle is never read, because loading it can run any code. "
        f"Received: `{path}`. If you trust where it comes from, load it "
        "yourself and save each array with numpy.save(name, "
        "numpy.asarray(array, dtype=float)) as a .npy file."
    )


def _header(path: str, file) -> tuple[tuple[int, ...], bool, np.dtype]:
    read_header = np.lib.format.read_array_header_2_0
    try:
        if np.lib.format.read_magic(file) == (1, 0):
            read_header = np.lib.format.read_array_header_1_0
        # It warns of headers written by Python 2, which it reads well.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return read_header(file)
    except OSError:
        # Of the disk or the bucket: it says nothing of the file's form.
        raise
    except Exception as error:
        # NumPy lets through whatever its parser of the header raises.
        raise ValueError(
            f"A .npy file is expected, as numpy.save writes it. Received: "
            f"`{path}` ({error}). Save the array again."
        ) from error


def _check_numbers(path: str, dtype: np.dtype, shape: tuple[int, ...]) -> None:
    if dtype.hasobject:
        refuse_file(path, is_archive=False)
    if dtype.kind not in _NUMBER_KINDS:
        raise ValueError(
            "An array must hold numbers or booleans. Received: "
            f"{dtype} in `{path}`. Convert it, for example with "
            "array.astype(float)."
        )
    if len(shape) not in (1, 2):
        raise ValueError(
            "An array must be [rows, features] or [rows]. Received: shape "
            f"{shape} in `{path}`. Save each series in a file of its own."
        )
    if min(shape) < 1:
        raise ValueError(
            f"`{path}` holds no values: its shape is {shape}. Remove it, or "
            "name other files."
        )
