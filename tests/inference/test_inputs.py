"""Files for prediction are read as the training data was."""

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from inference.inputs import open_input
from preprocessing.readers.base import Block

STORED = {"format": "csv", "timestamp_column": "t", "label_ranges": "gone.csv"}


def write_csv(folder, header="t,x"):
    path = folder / "pump.csv"
    rows = "".join(f"{60 * row},{row}\n" for row in range(10))
    path.write_text(f"{header}\n{rows}")
    return str(path)


def blocks_of(reader, sources, names=("x",)):
    items = reader.read(sources[0], names)
    return [item for item in items if isinstance(item, Block)]


def test_label_ranges_of_training_are_left_out(tmp_path):
    """Catches a file of labels asked for that only training had."""
    path = write_csv(tmp_path)
    reader, sources = open_input(path, STORED, "", {}, ("x",))
    assert blocks_of(reader, sources)[0].labels is None
    ranges = tmp_path / "ranges.csv"
    ranges.write_text("start,end\n60.0,120.0\n")
    given = {"label_ranges": str(ranges), "timestamp_unit": "s"}
    reader, sources = open_input(path, STORED, "", given, ("x",))
    (block,) = blocks_of(reader, sources)
    assert block.labels.tolist() == [0, 1, 1] + [0] * 7


def test_prediction_resamples_as_training_did(tmp_path):
    """Catches scores of rows that the model never saw the like of."""
    stored = STORED | {"resample_period_seconds": 120.0, "resample": "sum"}
    reader, sources = open_input(write_csv(tmp_path), stored, "", {}, ("x",))
    rows = [
        row
        for block in blocks_of(reader, sources)
        for row in block.values[:, 0].tolist()
    ]
    assert rows == [1, 5, 9, 13, 17]


def test_parquet_of_a_model_trained_on_parquet(tmp_path):
    """Catches flags of csv asked of another table, and a silent extra column."""
    path = str(tmp_path / "pump.parquet")
    parquet.write_table(pa.table({"t": [0, 60], "x": [1.0, 2.0]}), path)
    stored = {"format": "parquet", "timestamp_column": "t"}
    stored["label_column"] = "bad"
    reader, sources = open_input(path, stored, "", {}, ("x",))
    assert blocks_of(reader, sources)[0].values.tolist() == [[1], [2]]
    with pytest.raises(ValueError, match="no use for this.*--delimiter"):
        open_input(path, stored, "", {"delimiter": ";"}, ("x",))
    parquet.write_table(pa.table({"t": [0], "x": [1.0], "y": [2.0]}), path)
    with pytest.raises(ValueError, match="not known: y. .*--ignored_columns=y"):
        open_input(path, stored, "", {}, ("x",))


def test_labels_before_other_positions_cannot_be_missing(tmp_path):
    """Catches the time scored as a feature where the labels are left out."""
    stored = {"format": "csv", "header": False, "label_column": "0"}
    stored["timestamp_column"] = "1"
    path = tmp_path / "new.csv"
    path.write_text("0,1600000000,1.5\n0,1600000060,2.5\n")
    reader, sources = open_input(str(path), stored, "", {}, ("feature_0",))
    names = ("feature_0",)
    (block,) = blocks_of(reader, sources, names)
    assert block.values[:, 0].tolist() == [1.5, 2.5]
    path.write_text("1600000000,1.5\n1600000060,2.5\n")
    with pytest.raises(ValueError, match="column"):
        open_input(str(path), stored, "", {}, names)


def test_one_array_of_a_spacecraft_that_no_list_names(tmp_path):
    """Catches a model that can only score the channels it was trained on."""
    path = tmp_path / "new.npy"
    np.save(path, np.zeros((20, 2)))
    stored = {"format": "nasa", "spacecraft": "SMAP"}
    names = ("telemetry", "command_1")
    reader, sources = open_input(str(path), stored, "", {}, names)
    assert blocks_of(reader, sources, names)[0].values.shape == (20, 2)


def test_another_kind_of_table_has_the_same_columns(tmp_path):
    """Catches the time taken for a feature of a parquet export."""
    path = str(tmp_path / "pump.parquet")
    parquet.write_table(pa.table({"t": [0, 60], "x": [1.0, 2.0]}), path)
    reader, sources = open_input(path, STORED, "parquet", {}, ("x",))
    (block,) = blocks_of(reader, sources)
    assert block.timestamps.tolist() == [0, 60_000_000]
