"""The rows of a file by the plainest reading, to hold readers against.

A row is `(line, series, label)`. The label is 0, 1, -1 for unknown, or None
where there are no labels. The line counts from 1; None = a refused row keeps
the label it has.
"""

import csv
import datetime
import io
import json
import re
from unittest import mock

import numpy as np
from pyarrow import parquet

__all__ = [
    "array_rows",
    "channel_rows",
    "machine_rows",
    "parquet_rows",
    "sequence_rows",
    "table_rows",
    "window_rows",
    "word_rows",
]

_MARK = b"\xef\xbb\xbf"


def lines(data):
    """Lines that are not blank, with their numbers."""
    texts = re.split(rb"\r\n|\r|\n", data.removeprefix(_MARK))
    return [
        (line, text.decode("utf-8", "surrogateescape"))
        for line, text in enumerate(texts, 1)
        if text.strip(b" \t")
    ]


def cells(data, delimiter=",", names=None):
    """Lines of a table, each as a dictionary; the first may name its columns."""
    rows = [
        (line, next(csv.reader([text], delimiter=delimiter)))
        for line, text in lines(data)
    ]
    if names is None:
        (_, names), *rows = rows
    names = [name.strip() for name in names]
    blank = dict.fromkeys(names, "")
    return [
        (line, blank | dict(zip(names, fields, strict=False)))
        for line, fields in rows
    ]


def label_of(text):
    """A label as it is written; None where there is no such column."""
    if text is None:
        return None
    try:
        return {0.0: 0, 1.0: 1}.get(float(text), -1)
    except ValueError:
        return -1


def table_rows(data, label="", series="", **options):
    """Rows of a table, of which one column may be labels and one ids."""
    return [
        (line, row.get(series, "a"), label_of(row.get(label)))
        for line, row in cells(data, **options)
    ]


def machine_rows(data, labels):
    """Rows with a file of labels, one a line."""
    pairs = zip(lines(data), lines(labels), strict=True)
    return [(None, "machine-1-1", int(label)) for _, (_, label) in pairs]


def window_rows(data, windows):
    """Rows with times, and for a.csv the windows that are anomalous."""
    windows = json.loads(windows).get("a.csv")
    return [
        (line, "a", windows and _is_within(row["timestamp"], windows))
        for line, row in cells(data)
    ]


def _is_within(text, windows):
    moment = datetime.datetime.fromisoformat
    try:
        return int(
            any(moment(a) <= moment(text) <= moment(b) for a, b in windows)
        )
    except (ValueError, TypeError):
        # Not a time, as Python writes it.
        return mock.ANY


def word_rows(data, series, first, last):
    """Rows parted by white space; the anomalous ones are first to last."""
    num_rows = len(data.removeprefix(_MARK).split())
    return [
        (None, series, int(first <= row <= last)) for row in range(num_rows)
    ]


def array_rows(data, labels):
    """Rows of an array, labelled by another one."""
    array, labels = (
        np.load(io.BytesIO(one), allow_pickle=False) for one in (data, labels)
    )
    found = np.nan_to_num(labels.astype(float), nan=-1).reshape(len(array))
    return [(None, "a", int(label)) for label in found]


def channel_rows(data, table):
    """Rows of an array, and a table of which of channel a are anomalous."""
    text = io.StringIO(table.decode("utf-8-sig", "replace"), newline="")
    ranges = [
        json.loads(row["anomaly_sequences"])
        for row in csv.DictReader(text)
        if row["chan_id"] == "a"
    ]
    labels = np.zeros(len(np.load(io.BytesIO(data), allow_pickle=False)), int)
    for first, last in sum(ranges, []):
        labels[first : last + 1] = 1
    return [(None, "a", label if ranges else None) for label in labels]


def sequence_rows(data):
    """Short sequences, each a series; the first line says if they have labels."""
    rows = [(line, text.split(",")) for line, text in lines(data)]
    first = rows[0][1]
    has_labels = ";" in first[0] and len(first) > 1 and ";" not in first[-1]
    return [
        (line, f"a-{line:06d}", label_of(fields[-1]) if has_labels else None)
        for line, fields in rows
    ]


def parquet_rows(data):
    """Rows of a parquet file with ids and labels."""
    table = parquet.read_table(io.BytesIO(data)).to_pydict()
    pairs = zip(table["id"], table["bad"], strict=True)
    return [
        (row, series, -1 if label is None else int(label))
        for row, (series, label) in enumerate(pairs, 1)
    ]
