"""Writers of the built-in data set's two text formats."""

import os

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from preprocessing.anomalies import NORMAL

__all__ = ["write_talk_csv", "write_wide_csv"]

START = np.datetime64("2024-01-01T00:00:00")
DECIMALS = 6
LINES_AT_ONCE = 8192


def write_talk_csv(
    folder: str,
    name: str,
    sequences: np.ndarray,
    labels: np.ndarray | None = None,
) -> None:
    """Writes sequences, one a line: `;` between steps, `,` between features.

    Args:
        folder: where.
        name: of the file, without ending.
        sequences: `[sequence, time, feature]`.
        labels: `[sequence]` int8, the last field of each line; None = none.
    """
    num_sequences, length, num_features = sequences.shape
    # Cut to pieces, since a piece's text is many times its numbers.
    with open(os.path.join(folder, f"{name}.csv"), "wb") as file:
        for start in range(0, num_sequences, LINES_AT_ONCE):
            part = np.round(sequences[start : start + LINES_AT_ONCE], DECIMALS)
            columns = part.transpose(2, 1, 0).reshape(-1, len(part))
            texts = [
                pc.cast(pa.array(column), pa.string()) for column in columns
            ]
            fields = [
                pc.binary_join_element_wise(
                    *texts[feature * length : (feature + 1) * length], ";"
                )
                for feature in range(num_features)
            ]
            if labels is not None:
                part_labels = pa.array(labels[start : start + LINES_AT_ONCE])
                fields.append(pc.cast(part_labels, pa.string()))
            lines = pc.binary_join_element_wise(*fields, ",")
            file.write("\n".join(lines.to_pylist()).encode() + b"\n")


def write_wide_csv(
    path: str, number: int, values: np.ndarray, kinds: np.ndarray
) -> None:
    """Writes one series, a row a minute.

    Args:
        path: of the file.
        number: of the series.
        values: `[time, feature]`.
        kinds: `[time]`, "normal" or the kind of anomaly.
    """
    names = [f"sensor_{column}" for column in range(values.shape[1])]
    table = pd.DataFrame(np.round(values, DECIMALS), columns=names)
    minutes = START + np.arange(len(values)) * np.timedelta64(60, "s")
    table.insert(0, "timestamp", np.datetime_as_string(minutes))
    table.insert(1, "series", f"series_{number}")
    table["label"] = (kinds != NORMAL).astype(int)
    table["kind"] = kinds
    table.to_csv(path, index=False)
