"""Values made of arrays, to bytes and back; no pickle."""

import dataclasses
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

__all__ = [
    "flatten",
    "from_bytes",
    "in_order",
    "numbered",
    "to_bytes",
    "unflatten",
]


def to_bytes(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Packs named arrays in NumPy's npz format."""
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def from_bytes(data: bytes) -> dict[str, np.ndarray]:
    """Unpacks what `to_bytes` packed.

    Raises:
        Exception: of many kinds, where a byte is damaged; each array has a
            checksum.
    """
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        return dict(arrays)


def numbered(
    prefix: str, arrays: Sequence[np.ndarray]
) -> dict[str, np.ndarray]:
    """Names arrays by their order: "prefix/0000", "prefix/0001", ..."""
    return {
        f"{prefix}/{position:04d}": array
        for position, array in enumerate(arrays)
    }


def in_order(prefix: str, arrays: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    """The arrays that `numbered` gave names with `prefix`, in order."""
    names = [name for name in arrays if name.startswith(f"{prefix}/")]
    names.sort(key=lambda name: int(name.rpartition("/")[2]))
    return [arrays[name] for name in names]


def flatten(value: Any) -> list[np.ndarray]:
    """Lists the arrays and numbers in a value, in a fixed order.

    Args:
        value: arrays and numbers, in mappings, dataclasses and sequences.

    Example:
        >>> flatten({"count": 2, "means": (np.zeros(1), np.ones(1))})
        [array(2), array([0.]), array([1.])]
    """
    children = _children(value)
    if children is None:
        return [np.asarray(value)]
    return [leaf for child in children for leaf in flatten(child)]


def unflatten(template: Any, leaves: Sequence[np.ndarray]) -> Any:
    """Builds a value like `template` out of what `flatten` listed.

    Args:
        template: a value of the same structure; its arrays may have other
            shapes.
        leaves: arrays in the order of `flatten`.

    Raises:
        ValueError: there are more or fewer than the template holds.
    """
    num_wanted = len(flatten(template))
    if len(leaves) != num_wanted:
        raise ValueError(
            f"`leaves` must be the template's {num_wanted}. Received: "
            f"{len(leaves)} leaves. Flatten a value of the same structure."
        )
    return _unflatten(template, iter(leaves))


def _unflatten(template: Any, leaves: Iterator[np.ndarray]) -> Any:
    children = _children(template)
    if children is None:
        leaf = next(leaves)
        return leaf if leaf.ndim else leaf.item()
    built = [_unflatten(child, leaves) for child in children]
    if isinstance(template, Mapping):
        return dict(zip(template, built, strict=True))
    if dataclasses.is_dataclass(template):
        return type(template)(*built)  # type: ignore[misc]
    return type(template)(built)


def _children(value: Any) -> list[Any] | None:
    """What `value` is made of; None where it is an array or a number."""
    if isinstance(value, Mapping):
        return list(value.values())
    if dataclasses.is_dataclass(value):
        return [getattr(value, each.name) for each in dataclasses.fields(value)]
    if isinstance(value, list | tuple):
        return list(value)
    return None
