"""Lines of short sequences to arrays: fast with pyarrow, or one by one."""

import dataclasses
from collections.abc import Iterator

import numpy as np

from preprocessing.readers.base import BadRow, Block, Source
from preprocessing.readers.tables.table import Layout, parse_fast
from preprocessing.readers.text.cells import parse_number
from preprocessing.readers.text.encoding import shown
from preprocessing.readers.text.pieces import lines_of

__all__ = ["Shape", "parse_cells", "parse_lines", "split_cells"]


@dataclasses.dataclass(frozen=True)
class Shape:
    """What a well-formed line holds."""

    num_features: int
    num_steps: int
    has_label: bool

    @property
    def num_cells(self) -> int:
        """Cells of a line, its label included."""
        return self.num_features * self.num_steps + self.has_label

    def separators(self) -> np.ndarray:
        """The separators of a well-formed line, in order."""
        field = ";" * (self.num_steps - 1)
        line = ",".join([field] * self.num_features) + "," * self.has_label
        return np.frombuffer(f"{line}\n".encode(), np.uint8)


def parse_cells(data: bytes, shape: Shape) -> np.ndarray | None:
    """Cells `[sequence, cell]` of well-formed lines, else None."""
    if b'"' in data:
        # Quotes mean nothing here, and something to pyarrow.
        return None
    if not data.endswith(b"\n"):
        data += b"\n"
    characters = np.frombuffer(data, np.uint8)
    separators = characters[
        (characters == ord(",")) | (characters == ord(";")) | (characters == 10)
    ]
    expected = shape.separators()
    if len(separators) % len(expected):
        return None
    if not (separators.reshape(-1, len(expected)) == expected).all():
        return None
    layout = Layout(shape.num_cells, ",", tuple(range(shape.num_cells)))
    try:
        cells = parse_fast(data.replace(b";", b","), layout).values
    except ValueError:
        return None
    if len(cells) * len(expected) != len(separators):
        return None
    if shape.has_label:
        labels = cells[:, -1]
        if not (np.isin(labels, (0, 1)) | np.isnan(labels)).all():
            return None
    return cells


def split_cells(
    cells: np.ndarray, shape: Shape
) -> tuple[np.ndarray, np.ndarray | None]:
    """Values `[sequence, time, feature]` and labels `[sequence]`."""
    num_values = shape.num_features * shape.num_steps
    values = np.ascontiguousarray(cells[:, :num_values]).reshape(
        -1, shape.num_features, shape.num_steps
    )
    sequences = np.ascontiguousarray(values.transpose(0, 2, 1))
    if not shape.has_label:
        return sequences, None
    return sequences, np.nan_to_num(cells[:, -1], nan=-1.0).astype(np.int8)


def parse_lines(
    source: Source, first_line: int, data: bytes, shape: Shape
) -> Iterator[Block | BadRow]:
    """Yields one block or refused row for each line."""
    for line, text in lines_of(first_line, data):
        try:
            values, label = _parse_line(text, shape)
        except ValueError as error:
            yield BadRow(source.path, line, str(error), shown(text))
            continue
        yield Block(f"{source.name}-{line:06d}", values, sequence_label=label)


def _parse_line(text: str, shape: Shape) -> tuple[np.ndarray, int | None]:
    fields = text.split(",")
    num_fields = shape.num_features + shape.has_label
    if len(fields) != num_fields:
        raise ValueError(f"{len(fields)} fields, expected {num_fields}")
    columns = [field.split(";") for field in fields[: shape.num_features]]
    wrong = {len(column) for column in columns} - {shape.num_steps}
    if wrong:
        raise ValueError(
            f"{'/'.join(map(str, sorted(wrong)))} values in a field, "
            f"expected {shape.num_steps}"
        )
    values = np.array([[parse_number(cell) for cell in c] for c in columns]).T
    if not shape.has_label:
        return values, None
    label = parse_number(fields[-1])
    if not (np.isnan(label) or label in (0.0, 1.0)):
        raise ValueError(f"a label is 0, 1 or empty: {fields[-1][:80]!r}")
    return values, -1 if np.isnan(label) else int(label)
