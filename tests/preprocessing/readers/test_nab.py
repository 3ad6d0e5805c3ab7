"""Tables below data/ with windows in time, labels worked out by hand."""

import json
import logging

import numpy as np
import pytest

from preprocessing.readers.base import BadRow, Block
from preprocessing.readers.nab import (
    NabReader,
    NabSettings,
    num_probation_rows,
)


def _time(minute):
    return f"2014-04-01 {minute // 60:02d}:{minute % 60:02d}:00"


def _write(root, name, minutes, mark="", end="\n"):
    path = root / "data" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ["timestamp,value", *(f"{_time(m)},{m}.5" for m in minutes)]
    path.write_bytes((mark + end.join(lines) + end).encode())
    return path


def _labels(root, table, name="combined_windows"):
    (root / "labels").mkdir(exist_ok=True)
    text = table if isinstance(table, str) else json.dumps(table)
    (root / "labels" / f"{name}.json").write_text(text)


@pytest.fixture
def root(tmp_path):
    """Two files of 40 minutes; the other has no labels."""
    _write(tmp_path, "real/taxi.csv", range(40))
    _write(tmp_path, "made/other.csv", range(40))
    window = [f"{_time(10)}.000000", f"{_time(12)}.000000"]
    _labels(tmp_path, {"real/taxi.csv": [window, [_time(39), _time(50)]]})
    points = {"real/taxi.csv": [_time(11)], "made/other.csv": []}
    _labels(tmp_path, points, "combined_labels")
    return tmp_path


def _read(pattern, **options):
    """Series to blocks and refused rows."""
    reader = NabReader(NabSettings(**options))
    found = {}
    for source in reader.sources(str(pattern)):
        assert reader.feature_names(source) == ("value",)
        items = list(reader.read(source, ("value",)))
        blocks = [item for item in items if isinstance(item, Block)]
        bad = [item for item in items if isinstance(item, BadRow)]
        assert {block.series_id for block in blocks} <= {source.name}
        found[source.name] = blocks, bad, reader.extents(source, ("value",))
    return found


def _anomalous(blocks):
    labels = np.concatenate([block.labels for block in blocks])
    return np.flatnonzero(labels).tolist()


def test_windows(root, caplog, monkeypatch):
    """Catches ends not counted in, another zone, no JSON read as normal."""
    monkeypatch.setenv("TZ", "America/New_York")
    with caplog.at_level(logging.WARNING):
        found = _read(root)
    assert list(found) == ["made/other", "real/taxi"]
    assert _anomalous(found["real/taxi"][0]) == [10, 11, 12, 39]
    assert found["made/other"][0][0].labels is None
    assert caplog.text.count("labels are unknown: made/other") == 1


def test_points(root):
    """Catches windows taken all the same, and an empty list as unknown."""
    found = _read(root, labels="points")
    assert _anomalous(found["real/taxi"][0]) == [11]
    assert _anomalous(found["made/other"][0]) == []


@pytest.mark.parametrize(
    "part", ["data", "data/real", "data/real/taxi.csv", "data/*/*.csv"]
)
def test_other_places_to_start_from(root, part):
    """Catches ids and labels that depend on what is named."""
    found = _read(root / part)
    assert _anomalous(found["real/taxi"][0]) == [10, 11, 12, 39]


def test_a_file_far_from_labels(root, tmp_path_factory):
    """Catches a reader that cannot serve prediction on a new file."""
    path = tmp_path_factory.mktemp("new") / "taxi.csv"
    path.write_bytes((root / "data" / "real" / "taxi.csv").read_bytes())
    ((blocks, _, extents),) = _read(path).values()
    assert blocks[0].labels is None and list(extents) == ["taxi"]


def test_train_rows_are_those_of_the_benchmark():
    """Catches rounding up, and a limit that is none."""
    for num_rows, expected in ((4032, 604), (1624, 243), (2500, 375), (20, 3)):
        assert num_probation_rows(num_rows) == expected
    assert num_probation_rows(5000) == num_probation_rows(22_695) == 750


def test_extents_count_rows_of_the_file(root):
    """Catches train rows of another file, and a header counted in."""
    (extent,) = _read(root / "data" / "real")["real/taxi"][2].values()
    assert (extent.num_rows, extent.num_train_rows) == (40, 6)


def test_time_that_repeats_or_goes_back(root):
    """Catches windows by row number: three rows are gone before them."""
    minutes = [0, 1, 1, 2, 1, 0, *range(3, 40)]
    path = _write(root, "real/taxi.csv", minutes)
    blocks, bad, extents = _read(path)["real/taxi"]
    assert [row.line for row in bad] == [4, 6, 7]
    assert not any(row.has_place for row in bad)
    assert sum(len(block.values) for block in blocks) == 40
    assert extents["real/taxi"].num_rows == 43
    assert _anomalous(blocks) == [10, 11, 12, 39]


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_marks_and_line_ends(root, mark, end):
    """Catches a first column of another name."""
    path = _write(root, "real/taxi.csv", range(40), mark, end)
    assert _anomalous(_read(path)["real/taxi"][0]) == [10, 11, 12, 39]


def test_cells_that_are_no_numbers(root):
    """Catches infinity and text that are taken, rows lost unsaid."""
    path = root / "data" / "real" / "taxi.csv"
    path.write_text(path.read_text().replace("11.5", "inf", 1) + "2014")
    blocks, bad, _ = _read(path)["real/taxi"]
    assert len(bad) == 2
    assert "finite" in bad[0].reason and bad[1].line == 42
    assert sum(len(block.values) for block in blocks) == 39


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("{", "must be JSON"),
        ("[" * 100_000, "must be JSON"),
        ("[]", "no object of file names"),
        ({"real/taxi.csv": "all"}, "no list"),
        ({"real/taxi.csv": [["2014-04-01"]]}, "windows .first, last."),
        ({"real/taxi.csv": [["x", "y"]]}, "for real/taxi.csv in"),
        ({"real/taxi.csv": [[1, 2]]}, "no text"),
        ({"real/taxi.csv": [[_time(5), _time(4)]]}, "ends before it starts"),
        ({"real/taxi.csv": [[_time(50), _time(55)]]}, "lie within its series"),
    ],
)
def test_labels_that_are_wrong(root, table, message):
    """Catches windows that are left out unsaid, or a traceback."""
    _labels(root, table)
    with pytest.raises(ValueError, match=message):
        _read(root)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("timestamp,value\n", "a header and no rows"),
        ("time,value\n2014-04-01,1\n", "among them timestamp.*--format=csv"),
        ("timestamp;value\n2014-04-01;1\n", ", between them"),
    ],
)
def test_files_that_cannot_be_used(root, text, message):
    """Catches silence about a file that is no such table."""
    path = root / "data" / "real" / "taxi.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        _read(path)


def test_nothing_there_and_ids_that_repeat(root, tmp_path_factory):
    """Catches two series joined to one."""
    empty = tmp_path_factory.mktemp("empty")
    with pytest.raises(ValueError, match="must be a folder that holds data/"):
        _read(empty)
    other = tmp_path_factory.mktemp("other")
    _write(other, "real/taxi.csv", range(3))
    with pytest.raises(ValueError, match="2 files for real/taxi"):
        _read(f"{root},{other}")
