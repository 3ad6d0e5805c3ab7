"""Where scoring starts anew, against closed forms of the fake model."""

import functools

import numpy as np
import pytest
from fake_model import save_fake_model

from inference import predict
from inference.scoring import LoadedDetector
from inference.series import score_blocks
from preprocessing.readers.base import Block

LENGTH = 5


@pytest.fixture(scope="module")
def detector(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model") / "model"
    reader = {"format": "csv", "timestamp_column": "time"}
    path = save_fake_model(folder, reader=reader, period_seconds=60.0)
    return LoadedDetector(path)


@functools.cache
def _values(rows):
    return np.random.default_rng(rows).normal(size=(rows, 3))


def _is_scored(detector, *times, series="a"):
    """Scores one series whose blocks have these times, in seconds."""
    blocks = [
        Block(
            series,
            _values(len(each)),
            timestamps=np.round(np.asarray(each) * 1e6).astype(np.int64),
        )
        for each in times
    ]
    scored = list(score_blocks(detector, blocks, "time", False))
    return [
        (block.scores.is_scored.astype(int).tolist(), block.longest_stretch)
        for block in scored
    ]


def test_the_series_own_period_says_what_a_gap_is(detector):
    """Catches the data set's median period used for all its series."""
    fast = np.arange(12.0)
    fast[6:] += 10
    expected = [0, 0, 0, 0, 1, 1]
    assert _is_scored(detector, fast) == [(expected + expected, 6)]
    slow = np.arange(8) * 3600.0
    assert _is_scored(detector, slow) == [([0] * 4 + [1] * 4, 8)]


def test_the_data_sets_period_where_the_series_has_none_yet(detector):
    """Catches no gap at all after a first block of one row."""
    ((first, _), (second, longest)) = _is_scored(
        detector, [0.0], 400.0 + np.arange(6)
    )
    assert first == [0] and second == [0, 0, 0, 0, 1, 1] and longest == 6


@pytest.mark.parametrize("start", [5.0, 6.0, -100.0])
def test_time_that_repeats_or_goes_back_starts_anew(detector, start):
    """Catches a window over files that are not in order of time."""
    (first, _), (second, longest) = _is_scored(
        detector, np.arange(7.0), start + np.arange(6.0)
    )
    assert first == [0, 0, 0, 0, 1, 1, 1]
    assert second == [0, 0, 0, 0, 1, 1] and longest == 6


def test_stretches_go_on_over_blocks(detector):
    """Catches a stretch that ends with its block."""
    parts = _is_scored(
        detector, np.arange(4.0), np.arange(4, 8.0), np.arange(900, 902.0)
    )
    assert [longest for _, longest in parts] == [4, 8, 2]


def test_gaps_that_leave_nothing_are_the_reason(tmp_path, capsys):
    """Catches `too many cells are not measured` where all were."""
    model = save_fake_model(
        tmp_path / "model",
        reader={"format": "csv", "timestamp_column": "time"},
    )
    times = np.arange(20) + 100 * (np.arange(20) // 4)
    lines = [f"{time},1,2,{row}" for row, time in enumerate(times)]
    table = tmp_path / "x.csv"
    table.write_text("\n".join(["time,a,b,c", *lines]))
    flags = [f"--model={model}", f"--input={table}"]
    assert predict.main([*flags, f"--output={tmp_path / 's.csv'}"]) == 1
    captured = capsys.readouterr()
    assert "gaps in time leave at most 4 rows" in captured.err
    assert "at least 5 rows" in captured.err
    assert "not measured" not in captured.err
    assert "1 series have no 5 rows without a gap" in captured.out
