import re

import numpy as np
import pytest

from inference.results import StepScores
from inference.scoring import CellCounts, LoadedDetector
from inference.series import ScoredBlock
from inference.summary import Summary


@pytest.fixture(scope="module")
def detector(step_model):
    return LoadedDetector(step_model)


def block_of(series_id, num_flagged, num_rows=123_456):
    is_anomaly = np.arange(num_rows) < num_flagged
    scores = StepScores(
        is_anomaly * 9.0,
        np.full(num_rows, 5.0),
        is_anomaly,
        np.ones(num_rows, bool),
        np.zeros((num_rows, 2)),
        np.zeros((num_rows, 2)),
    )
    return ScoredBlock(series_id, 0, scores, CellCounts(0, 0), num_rows)


def shown(detector, capsys, blocks):
    """The first cell of each line of the table, and all that was printed."""
    summary = Summary()
    for block in blocks:
        summary.add("file", block)
    summary.show(detector, [], 1.0)
    printed = capsys.readouterr().out
    return re.findall(r"^│ (\S+)", printed, re.MULTILINE), printed


def test_few_series_stay_in_order(detector, capsys):
    """Catches a table sorted where all series are in it."""
    flagged = {f"s{n}": (7 * n) % 10 for n in range(10)}
    ids, printed = shown(
        detector, capsys, [block_of(*each) for each in flagged.items()]
    )
    assert ids == [*flagged, "all"]
    assert "most flags" not in printed


def test_many_series_show_those_with_most_flags(detector, capsys):
    """Catches the first series shown instead of the telling ones."""
    blocks = [block_of(f"s{n}", n // 2) for n in range(25)]
    ids, printed = shown(detector, capsys, blocks)
    assert ids == [
        *("s24", "s22", "s23", "s20", "s21"),
        *("s18", "s19", "s16", "s17", "s14"),
        "all",
    ]
    # 25 series have 2 * (0 + ... + 11) + 12 flags.
    assert re.search(r"all +│ 3,086,400 │ +144 │", printed)
    assert "the 10 series with most flags; 15 more" in printed


@pytest.mark.parametrize("length", [11, 40])
def test_ids_are_not_wrapped(detector, capsys, length):
    """Catches ids that break over lines, and numbers that are cut."""
    series_id = "x" * length
    ids, printed = shown(detector, capsys, [block_of(series_id, 5)])
    assert ids == [series_id, "all"]
    assert printed.count("│ 123,456 │       5 │      0 │       0 │") == 2


def test_a_narrow_terminal_cuts_no_number(detector, capsys, monkeypatch):
    """Catches columns beyond the edge of the terminal."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    # Such a terminal has 80 columns and no colours.
    monkeypatch.setenv("TERM", "dumb")
    ids, printed = shown(detector, capsys, [block_of("x" * 40, 5)])
    assert "".join(ids) == "x" * 40 + "all"
    assert max(map(len, printed.splitlines())) <= 80
    assert printed.count("│ 123,456 │       5 │      0 │       0 │") == 2


def test_longer_ids_are_folded_whole(detector, capsys):
    """Catches an id that is cut."""
    series_id = "".join(chr(ord("a") + n % 26) for n in range(90))
    ids, printed = shown(detector, capsys, [block_of(series_id, 5)])
    assert "".join(ids) == series_id + "all"
    assert "123,456" in printed
