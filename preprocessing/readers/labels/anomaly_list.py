"""The table labeled_anomalies.csv: anomalous rows of the test arrays."""

import csv
import dataclasses
import io
import json
import os
from collections.abc import Mapping

from preprocessing.readers.labels.label_ranges import LabelRanges
from trainer import storage

__all__ = ["ChannelLabels", "find_anomaly_list", "read_anomaly_list"]

_FILE_NAME = "labeled_anomalies.csv"
_COLUMNS = ("chan_id", "spacecraft", "anomaly_sequences", "num_values")


@dataclasses.dataclass(frozen=True)
class ChannelLabels:
    """What the table says of one channel.

    Attributes:
        spacecraft: SMAP or MSL.
        ranges: anomalous rows of its test array.
        num_rows: of its test array.
    """

    spacecraft: str
    ranges: LabelRanges
    num_rows: int


def find_anomaly_list(folder: str) -> str:
    """The table in the folder of train/ and test/, or in the one above.

    Args:
        folder: that holds train/ and test/.

    Returns:
        Its path; "" where there is none.
    """
    above = os.path.dirname(folder) if folder not in ("", ".") else os.pardir
    for place in (folder, above):
        path = os.path.join(place, _FILE_NAME)
        if storage.is_file(path):
            return path
    return ""


def read_anomaly_list(path: str) -> Mapping[str, ChannelLabels]:
    """Reads the table; two rows of one channel are joined.

    Args:
        path: the table.

    Returns:
        Name of a channel to its labels.

    Raises:
        ValueError: other columns, or a row that is not well formed.
    """
    with storage.open_binary(path) as file:
        text = file.read().decode("utf-8-sig", "replace")
    table = csv.DictReader(io.StringIO(text, newline=""))
    missing = [
        name for name in _COLUMNS if name not in (table.fieldnames or ())
    ]
    if missing:
        raise ValueError(
            f"`{path}` must have the columns {', '.join(_COLUMNS)}. Received "
            f"no {', '.join(missing)}. Copy the file of the data set again, "
            "or read the arrays with --format=npy."
        )
    channels: dict[str, ChannelLabels] = {}
    try:
        for row in table:
            found = _channel(path, table.line_num, row)
            name = row["chan_id"]
            channels[name] = _joined(path, name, channels.get(name), found)
    except csv.Error as error:
        raise ValueError(
            f"`{path}` is no table that can be read: {error} in line "
            f"{table.line_num}. Copy it again."
        ) from error
    return channels


def _channel(path: str, line: int, row: Mapping[str, str]) -> ChannelLabels:
    cells = {name: row[name] or "" for name in _COLUMNS}
    try:
        return ChannelLabels(
            cells["spacecraft"].strip(),
            LabelRanges.closed(_sequences(cells["anomaly_sequences"])),
            _whole_number(json.loads(cells["num_values"])),
        )
    except (ValueError, RecursionError) as error:
        raise ValueError(
            "A row of the table must give anomaly_sequences as JSON pairs "
            "[first row, last row] and num_values as a whole number. "
            f"Received: {cells['anomaly_sequences'][:80]!r}, "
            f"{cells['num_values'][:20]!r} in line {line} of `{path}` "
            f"({error}). Correct it, or copy the file again."
        ) from error


def _sequences(text: str) -> list[tuple[int, int]]:
    found = json.loads(text)
    if not isinstance(found, list):
        raise ValueError("no list")
    pairs = []
    for pair in found:
        if not isinstance(pair, list) or len(pair) != 2:
            raise ValueError("no list of pairs")
        first, last = map(_whole_number, pair)
        if not 0 <= first <= last:
            raise ValueError(
                "rows count from 0, and none ends before it starts"
            )
        pairs.append((first, last))
    return pairs


def _whole_number(value: object) -> int:
    # A bool is an int to Python, not to us.
    if type(value) is not int:
        raise ValueError("no whole number")
    return value


def _joined(
    path: str, name: str, before: ChannelLabels | None, found: ChannelLabels
) -> ChannelLabels:
    if before is None:
        return found
    if (before.spacecraft, before.num_rows) != (
        found.spacecraft,
        found.num_rows,
    ):
        raise ValueError(
            "Rows of one channel must have the same spacecraft and "
            f"num_values. Received: {before.spacecraft} {before.num_rows} "
            f"and {found.spacecraft} {found.num_rows} for channel {name} in "
            f"`{path}`. Correct the file."
        )
    ranges = LabelRanges(before.ranges.ranges + found.ranges.ranges)
    return dataclasses.replace(found, ranges=ranges)
