"""The public data sets, read whole: rows and labels are those of the index."""

import csv
import dataclasses

import numpy as np
import pytest
from public_data import public_data

from preprocessing.readers import READERS, open_reader
from preprocessing.readers.base import BadRow, Block, Extent, Source
from preprocessing.readers.detection.guess import guess
from trainer.config import load

FORMATS = {
    "smd": "smd",
    "nasa": "nasa",
    "asd": "npy",
    "nab": "nab",
    "skab": "skab",
    "msft": "csv",
    "ucr": "ucr",
}


@pytest.fixture(scope="module")
def index():
    with open(public_data("INDEX.csv"), newline="") as file:
        return list(csv.DictReader(file))


@dataclasses.dataclass(frozen=True)
class Found:
    """What a reader gave of one file; `labels` of rows that were taken."""

    source: Source
    extent: Extent
    values: np.ndarray
    labels: np.ndarray | None
    refused: list[BadRow]

    def test_labels(self, num_train, label_of):
        """Labels of the file's test rows, those of refused rows put back."""
        rows = [row.line - 2 for row in self.refused]
        labels = np.full(len(self.labels) + len(rows), -9)
        labels[rows] = [label_of(row, self.source) for row in self.refused]
        labels[np.setdiff1d(np.arange(len(labels)), rows)] = self.labels
        return labels[num_train:]


def _read(folder, name, options):
    """(Series, split) to what was found of it."""
    settings = load(READERS, name, "format").settings_class(**options)
    reader = open_reader(name, settings)
    found = {}
    for source in reader.sources(str(public_data(folder))):
        names = reader.feature_names(source)
        (extent,) = reader.extents(source, names).values()
        items = list(reader.read(source, names))
        blocks = [item for item in items if isinstance(item, Block)]
        refused = [item for item in items if isinstance(item, BadRow)]
        labels = None
        if blocks[0].labels is not None:
            labels = np.concatenate([block.labels for block in blocks])
        values = np.concatenate([block.values for block in blocks])
        assert {block.series_id for block in blocks} == {source.name}
        assert values.shape[1] == len(names)
        num_unplaced = sum(not row.has_place for row in refused)
        assert len(values) + num_unplaced == extent.num_rows
        found[source.name, source.split] = Found(
            source, extent, values, labels, refused
        )
    return found


def _label_in_window(row, source):
    text = row.text.partition(",")[0]
    times = np.array([text], "datetime64[us]").astype(np.int64)
    return source.label_ranges[source.name].labels(0, 1, times)[0]


def _label_in_last_field(row, source):
    return int(row.text.rpartition(",")[2])


def _segments(labels):
    return int((np.diff(labels, prepend=0) == 1).sum())


def _check_test_labels(row, labels):
    assert round(100 * labels.mean(), 2) == float(row["anom_pct"])
    assert _segments(labels) == int(row["segments"])


@pytest.mark.parametrize("name", ["smd", "nasa-smap", "nasa-msl", "asd"])
def test_sets_with_a_test_part(index, name):
    """Catches lost rows, an end not counted in, one of P-2's two rows."""
    rows = [row for row in index if row["set"] == name]
    folder, _, spacecraft = name.partition("-")
    options = {"spacecraft": spacecraft.upper()} if spacecraft else {}
    found = _read(folder, FORMATS[folder], options)
    assert {series for series, _ in found} == {row["series"] for row in rows}
    for row in rows:
        for split in ("train", "test"):
            num_rows, width = found[row["series"], split].values.shape
            assert row[split] == f"{num_rows}x{width}"
        _check_test_labels(row, found[row["series"], "test"].labels)
        assert found[row["series"], "train"].labels is None


def test_nab(index):
    """Catches another probation, windows in local time, rows lost unsaid."""
    rows = [row for row in index if row["set"] == "nab"]
    found = _read("nab", "nab", {})
    assert len(found) == len(rows) == 12
    for row in rows:
        one = found[row["series"].removesuffix(".csv"), ""]
        num_train = one.extent.num_train_rows
        assert row["train"] == f"{num_train}x1"
        assert row["test"] == f"{one.extent.num_rows - num_train}x1"
        _check_test_labels(row, one.test_labels(num_train, _label_in_window))
        # Labels of the rows that were taken, for the windows are wide.
        assert _segments(one.labels[num_train:]) == int(row["segments"])
    num_refused = {name: len(one.refused) for (name, _), one in found.items()}
    assert {name: number for name, number in num_refused.items() if number} == {
        "realAdExchange/exchange-2_cpc_results": 1,
        "realKnownCause/ec2_request_latency_system_failure": 11,
        "realKnownCause/machine_temperature_system_failure": 12,
    }


@pytest.mark.parametrize("name", ["skab", "ucr"])
def test_sets_that_say_how_many_rows_are_train(index, name):
    """Catches one row too many in train, and an anomaly one row off."""
    rows = [row for row in index if row["set"] == name]
    found = _read(name, name, {})
    assert len(found) == len(rows)
    for row in rows:
        one = found[row["series"].removesuffix(".csv"), ""]
        num_train = one.extent.num_train_rows
        num_rows, width = one.values.shape
        assert not one.refused
        assert row["train"] == f"{num_train}x{width}"
        assert row["test"] == f"{num_rows - num_train}x{width}"
        if row["anom_pct"]:
            _check_test_labels(row, one.labels[num_train:])
        else:
            assert not one.labels.any()


def test_msft_as_guessed(index):
    """Catches labels read as a feature, and missing cells as rows lost."""
    rows = [row for row in index if row["set"] == "msft"]
    guessed = guess(str(public_data("msft")))
    found = _read("msft", "csv", guessed.options)
    assert len(found) == len(rows)
    by_stem = {name.rpartition("/")[2]: one for (name, _), one in found.items()}
    for row in rows:
        stem = row["series"].rpartition("/")[2].removesuffix(".csv")
        one = by_stem[stem]
        num_train = int(row["train"].partition("x")[0])
        assert row["test"] == f"{one.extent.num_rows - num_train}x1"
        labels = one.test_labels(num_train, _label_in_last_field)
        _check_test_labels(row, labels)
        # Repeated timestamps, of which the first is kept.
        expected = {"app1-02": 13, "api-01": 1}.get(stem, 0)
        assert len(one.refused) == expected


@pytest.mark.parametrize("folder", FORMATS)
def test_guessed_formats(folder):
    """Catches a rule that takes the files of another format."""
    guessed = guess(str(public_data(folder)))
    assert guessed.format == FORMATS[folder]
    assert guessed.reason.startswith(f"{guessed.format}: ")
    expected = {}
    if folder == "msft":
        expected = {"timestamp_column": "TimeStamp", "label_column": "Label"}
    assert guessed.options == expected


def test_m_6_keeps_the_value_far_out_of_range():
    """Catches values cut to the usual range of -1 to 1."""
    settings = load(READERS, "nasa", "format").settings_class()
    reader = open_reader("nasa", settings)
    (source,) = reader.sources(str(public_data("nasa", "test", "M-6.npy")))
    names = reader.feature_names(source)
    (block,) = reader.read(source, names)
    assert names[0] == "telemetry" and block.values[:, 0].max() > 258
    np.testing.assert_array_equal(block.values, np.load(source.path))


def test_one_file_of_each_set_is_readable_alone(index):
    """Catches readers that cannot serve prediction on a new file."""
    for folder, path in (
        ("asd", "test/omi-1.npy"),
        ("nasa", "test/T-9.npy"),
        ("ucr", "135_UCR_Anomaly_InternalBleeding16_1200_4187_4199.txt"),
        ("nab", "data/realKnownCause/nyc_taxi.csv"),
        ("skab", "data/valve1/0.csv"),
        ("smd", "ServerMachineDataset/test/machine-1-6.txt"),
    ):
        settings = load(READERS, FORMATS[folder], "format").settings_class()
        reader = open_reader(FORMATS[folder], settings)
        (source,) = reader.sources(str(public_data(folder, path)))
        names = reader.feature_names(source)
        (extent,) = reader.extents(source, names).values()
        items = reader.read(source, names)
        assert sum(len(item.values) for item in items) == extent.num_rows > 1000
