"""Tables parted by ; against values worked out by hand."""

import numpy as np
import pytest

from preprocessing.readers.base import BadRow, Block
from preprocessing.readers.skab import SkabReader, SkabSettings

HEADER = "datetime;Current;Flow Rate"


def _write(root, name, num_rows=30, is_labelled=True, end="\r\n", header=""):
    path = root / "data" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [header or HEADER + ";anomaly;changepoint" * is_labelled]
    for row in range(num_rows):
        label = f";{float(row >= 20)};{float(row == 20)}" * is_labelled
        lines.append(f"2020-03-09 10:14:{row:02d};{row / 7};-{row}{label}")
    path.write_bytes((end.join(lines) + end).encode())
    return path


def _read(pattern, **options):
    """Series to values, labels, refused rows and extent."""
    reader = SkabReader(SkabSettings(**options))
    found = {}
    for source in reader.sources(str(pattern)):
        names = reader.feature_names(source)
        assert names == ("Current", "Flow Rate")
        items = list(reader.read(source, names))
        blocks = [item for item in items if isinstance(item, Block)]
        bad = [item for item in items if isinstance(item, BadRow)]
        assert {block.series_id for block in blocks} == {source.name}
        values = np.concatenate([block.values for block in blocks])
        labels = None
        if blocks[0].labels is not None:
            labels = np.concatenate([block.labels for block in blocks])
        (extent,) = reader.extents(source, names).values()
        found[source.name] = values, labels, bad, extent
    return found


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_values_labels_and_train_rows(tmp_path, end, mark):
    """Catches change points read as features, and files of one stem joined."""
    header = mark + HEADER + ";anomaly;changepoint"
    _write(tmp_path, "valve1/0.csv", end=end, header=header)
    _write(tmp_path, "valve2/0.csv", 25)
    found = _read(tmp_path, train_rows=12)
    assert list(found) == ["valve1/0", "valve2/0"]
    values, labels, bad, extent = found["valve1/0"]
    rows = np.arange(30)
    np.testing.assert_array_equal(values, np.stack([rows / 7, -rows], 1))
    np.testing.assert_array_equal(labels, rows >= 20)
    assert not bad and (extent.num_rows, extent.num_train_rows) == (30, 12)
    assert found["valve2/0"][3].num_rows == 25


def test_anomaly_free_is_all_train_and_normal(tmp_path):
    """Catches unknown where the set says normal, and a test part of it."""
    path = _write(tmp_path, "anomaly-free/anomaly-free.csv", 9, False)
    _write(tmp_path, "valve1/0.csv")
    found = _read(tmp_path, train_rows=4)
    values, labels, _, extent = found["anomaly-free/anomaly-free"]
    assert labels.tolist() == [0] * 9
    assert extent.num_train_rows == extent.num_rows == len(values) == 9
    # Said of these files only.
    other = path.rename(path.with_name("new.csv"))
    other = other.rename(tmp_path / "new.csv")
    ((_, labels, _, extent),) = _read(other, train_rows=4).values()
    assert labels is None and extent.num_train_rows == 4


def test_the_default_is_that_of_the_set():
    """Catches another number of train rows."""
    assert SkabSettings().train_rows == 400


@pytest.mark.parametrize("part", ["data", "data/valve1", "data/valve1/0.csv"])
def test_other_places_to_start_from(tmp_path, part):
    """Catches ids that depend on what is named."""
    _write(tmp_path, "valve1/0.csv")
    assert list(_read(tmp_path / part)) == ["valve1/0"]


def test_cells_and_times_that_are_refused(tmp_path):
    """Catches infinity, a label of 2 or a half line that is taken."""
    path = _write(tmp_path, "valve1/0.csv", end="\n")
    lines = path.read_text().splitlines()
    lines[3] = lines[3].replace(";-2;", ";inf;")
    lines[5] = lines[5].replace(";0.0;0.0", ";2.0;0.0")
    lines[7] = lines[6]
    lines[-1] = lines[-1][:25]
    path.write_text("\n".join(lines))
    ((values, labels, bad, extent),) = _read(path).values()
    assert [row.line for row in bad] == [4, 6, 8, 31]
    assert len(values) == len(labels) == 26 and extent.num_rows == 30


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        (HEADER + "\n", "a header and no rows"),
        (
            HEADER.replace(";", ",") + "\n1,2,3\n",
            "; between them.*--format=csv",
        ),
        ("a;b\n1;2\n", "among them datetime"),
        ("datetime;anomaly\n2020-01-01;0\n", "no column of values"),
    ],
)
def test_files_that_cannot_be_used(tmp_path, text, message):
    """Catches a wrong delimiter read as one column."""
    path = _write(tmp_path, "valve1/0.csv")
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        _read(path)


def test_other_columns_in_one_file(tmp_path):
    """Catches columns by position where names differ."""
    _write(tmp_path, "valve1/0.csv")
    path = _write(tmp_path, "valve1/1.csv", is_labelled=False)
    path.write_text(path.read_text().replace("Current", "Voltage"))
    reader = SkabReader(SkabSettings())
    first, second = reader.sources(str(tmp_path))
    with pytest.raises(ValueError, match="same columns.*1.csv"):
        list(reader.read(second, reader.feature_names(first)))


def test_nothing_there(tmp_path):
    """Catches an empty data set."""
    with pytest.raises(ValueError, match="must be a folder that holds data/"):
        _read(tmp_path)
