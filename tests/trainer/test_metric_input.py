import dataclasses

import numpy as np
import pytest

from trainer.metric_input import read_metric_windows

ROWS = np.arange(60, dtype="f8").reshape(20, 3) / 8


@pytest.fixture
def schema(long_data_set):
    schema = long_data_set[1]
    names = [f"feature_{number}" for number in range(3)]
    features = tuple(
        dataclasses.replace(feature, name=name)
        for feature, name in zip(schema.features, names, strict=False)
    )
    reader = {"format": "csv", "header": False}
    return dataclasses.replace(schema, features=features, reader=reader)


def write(path, rows=ROWS, header=""):
    np.savetxt(
        path, rows, fmt="%.17g", delimiter=",", header=header, comments=""
    )
    return str(path)


def test_windows_of_all_files(tmp_path, schema):
    """Catches a file that is left out, a window that spans two of them."""
    write(tmp_path / "a.csv")
    write(tmp_path / "b.csv", ROWS[:7] + 100)
    windows = read_metric_windows(str(tmp_path), schema, 6, 5)
    assert windows.starts.tolist() == [0, 5, 10, 20]
    assert windows.values.dtype == schema.dtype
    sample = windows.sample(9)
    np.testing.assert_array_equal(sample[1], ROWS[5:11])
    np.testing.assert_array_equal(sample[3], ROWS[:6] + 100)


def test_gaps_in_time(tmp_path, schema):
    """Catches a forecast over the hour in which nothing was measured."""
    seconds = np.arange(20.0)
    seconds[8:] += 3600
    path = write(
        tmp_path / "a.csv",
        np.column_stack([seconds, ROWS[:, ::-1]]),
        "time,feature_2,feature_1,feature_0",
    )
    reader = {"format": "csv", "timestamp_column": "time"}
    schema = dataclasses.replace(schema, reader=reader)
    windows = read_metric_windows(path, schema, 6, 1)
    assert windows.starts.tolist() == [0, 1, 2, *range(8, 15)]
    # By their names, wherever the columns stand.
    np.testing.assert_array_equal(windows.values, ROWS)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1,2\n" * 20, "like those of the data set.*missing: feature_2"),
        ("1,2,3\n" * 9 + "1,high,3\n", "line 10"),
        ("1,2,3\n" * 9 + "1,2\n" + "1,2,3\n" * 9, "line 10"),
        ("1,2,3\n" * 5, "at least 6 rows without a gap. Received: 5 rows"),
    ],
)
def test_wrong_files(tmp_path, schema, text, message):
    """Catches errors that are told of rows other than those in the file."""
    path = tmp_path / "a.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=f"`metric_input`.*{message}"):
        read_metric_windows(str(path), schema, 6, 1)
    with pytest.raises(ValueError, match="`metric_input`.*No file"):
        read_metric_windows(str(tmp_path / "none.csv"), schema, 6, 1)
