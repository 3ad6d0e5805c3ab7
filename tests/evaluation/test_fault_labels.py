"""Fault labels: text in, events out, and the published files themselves."""

import numpy as np
import pytest
from public_data import public_data

from evaluation.fault_labels import (
    FaultLabel,
    contributions_of_all,
    faults_of_events,
    read_fault_labels,
)
from evaluation.metrics.attribution import attribution_metrics


def labels_of(num_rows, *ranges):
    labels = np.zeros(num_rows, np.int8)
    for start, stop in ranges:
        labels[start:stop] = 1
    return labels


def write(folder, **files):
    for name, content in files.items():
        (folder / f"{name}.txt").write_bytes(content)
    return str(folder)


def test_reads_lines(tmp_path):
    """Catches columns counted from 1, and line ends of other systems."""
    folder = write(tmp_path, a=b"3-5:1,12,2,2\r\n\n 9-9:4 ", b=b"", c=b"0-1:1")
    assert read_fault_labels(folder, ["a", "b", "d"]) == {
        "a": [FaultLabel(3, 5, (0, 1, 11)), FaultLabel(9, 9, (3,))],
        "b": [],
    }


def test_reads_from_a_bucket(bucket):
    """Catches a path that is opened here instead of there."""
    bucket.put("smd/interpretation_label/a.txt", b"3-5:1")
    folder = bucket.url("smd/interpretation_label")
    expected = {"a": [FaultLabel(3, 5, (0,))]}
    assert read_fault_labels(folder, ["a", "b"]) == expected


@pytest.mark.parametrize(
    "line",
    [
        b"3-5",
        b"3-5:",
        b"3-5:1,",
        b"3-5:0",
        b"3-5:1,-1",
        b"5-3:1",
        b"-3-5:1",
        b"3-5:1.0",
        b"3-5:1_0",
        "3-5:\u0661".encode(),
        b"3-5:\xff",
        b"3-5:1 4-6:1",
        b"start,end",
    ],
)
def test_bad_text_is_named_with_file_and_line(tmp_path, line):
    """Catches a label misread without a word."""
    folder = write(tmp_path, a=b"1-2:1\n\n" + line + b"\n")
    with pytest.raises(ValueError, match="a.txt, line 3"):
        read_fault_labels(folder, ["a"])


@pytest.mark.parametrize("series_ids", [["b"], ["a.txt"], ["../x/a"], []])
def test_no_file_for_any_series_is_an_error(tmp_path, series_ids):
    """Catches attribution left out by a typing error, and odd ids."""
    (tmp_path / "x").mkdir()
    folder = write(tmp_path / "x", a=b"1-2:1")
    for each in (folder, str(tmp_path / "nowhere")):
        with pytest.raises(ValueError, match="at least one series"):
            read_fault_labels(each, series_ids)


@pytest.mark.parametrize("end", [5, 6])
def test_both_kinds_of_ends_give_the_event(end):
    """Catches the row after the event blamed, or its last row lost."""
    labels = labels_of(10, (3, 6))
    cases = faults_of_events([FaultLabel(3, end, (1,))], labels, 3)
    assert cases.ranges.tolist() == [[3, 6]]
    assert cases.is_at_fault.tolist() == [[False, True, False]]
    assert cases.num_unused == 0


def test_neighbours_keep_their_own_rows():
    """Catches a first row that also counts for the event before it."""
    faults = [FaultLabel(3, 6, (0,)), FaultLabel(6, 8, (1,))]
    cases = faults_of_events(faults, labels_of(10, (3, 8)), 2)
    assert cases.ranges.tolist() == [[3, 6], [6, 8]]
    one_row = [FaultLabel(3, 3, (0,)), FaultLabel(4, 4, (1,))]
    cases = faults_of_events(one_row, labels_of(10, (3, 5)), 2)
    assert cases.ranges.tolist() == [[3, 4], [4, 5]]


@pytest.mark.parametrize("end", [9, 10])
def test_first_and_last_row(end):
    """Catches an event lost at an edge of the series."""
    faults = [FaultLabel(0, 1, (0,)), FaultLabel(8, end, (1,))]
    cases = faults_of_events(faults, labels_of(10, (0, 1), (8, 10)), 2)
    assert cases.ranges.tolist() == [[0, 1], [8, 10]]


def test_labels_without_events_are_counted():
    """Catches a normal or unknown stretch blamed on a feature."""
    labels = labels_of(10, (3, 6))
    labels[4] = -1
    faults = [FaultLabel(0, 2, (0,)), FaultLabel(3, 6, (1,))]
    cases = faults_of_events(faults, labels, 2)
    assert cases.ranges.tolist() == [[3, 4], [5, 6]]
    assert cases.is_at_fault.tolist() == [[False, True]] * 2
    assert cases.num_unused == 1


@pytest.mark.parametrize("labels", [np.zeros(0), np.zeros(5), -np.ones(5)])
def test_nothing_to_find(labels):
    """Catches shapes that break attribution where there are no events."""
    cases = faults_of_events([FaultLabel(0, 0, (0,))], labels, 4)
    assert cases.ranges.shape == (0, 2) and cases.num_unused == 1
    assert cases.is_at_fault.shape == (0, 4)
    assert faults_of_events([], labels, 4).num_unused == 0


@pytest.mark.parametrize(
    "fault, message",
    [
        (FaultLabel(0, 1, (1, 3)), "from 1 to 3. Received: 4"),
        (FaultLabel(4, 11, (1,)), "10 rows"),
    ],
)
def test_labels_of_another_data_set_are_refused(fault, message):
    """Catches rows and features that do not exist, dropped in silence."""
    with pytest.raises(ValueError, match=message):
        faults_of_events([fault], labels_of(10, (0, 10)), 3)


def test_what_is_not_scored_is_missed():
    """Catches faults of other columns left out, which flatters."""
    faults = [FaultLabel(0, 1, (0, 2))]
    cases = faults_of_events(faults, labels_of(5, (0, 2)), 4)
    spread = contributions_of_all([[1.0, 5.0, 2.0]], "abd", "abcd")
    metrics = attribution_metrics(spread, cases.is_at_fault)
    assert metrics.hit_rate_100 == 0 and metrics.hit_rate_150 == 0.5
    # Behind terms below 0 too.
    spread = contributions_of_all([[-1.0, -5.0]], "bd", "abcd")
    metrics = attribution_metrics(spread, cases.is_at_fault)
    assert metrics.num_cases == 1 and metrics.hit_rate_100 == 0


def test_contributions_of_other_columns_are_refused():
    """Catches names that fit neither the columns nor the data set."""
    for scored in ("ab", "abx"):
        with pytest.raises(ValueError, match="`contributions`"):
            contributions_of_all(np.zeros((2, 3)), scored, "abcd")


@pytest.mark.parametrize(
    "folder, num_features, series",
    [
        (("smd", "ServerMachineDataset"), 38,
         {"machine-1-6": 30, "machine-2-1": 13, "machine-3-4": 8}),
        (("asd",), 19, {"omi-1": 7, "omi-2": 4, "omi-3": 6, "omi-4": 5}),
    ],
)  # fmt: skip
def test_published_labels_meet_their_events(folder, num_features, series):
    """Catches an end read in the other set's way."""
    root = public_data(*folder)
    found = read_fault_labels(str(root / "interpretation_label"), series)
    assert {name: len(labels) for name, labels in found.items()} == series
    for name, faults in found.items():
        if num_features == 19:
            labels = np.load(root / "test_label" / f"{name}.npy")
        else:
            labels = np.loadtxt(root / "test_label" / f"{name}.txt", int)
        cases = faults_of_events(faults, labels, num_features)
        assert cases.num_unused == 0
        covered = np.zeros(len(labels), int)
        for start, stop in cases.ranges:
            covered[start:stop] += 1
        np.testing.assert_array_equal(covered, labels == 1)
        expected = [len(fault.columns) for fault in faults]
        assert cases.is_at_fault.sum(axis=1).tolist() == expected
