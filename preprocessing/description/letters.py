"""How many rows preprocessing refused, and why; never the rows."""

import collections
import json
import os
import re

from trainer import storage
from trainer.schema import Schema

__all__ = ["FILE_NAME", "refused_rows"]

FILE_NAME = "dead_letters.jsonl"
UNREADABLE = "a line that is no dead letter"
# Reasons quote cells: without them they are alike, and show no raw data.
_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")


def refused_rows(data_dir: str, schema: Schema) -> dict[str, int]:
    """Counts the dead letters of a data set by their reason.

    Args:
        data_dir: folder that preprocessing wrote.
        schema: its schema.

    Returns:
        Reason to number of rows, the most frequent first; cells that a
        reason quotes are left out. Empty where there are no dead letters.
    """
    counts: collections.Counter[str] = collections.Counter()
    path = os.path.join(data_dir, _folder_of_shards(schema), FILE_NAME)
    if not storage.is_file(path):
        return {}
    with storage.open_binary(path) as file:
        for line in file:
            counts[_reason(line)] += 1
    return dict(counts.most_common())


def _folder_of_shards(schema: Schema) -> str:
    """Where the files of the run lie; in a bucket not beside the schema."""
    shards = [name for split in schema.splits.values() for name in split.shards]
    return os.path.dirname(shards[0]) if shards else ""


def _reason(line: bytes) -> str:
    try:
        reason = json.loads(line)["reason"]
    except (ValueError, KeyError, TypeError):
        return UNREADABLE
    return _QUOTED.sub("'...'", str(reason))
