"""Ids of series that are named like their files."""

import collections
import posixpath
from collections.abc import Sequence

from preprocessing.readers.text.compression import without_suffix
from preprocessing.readers.text.pieces import series_name

__all__ = ["source_ids"]


def source_ids(paths: Sequence[str]) -> list[str]:
    """Ids that differ: "" for the stem, where no two files share one.

    Else all are paths below the deepest common folder, without suffix where
    they differ without.

    Example:
        >>> source_ids(["in/valve1/0.csv", "in/valve2/0.csv"])
        ['valve1/0', 'valve2/0']
    """
    if len(set(map(series_name, paths))) == len(paths):
        return [""] * len(paths)
    folders = [path.split("/")[:-1] for path in paths]
    depth = 0
    for parts in zip(*folders, strict=False):
        if len(set(parts)) > 1:
            break
        depth += 1
    inner = ["/".join(path.split("/")[depth:]) for path in paths]
    stems = [posixpath.splitext(without_suffix(path))[0] for path in inner]
    times = collections.Counter(stems)
    return [
        stem if times[stem] == 1 else path
        for stem, path in zip(stems, inner, strict=True)
    ]
