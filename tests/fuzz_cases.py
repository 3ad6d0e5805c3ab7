"""Small good files of each format; to add a format, add it to `CASES`."""

import dataclasses
import io
import json
from collections.abc import Callable, Mapping

import numpy as np
import plain_rows
import pyarrow as pa
from pyarrow import parquet

__all__ = ["CASES", "Case"]


@dataclasses.dataclass(frozen=True)
class Case:
    """How to try one format.

    Attributes:
        format: its name.
        files: path in a folder to the bytes of a good file, rows first.
        damaged: the file to damage.
        rows: plain reading of the files, in their order; see `plain_rows`.
        options: of the format's settings.
        num_kept: leading bytes of the file that mostly stay undamaged.
        least_read: share of the damaged files that must be read.
    """

    format: str
    files: Mapping[str, bytes]
    damaged: str
    rows: Callable
    options: Mapping[str, object] = dataclasses.field(default_factory=dict)
    num_kept: int = 0
    least_read: float = 0.3

    @property
    def is_shared(self):
        """A column says the series."""
        return "series_column" in self.options


def npy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def parquet_bytes():
    table = pa.table(
        {
            "t": np.arange(50) * 60,
            "id": ["a", "b"] * 25,
            "x": np.random.default_rng(1).normal(size=50),
            "bad": [row % 2 for row in range(50)],
        }
    )
    file = io.BytesIO()
    # Checksums, so that a damaged value cannot be taken for a good one.
    parquet.write_table(
        table, file, row_group_size=20, write_page_checksum=True
    )
    return file.getvalue()


# A .npy file begins with as many bytes of header.
HEADER = 128
NUM_ROWS = 40
UCR = "001_UCR_Anomaly_a_3_5_7"
RANGE = range(NUM_ROWS)
ROWS = "".join(
    f"2020-01-01 00:{row:02d},{'ab'[row % 2]},{row}.5,{row % 3 % 2}\n"
    for row in RANGE
)
TABLE = ("t,id,x,bad\n" + ROWS).encode()
COLUMNS = {"timestamp_column": "t", "label_column": "bad"}
SEQUENCES = "".join(f"{row};2;3,4;5;{row},{row % 2}\n" for row in RANGE)
ARRAY = npy(np.arange(2.0 * NUM_ROWS).reshape(-1, 2) / 7)
ARRAYS = {
    "test/a.npy": ARRAY,
    "test_label/a.npy": npy(np.array(RANGE, np.uint8) // 9 % 2),
}
CHANNELS = {
    "test/a.npy": ARRAY,
    "labeled_anomalies.csv": (
        "chan_id,spacecraft,anomaly_sequences,class,num_values\n"
        'a,SMAP,"[[2, 4], [7, 29]]","[point, contextual]",40\n'
        + "".join(
            f'{name},MSL,"[[120, 450], [703, 912]]","[point, point]",1040\n'
            for name in "bcdefghijk"
        )
    ).encode(),
}
WINDOWS = {
    "data/a.csv": (
        "timestamp,value\n"
        + "".join(f"2014-04-01 00:{row:02d}:00,{row / 7}\n" for row in RANGE)
    ).encode(),
    "labels/combined_windows.json": json.dumps(
        {
            f"{name}.csv": [
                ["2014-04-01 00:02:00.000000", "2014-04-01 00:14:00.000000"]
            ]
            for name in "abcdef"
        }
    ).encode(),
}
SENSORS = "\r\n".join(
    ["datetime;x;y;anomaly;changepoint"]
    + [
        f"2020-03-09 10:14:{row:02d};{row / 7};{row};"
        f"{float(row > 8)};{float(row == 9)}"
        for row in RANGE
    ]
)
MACHINES = {
    "test/machine-1-1.txt": b"0.5,1\n" * NUM_ROWS,
    "test_label/machine-1-1.txt": b"0\n1\n" * (NUM_ROWS // 2),
}
CASES = [
    Case(
        "csv",
        {"a.csv": TABLE},
        "a.csv",
        lambda data: plain_rows.table_rows(data, "bad"),
        {"ignored_columns": ("t", "id"), "label_column": "bad"},
    ),
    Case(
        "csv",
        {"a.csv": TABLE},
        "a.csv",
        lambda data: plain_rows.table_rows(data, "bad", "id"),
        {"series_column": "id", **COLUMNS},
    ),
    Case(
        "csv",
        {"a.csv": ROWS.encode()},
        "a.csv",
        lambda data: plain_rows.table_rows(data, names="0123"),
        {"header": False, "ignored_columns": ("0", "1")},
    ),
    Case(
        "parquet",
        {"a.parquet": parquet_bytes()},
        "a.parquet",
        plain_rows.parquet_rows,
        {"series_column": "id", **COLUMNS},
        # Its checksums see nearly all damage, which is what they are for.
        least_read=0.05,
    ),
    Case(
        "sequences",
        {"a.csv": SEQUENCES.encode()},
        "a.csv",
        plain_rows.sequence_rows,
    ),
    *(
        Case("npy", ARRAYS, path, plain_rows.array_rows, num_kept=HEADER)
        for path in ARRAYS
    ),
    Case(
        "nasa", CHANNELS, "test/a.npy", plain_rows.channel_rows, num_kept=HEADER
    ),
    Case("nasa", CHANNELS, "labeled_anomalies.csv", plain_rows.channel_rows),
    *(Case("nab", WINDOWS, path, plain_rows.window_rows) for path in WINDOWS),
    *(
        Case("smd", MACHINES, path, plain_rows.machine_rows)
        for path in MACHINES
    ),
    Case(
        "skab",
        {"data/a.csv": SENSORS.encode()},
        "data/a.csv",
        lambda data: plain_rows.table_rows(data, "anomaly", delimiter=";"),
    ),
    Case(
        "ucr",
        {f"{UCR}.txt": "\n".join(str(row / 7) for row in RANGE).encode()},
        f"{UCR}.txt",
        lambda data: plain_rows.word_rows(data, UCR, 5, 7),
    ),
]
